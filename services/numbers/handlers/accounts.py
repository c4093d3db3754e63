"""Numbers of accounts: held and assigned at opening, added and given up, and back at the end."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from contracts.accounts import AccountClosed
from contracts.numbers import (
    QUARANTINE_DAYS,
    AssignNumbers,
    AssignPlanNumbers,
    CancelReservation,
    NumberReleased,
    NumbersAssigned,
    NumbersRefused,
    NumbersReserved,
    NumberState,
    ReserveAccountNumbers,
    UnassignNumber,
)
from services.chassis.annotations import Transaction
from services.numbers.handlers.service import router
from services.numbers.model import numbers as model
from services.numbers.model.numbers import Number
from services.numbers.store import numbers as store
from services.numbers.store import orders
from services.numbers.store.numbers import Taker

ENDED: Final = ("account-not-active", "The account was closed in the meantime.")


@router.answers(ReserveAccountNumbers)
async def reserve_account_numbers(command: ReserveAccountNumbers, tx: Transaction) -> None:
    """Hold every number that the new account wants, or none, and announce which it was."""
    wanted = tuple(dict.fromkeys(command.numbers))
    if (await store.turn_of(tx, command.account_id)).has_ended:
        _refuse(command, tx, wanted, *ENDED)
        return
    found = await store.find_numbers(tx, command.reseller_id, wanted)
    taken = model.not_to_be_had(
        wanted, found, tx.now, reservation_id=command.reservation_id, account_id=command.account_id
    )
    if taken:
        _refuse(command, tx, taken, "number-taken", model.taken_details(taken))
        return
    held = [found[number] for number in wanted]
    fresh = [number for number in held if not number.belongs_to(command.account_id)]
    await store.move(tx, fresh, "reserved", account_id=command.account_id)
    tx.announce(
        NumbersReserved(
            account_id=command.account_id,
            reseller_id=command.reseller_id,
            numbers=tuple(number.priced() for number in held),
        )
    )


def _refuse(
    command: ReserveAccountNumbers | AssignPlanNumbers,
    tx: Transaction,
    taken: tuple[str, ...],
    reason: str,
    detail: str,
) -> None:
    tx.announce(
        NumbersRefused(
            account_id=command.account_id,
            reseller_id=command.reseller_id,
            numbers=taken,
            reason=reason,
            detail=detail,
            order_id=command.order_id if isinstance(command, AssignPlanNumbers) else "",
        )
    )


@router.answers(AssignNumbers)
async def assign_numbers(command: AssignNumbers, tx: Transaction) -> None:
    """Give the account that opened the numbers held for it, and announce all that it has."""
    taker = await store.turn_of(tx, command.account_id)
    own = await store.numbers_of(tx, command.reseller_id, command.account_id)
    held = [number for number in own if number.state == "reserved"]
    await store.move(tx, held, "assigned", account_id=command.account_id)
    if own:
        _announce_assigned(command, tx, taker, own)


def _announce_assigned(
    command: AssignNumbers | AssignPlanNumbers, tx: Transaction, taker: Taker, own: Sequence[Number]
) -> None:
    tx.announce(
        NumbersAssigned(
            account_id=command.account_id,
            reseller_id=command.reseller_id,
            numbers=tuple(number.number for number in own),
            version=taker.version,
        )
    )


@router.answers(CancelReservation)
async def cancel_reservation(command: CancelReservation, tx: Transaction) -> None:
    """Make the numbers held for an account that failed to open spare again; it gets no more."""
    await store.give_no_more(tx, command.account_id)
    own = await store.numbers_of(tx, command.reseller_id, command.account_id)
    held = [number for number in own if number.state == "reserved"]
    await _release(command, tx, held, "available")


@router.hears(AccountClosed)
async def account_closed(event: AccountClosed, tx: Transaction) -> None:
    """Put the numbers of a closed account in quarantine; it gets no more."""
    await store.give_no_more(tx, event.account_id)
    own = await store.numbers_of(tx, event.reseller_id, event.account_id)
    await _release(event, tx, own, "quarantine")


async def _release(
    message: CancelReservation | AccountClosed | UnassignNumber,
    tx: Transaction,
    released: Sequence[Number],
    state: NumberState,
) -> None:
    """Take numbers from their account and announce each."""
    taker = await store.turn_of(tx, message.account_id)
    until = tx.now + timedelta(days=QUARANTINE_DAYS) if state == "quarantine" else None
    # a closed account takes nothing back
    by = message.account_id if isinstance(message, UnassignNumber) else None
    await store.move(tx, released, state, given_up_by=by, until=until)
    left = await store.numbers_of(tx, message.reseller_id, message.account_id)
    for number in released:
        tx.announce(
            NumberReleased(
                account_id=message.account_id,
                reseller_id=message.reseller_id,
                number=number.number,
                state=state,
                available_at=until,
                remaining=tuple(one.number for one in left),
                version=taker.version,
            )
        )


# --- changes of an open account -----------------------------------------------------------------


@router.answers(AssignPlanNumbers)
async def assign_plan_numbers(command: AssignPlanNumbers, tx: Transaction) -> None:
    """Give an account all numbers of its order, or none, and announce which it was."""
    taker = await store.turn_of(tx, command.account_id)
    order = await orders.find(tx, command.order_id)
    if order.state != "open":
        return
    wanted = tuple(number for number in command.numbers if number not in order.given_up)
    found = await store.find_numbers(tx, command.reseller_id, command.numbers)
    taken = model.not_to_be_had(
        wanted,
        found,
        tx.now,
        reservation_id=command.reservation_id,
        account_id=command.account_id if command.from_quarantine else None,
        from_quarantine=command.from_quarantine,
    )
    held = [number for number in found.values() if number.reservation_id == command.reservation_id]
    await store.move(tx, held, "available")
    if taker.has_ended or taken:
        await orders.end(tx, command.order_id, "refused")
        refusal = ENDED if taker.has_ended else ("number-taken", model.taken_details(taken))
        _refuse(command, tx, taken or wanted, *refusal)
        return
    await orders.end(tx, command.order_id, "taken")
    assigned = [found[number] for number in wanted]
    await store.move(
        tx, assigned, "assigned", account_id=command.account_id, order_id=command.order_id
    )
    own = await store.numbers_of(tx, command.reseller_id, command.account_id)
    _announce_assigned(command, tx, taker, own)


@router.answers(UnassignNumber)
async def unassign_number(command: UnassignNumber, tx: Transaction) -> None:
    """Put a number of an account in quarantine, or see to it that it never gets it."""
    found = await store.find_numbers(tx, command.reseller_id, [command.number])
    own = [
        number
        for number in found.values()
        # it may have been given up and ordered again before this came
        if number.belongs_to(command.account_id) and (number.order_id or "") == command.order_id
    ]
    if own:
        await _release(command, tx, own, "quarantine")
    elif command.order_id and (await orders.find(tx, command.order_id)).state == "open":
        await store.turn_of(tx, command.account_id)
        await orders.give_up(tx, command.order_id, command.number)
