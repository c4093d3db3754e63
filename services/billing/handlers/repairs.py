"""Records that could not be charged: operators look at them, and let them be charged again."""

from contracts.base import Refused
from contracts.billing import ListRepairs, Repair, RepairPage, ReplayRepair
from services.billing.handlers.changes import record_of_seller
from services.billing.handlers.service import billing
from services.billing.store import repairs
from services.billing.store.repairs import KeptRecord
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Reader, Transaction


@billing.replies(ListRepairs)
async def list_repairs(query: ListRepairs, tx: Reader) -> RepairPage:
    """List records that could not be charged, the oldest first."""
    _refuse_all_but_operators(tx)
    after = None
    if query.cursor:
        (shown_id,) = position_of(query.cursor, str)
        after = await repairs.find(tx, str(shown_id))
        if after is None:
            raise Refused("invalid-cursor", "Begin again without a cursor; this one is not ours.")
    found = await repairs.oldest_first(tx, status=query.status, after=after, limit=query.limit + 1)
    page = found[: query.limit]
    return RepairPage(
        data=tuple(_answer_of(kept) for kept in page),
        next=cursor_of(page[-1].id) if len(found) > query.limit else None,
    )


@billing.answers(ReplayRepair)
async def replay_repair(command: ReplayRepair, tx: Transaction) -> Repair:
    """Let a record be charged again in a moment; one that is charged already stays so."""
    _refuse_all_but_operators(tx)
    kept = await repairs.find(tx, command.repair_id)
    if kept is None:
        raise Refused("not-found", "There is no such record in the repair list.")
    if kept.status == "waiting":
        await repairs.begin_replay(tx, kept.id)
        kept = kept.model_copy(update={"status": "replaying", "replayed_at": tx.now})
        await record_of_seller(tx, "repair.replayed", kept.id)
    return _answer_of(kept)


def _refuse_all_but_operators(tx: Reader) -> None:
    if tx.principal.role != "operator":
        raise Refused("forbidden", "Only operators look after the repair list.")


def _answer_of(kept: KeptRecord) -> Repair:
    return Repair.model_validate(kept.model_dump())
