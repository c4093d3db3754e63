"""Rejected calls: their reseller, or an operator, corrects, retries or dismisses them."""

from collections.abc import Mapping

from pydantic import JsonValue

from contracts.accounts import PLATFORM_ID
from contracts.base import FieldError, Refused
from contracts.billing import (
    CallRejected,
    CorrectRejectedCall,
    DismissRejectedCall,
    FindRejectedCall,
    ListRejectedCalls,
    RejectCalls,
    RejectedCallIds,
    RejectedCallPage,
    RetryRejectedCall,
)
from contracts.billing import RejectedCall as RejectedCallView
from contracts.names import trimmed
from services.billing.base.handlers.service import billing, refuse_fields
from services.billing.base.model.names import check_text
from services.billing.charging.handlers.router import router
from services.billing.charging.model import rejected_call as model
from services.billing.charging.model.rejected_call import RejectedCall
from services.billing.charging.store import calls, rejected_calls
from services.billing.ledger.store import billing_accounts
from services.chassis import changes
from services.chassis.annotations import Transaction
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Reader


@router.answers(RejectCalls)
async def reject_calls(command: RejectCalls, tx: Transaction) -> RejectedCallIds:
    """Keep records that can't be charged for the account whose switch or person sent them."""
    if tx.principal.role == "customer":
        raise Refused("forbidden", "Only resellers, operators and switches can send call records.")
    owner = tx.principal.account_id
    kept = [
        model.rejected_call(owner, one.record, one.reason, one.detail, now=tx.now)
        for one in command.records
    ]
    for rejected in {one.id: one for one in kept}.values():
        if await rejected_calls.keep(tx, rejected):
            announce_rejection(tx, rejected)
    return RejectedCallIds(ids=tuple(one.id for one in kept))


@billing.replies(ListRejectedCalls)
async def list_rejected_calls(query: ListRejectedCalls, db: Reader) -> RejectedCallPage:
    """List rejected calls that the asker may see, the oldest first."""
    owner = _owner(db)
    after = None
    if query.cursor:
        (shown_id,) = position_of(query.cursor, str)
        after = await rejected_calls.find(db, owner, str(shown_id))
        if after is None:
            raise Refused("invalid-cursor", "This cursor isn’t valid. Start again without one.")
    found = await rejected_calls.oldest_first(
        db,
        owner,
        status=query.status,
        reason=query.reason,
        call_id=query.call_id,
        after=after,
        limit=query.limit + 1,
    )
    page = found[: query.limit]
    return RejectedCallPage(
        data=tuple(_answer_of(rejected) for rejected in page),
        next=cursor_of(page[-1].id) if len(found) > query.limit else None,
    )


@billing.replies(FindRejectedCall)
async def find_rejected_call(query: FindRejectedCall, db: Reader) -> RejectedCallView:
    """Answer with one rejected call."""
    return _answer_of(await _found(db, query.rejected_call_id))


@router.answers(RetryRejectedCall)
async def retry_rejected_call(command: RetryRejectedCall, tx: Transaction) -> RejectedCallView:
    """Have a rejected call charged again in a moment; one that is charged already stays so."""
    before = await _found(tx, command.rejected_call_id)
    if not before.is_open:
        return _answer_of(before)
    return await _save(tx, "retried", before, before.retried(tx.now))


@router.answers(DismissRejectedCall)
async def dismiss_rejected_call(command: DismissRejectedCall, tx: Transaction) -> RejectedCallView:
    """Close a rejected call without charging it."""
    before = await _found(tx, command.rejected_call_id)
    _refuse_unless_open(before)
    because = trimmed(command.reason)
    required = "Say why this call isn't charged."
    refuse_fields(check_text(because, "/reason", "the reason", required=required))
    return await _save(tx, "dismissed", before, before.dismissed(because, tx.now))


