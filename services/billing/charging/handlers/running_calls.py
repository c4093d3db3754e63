"""Calls that run, and whose a call is that comes in."""

from typing import Final

from contracts.accounts import PLATFORM_ID
from contracts.base import Refused
from contracts.billing import (
    CallHold,
    CallHolds,
    CallRefusal,
    CallRoute,
    CallRouteState,
    FindCallRoute,
    InboundTerms,
    ListCallHolds,
)
from services.billing.base.handlers.service import billing
from services.billing.charging.model.hold import Hold, is_served
from services.billing.charging.model.slices import refusal_of_state
from services.billing.charging.store import holds, own_numbers
from services.billing.rating.model.destination import e164_of
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Reader

STATES: Final[dict[CallRefusal | None, CallRouteState]] = {
    None: "active",
    "account-disabled": "disabled",
    "account-suspended": "suspended",
    "account-closed": "closed",
}
"""Of an account whose calls are refused for this reason."""


@billing.replies(ListCallHolds)
async def list_call_holds(query: ListCallHolds, db: Reader) -> CallHolds:
    """List the calls that something is held for, of the asker's own account and those below it."""
    after = ("", "")
    if query.cursor:
        account_id, call_id = position_of(query.cursor, str, str)
        after = str(account_id), str(call_id)
    limit = query.limit + 1
    # an account holds something for one call at least, and the first may have been shown whole
    accounts = await holds.holding(
        db, _asker(db), query.account_id, since=after[0], limit=limit + 1
    )
    found = [
        (account_id, hold)
        for account_id, held in accounts
        for hold in sorted(held, key=lambda hold: hold.call_id)
        if hold.until > db.now and (account_id, hold.call_id) > after
    ]
    page = found[: query.limit]
    more = len(found) > query.limit or len(accounts) > limit
    if more and not page:
        # all of these have expired and wait to be swept
        return CallHolds(data=(), next=cursor_of(accounts[-1][0], ""))
    last = (page[-1][0], page[-1][1].call_id) if page else after
    return CallHolds(
        data=tuple(_shown(account_id, hold) for account_id, hold in page),
        next=cursor_of(*last) if more else None,
    )


def _shown(account_id: str, hold: Hold) -> CallHold:
    return CallHold(
        call_id=hold.call_id,
        account_id=account_id,
        destination=hold.destination,
        kind=hold.kind,
        caller=hold.caller,
        carrier=hold.carrier,
        switch_call_id=hold.switch_call_id,
        seconds=hold.seconds,
        held=hold.money,
        free_seconds=hold.free_seconds,
        authorized_at=hold.began_at,
        answered_at=hold.answered_at,
        expires_at=hold.expires_at,
    )


@billing.replies(FindCallRoute)
async def find_call_route(query: FindCallRoute, db: Reader) -> CallRoute:
    """Answer with the account that a call to a number is for."""
    number = e164_of(query.number)
    owner = await own_numbers.find_owner(db, number) if number else ""
    account = await holds.find(db, owner) if owner else None
    if number is None or account is None or not is_served(account.billing_account, _asker(db)):
        raise Refused("not-found", "No account has this number.")
    billing_account = account.billing_account
    above = await holds.states_above(db, billing_account)
    return CallRoute(
        number=number,
        account_id=billing_account.id,
        realm=billing_account.realm,
        state=STATES[refusal_of_state(billing_account, above)],
        inbound=InboundTerms(rate=0),
    )


def _asker(db: Reader) -> str:
    """Return whose calls are meant: over AMQP only the platform's switch asks without a name."""
    return db.asker.account_id if db.asker else PLATFORM_ID
