"""Numbers held, given to accounts, and taken back, in the order the customer lives it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from contracts.accounts import AccountClosed, AccountStatus, FindAccountStates
from contracts.base import Refused
from contracts.numbers import (
    HOLD_MINUTES,
    QUARANTINE_DAYS,
    AssignNumbers,
    HoldNumbers,
    HoldSpareNumbers,
    NumberHold,
    NumberReleased,
    NumbersAssigned,
    NumbersHeld,
    NumbersRefused,
    PricedNumbers,
    PriceNumbers,
    ReleaseNumbers,
)
from services.chassis.database import Reader, Transaction
from services.chassis.service import Running
from services.numbers.handlers.service import numbers, stock_of
from services.numbers.model import numbers as model
from services.numbers.model.numbers import Number
from services.numbers.store import numbers as store

TIDIED_NUMBERS_MAX: Final = 2_000
"""How many ended holds and quarantines are written down in one minute."""

AUDITED_NUMBERS: Final = 1_000
"""How many numbers are checked at once; `FindAccountStates` takes as many accounts."""

# --- choosing and pricing ----------------------------------------------------------------


async def _wanted(
    reader: Reader, numbers: Sequence[str], hold_id: str | None, pointer: str
) -> list[Number]:
    """Return numbers of the asker's stock that are to be had, as ordered; Refused otherwise."""
    if errors := model.check_wanted(numbers, pointer):
        raise Refused("invalid-fields", " ".join(error.detail for error in errors), errors)
    found = await store.find_numbers(reader, stock_of(reader), numbers)
    taken = model.not_to_be_had(numbers, found, reader.now, hold_id=hold_id)
    if taken:
        errors = model.taken_errors(numbers, taken, pointer)
        raise Refused("number-taken", " ".join(error.detail for error in errors), errors)
    return [found[number] for number in numbers]


@numbers.answers(HoldSpareNumbers)
async def hold_spare_numbers(command: HoldSpareNumbers, tx: Transaction) -> NumberHold:
    """Hold exactly these numbers for a wizard for 15 minutes, or leave everything as it is."""
    wanted = await _wanted(tx, command.numbers, command.hold_id, "/numbers")
    earlier: list[Number] = []
    if command.hold_id is not None:
        earlier = await store.held_under(tx, stock_of(tx), command.hold_id)
    hold_id = command.hold_id if command.hold_id and earlier else tx.new_id("hold")
    expires_at = tx.now + timedelta(minutes=HOLD_MINUTES)
    kept = set(command.numbers)
    await store.move(tx, [number for number in earlier if number.number not in kept], "available")
    await store.move(tx, wanted, "held", hold_id=hold_id, until=expires_at)
    return NumberHold(
        id=hold_id, numbers=tuple(number.priced() for number in wanted), expires_at=expires_at
    )


@numbers.replies(PriceNumbers)
async def price_numbers(query: PriceNumbers, tx: Reader) -> PricedNumbers:
    """Tell what numbers of the asker cost, if they are to be had."""
    wanted = await _wanted(tx, query.numbers, query.hold_id, "/plan/numbers")
    return PricedNumbers(numbers=tuple(number.priced() for number in wanted))


# --- the opening and the end of an account ----------------------------------------------------


@numbers.answers(HoldNumbers)
async def hold_numbers(command: HoldNumbers, tx: Transaction) -> None:
    """Hold every number that a new account wants, or none, and announce which it was."""
    wanted = tuple(dict.fromkeys(command.numbers))
    if not await store.may_take_numbers(tx, command.account_id):
        _refuse(command, tx, wanted, "account-not-active", "The account has ended meanwhile.")
        return
    found = await store.find_numbers(tx, command.reseller_id, wanted)
    taken = model.not_to_be_had(
        wanted, found, tx.now, hold_id=command.hold_id, account_id=command.account_id
    )
    if taken:
        detail = " ".join(model.taken_detail(number) for number in taken)
        _refuse(command, tx, taken, "number-taken", detail)
        return
    held = [found[number] for number in wanted]
    fresh = [number for number in held if not number.belongs_to(command.account_id)]
    await store.move(tx, fresh, "held", account_id=command.account_id)
    tx.announce(
        NumbersHeld(
            account_id=command.account_id,
            reseller_id=command.reseller_id,
            numbers=tuple(number.priced() for number in held),
        )
    )