@router.answers(CorrectRejectedCall)
async def correct_rejected_call(command: CorrectRejectedCall, tx: Transaction) -> RejectedCallView:
    """Change fields of a rejected call, and have it charged again in a moment."""
    before = await _found(tx, command.rejected_call_id)
    if before.version != command.version:
        raise Refused("version-conflict", "Load it again and repeat your change.")
    _refuse_unless_open(before)
    given = command.model_dump(
        mode="json", exclude={"rejected_call_id", "version"}, exclude_none=True
    )
    if not given:
        detail = "Change at least one field, or retry the call as it is."
        refuse_fields([FieldError(pointer="", type="required", detail=detail)])
    after = before.correcting(given)
    refuse_fields(model.faults_of(after.corrected))
    if "account_id" in given or "realm" in given:
        after = await _of_another_account(tx, after, given)
    return await _save(tx, "corrected", before, after.retried(tx.now))


def announce_rejection(tx: Transaction, rejected: RejectedCall) -> None:
    """Tell everyone that a record could not be charged."""
    tx.announce(
        CallRejected(
            rejected_call_id=rejected.id,
            call_id=rejected.call_id,
            account_id=rejected.account_id,
            reseller_id=rejected.reseller_id,
            reason=rejected.reason,
            detail=rejected.detail,
        )
    )


async def _of_another_account(
    db: Reader, rejected: RejectedCall, given: Mapping[str, JsonValue]
) -> RejectedCall:
    """Return a rejected call of the account that it was given; refused for one of another's."""
    name = "account_id" if given.get("account_id") else "realm"
    owner = _owner(db) or PLATFORM_ID
    account_ids = [str(given["account_id"])] if name == "account_id" else []
    realms = [str(given["realm"])] if name == "realm" else []
    owners = await calls.find_owners(db, owner, account_ids, realms)
    account = await billing_accounts.find(db, owners[0].account_id) if owners else None
    if account is None:
        detail = "There is no such account."
        refuse_fields([FieldError(pointer=f"/{name}", type="not-found", detail=detail)])
    assert account is not None, "it was refused above"
    owner_id = rejected.reseller_id if _owner(db) else account.reseller_id
    return rejected.model_copy(update={"account_id": account.id, "reseller_id": owner_id})


def _owner(db: Reader) -> str | None:
    """Return whose rejected calls the asker looks after; None: everybody's."""
    if db.principal.role == "operator":
        return None
    if db.principal.role == "reseller":
        return db.principal.account_id
    raise Refused("forbidden", "Only resellers and operators can manage rejected calls.")


async def _found(db: Reader, rejected_call_id: str) -> RejectedCall:
    rejected = await rejected_calls.find(db, _owner(db), rejected_call_id)
    if rejected is None:
        raise Refused("not-found", "There is no such rejected call.")
    return rejected


def _refuse_unless_open(rejected: RejectedCall) -> None:
    if rejected.status == "charged":
        raise Refused("rejected-call-closed", "This call has been charged.")
    if rejected.status == "retrying":
        raise Refused("rejected-call-closed", "This call is being retried. Try again in a moment.")


async def _save(
    tx: Transaction, done: str, before: RejectedCall, after: RejectedCall
) -> RejectedCallView:
    """Keep what a person did, in the trail of whom the rejected call belongs to as well."""
    if not await rejected_calls.replace(tx, before, after):
        raise Refused("version-conflict", "Load it again and repeat your change.")
    owner, asker = after.reseller_id or PLATFORM_ID, tx.principal.account_id
    await changes.record(
        tx,
        f"rejected-call.{done}",
        account_id=owner,
        parent_id=tx.principal.parent_id if owner == asker else asker,
        subject=after.call_id or after.id,
        before={**_texts(before), "status": before.status},
        after={**_texts(after), "status": after.status, "reason": after.dismissed_because},
    )
    return _answer_of(after)


def _texts(rejected: RejectedCall) -> dict[str, str]:
    """Return the fields that may be corrected, as people read them."""
    record = rejected.corrected
    names = ("call_id", "account_id", "realm", "caller", "destination", "answered_at", "seconds")
    return {name: str(record[name]) for name in names if record.get(name) is not None}


def _answer_of(rejected: RejectedCall) -> RejectedCallView:
    return RejectedCallView.model_validate(rejected.model_dump())