def _refuse(
    command: HoldNumbers, tx: Transaction, taken: tuple[str, ...], reason: str, detail: str
) -> None:
    tx.announce(
        NumbersRefused(
            account_id=command.account_id,
            reseller_id=command.reseller_id,
            numbers=taken,
            reason=reason,
            detail=detail,
        )
    )


@numbers.answers(AssignNumbers)
async def assign_numbers(command: AssignNumbers, tx: Transaction) -> None:
    """Give the account that opened the numbers held for it, and announce all that it has."""
    own = await store.numbers_of(tx, command.reseller_id, command.account_id)
    held = [number for number in own if number.state == "held"]
    await store.move(tx, held, "assigned", account_id=command.account_id)
    if own:
        tx.announce(
            NumbersAssigned(
                account_id=command.account_id,
                reseller_id=command.reseller_id,
                numbers=tuple(number.number for number in own),
            )
        )


@numbers.answers(ReleaseNumbers)
async def release_numbers(command: ReleaseNumbers, tx: Transaction) -> None:
    """Make the numbers held for an account that failed to open spare again; it gets no more."""
    await store.give_no_more(tx, command.account_id)
    own = await store.numbers_of(tx, command.reseller_id, command.account_id)
    held = [number for number in own if number.state == "held"]
    await store.move(tx, held, "available")
    for number in held:
        tx.announce(
            NumberReleased(
                account_id=command.account_id,
                reseller_id=command.reseller_id,
                number=number.number,
                state="available",
            )
        )


@numbers.hears(AccountClosed)
async def account_closed(event: AccountClosed, tx: Transaction) -> None:
    """Put the numbers of a closed account in quarantine; it gets no more."""
    await store.give_no_more(tx, event.account_id)
    own = await store.numbers_of(tx, event.reseller_id, event.account_id)
    available_at = tx.now + timedelta(days=QUARANTINE_DAYS)
    await store.move(tx, own, "quarantine", until=available_at)
    for number in own:
        tx.announce(
            NumberReleased(
                account_id=event.account_id,
                reseller_id=event.reseller_id,
                number=number.number,
                state="quarantine",
                available_at=available_at,
            )
        )


# --- keeping order -------------------------------------------------------------------------


@numbers.each_minute
async def tidy(tx: Transaction) -> None:
    """Write down which holds and quarantines have ended; readers count them as over already."""
    await store.move(tx, await store.passed(tx, TIDIED_NUMBERS_MAX), "available")


@numbers.audit
async def every_number_has_its_owner(running: Running) -> list[str]:
    """Every number that is held for an account or assigned has one that exists and is not over."""
    faults: list[str] = []
    batch: list[Number] = []
    async for number in store.owned(running.database):
        batch.append(number)
        if len(batch) == AUDITED_NUMBERS:
            faults += await _ownership_faults(running, batch)
            batch = []
    return faults + await _ownership_faults(running, batch)


async def _ownership_faults(running: Running, batch: Sequence[Number]) -> list[str]:
    if not batch:
        return []
    owners = sorted({number.account_id for number in batch if number.account_id})
    answer = await running.bus.ask(FindAccountStates(account_ids=tuple(owners)))
    statuses: dict[str, AccountStatus] = {state.account_id: state.status for state in answer.data}
    now = running.clock()
    faults = (
        model.ownership_fault(number, statuses.get(number.account_id or ""), now)
        for number in batch
    )
    return [fault for fault in faults if fault]
