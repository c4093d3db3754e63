"""Opening an account: everything is checked and quoted before anything is made."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from accounts_manager.formatting import money
from contracts.accounts import (
    ORDERS_AT_ONCE_MAX,
    AcceptedQuote,
    Account,
    CheckAccount,
    CheckAccounts,
    OpenAccount,
    billing_fields,
)
from contracts.base import FieldError, Refused
from contracts.billing import PricedNumber, Quote, QuoteOpening, QuoteOpenings
from contracts.numbers import PriceNumberOrders, PriceNumbers
from contracts.problems import PROBLEMS
from gateway.features.opening.schemas import AccountBody, BasicInfoBody, ResellerBody
from gateway.http.problems import RefusedWith
from gateway.identity.caller import Caller, RequestKey, action

POINTERS: Final = {
    "account-name-taken": "/name",
    "plan-name-taken": "/plan/name",
    "number-taken": "/plan/numbers",
    "reservation-expired": "/plan/numbers",
    "currency-mismatch": "/plan/rate_sheet_id",
}
"""Where the field is that a refusal without field errors speaks of."""


@dataclass(frozen=True, slots=True)
class PreparedOrder:
    """An account to be opened, and what its prices are in."""

    command: OpenAccount
    currency: str
    time_zone: str


def account_order(caller: Caller, body: AccountBody) -> PreparedOrder:
    """Return the order of a customer's account."""
    command = OpenAccount(
        name=body.name,
        administrator=body.administrator.to_contract(),
        plan=body.plan.to_contract(),
        credit=body.credit.to_contract() if body.credit else None,
        reservation_id=body.reservation_id,
        **billing_fields(body.billing_details),
        send_welcome=body.send_welcome,
        expected_total=body.expected_total,
    )
    return PreparedOrder(command, caller.user.currency, caller.user.time_zone)


def _reseller_order(body: ResellerBody) -> PreparedOrder:
    command = OpenAccount(
        name=body.name,
        administrator=body.administrator.to_contract(),
        reseller=body.profile(),
        plan=body.plan.to_contract() if body.plan else None,
        credit=body.credit.to_contract() if body.credit else None,
        reservation_id=body.reservation_id,
        **billing_fields(body.billing_details),
        send_welcome=body.send_welcome,
        expected_total=body.expected_total,
    )
    return PreparedOrder(command, body.currency, body.time_zone)


@action("reseller")
async def quote_account(caller: Caller, body: AccountBody) -> Quote:
    """Tell what opening the account would charge; refused with every field that is wrong."""
    return (await check_order(caller, account_order(caller, body))).quote


@action("operator")
async def quote_reseller(caller: Caller, body: ResellerBody) -> Quote:
    """Tell what opening the reseller would charge; refused with every field that is wrong."""
    return (await check_order(caller, _reseller_order(body))).quote


@action("reseller", changes=True)
async def open_account(caller: Caller, body: AccountBody, request_key: RequestKey) -> Account:
    """Begin to open an account; it is active, or failed, a moment later."""
    return await _open(caller, account_order(caller, body), request_key)


@action("operator")
async def open_reseller(caller: Caller, body: ResellerBody, request_key: RequestKey) -> Account:
    """Begin to open a reseller; it is active, or failed, a moment later."""
    return await _open(caller, _reseller_order(body), request_key)


async def _open(caller: Caller, order: PreparedOrder, request_key: RequestKey) -> Account:
    try:
        checked = await check_order(caller, order)
        _refuse_uncovered(checked.quote)
        _refuse_changed(checked.quote, order.command.expected_total)
    except Refused as refusal:
        # The name is taken by this very account when the request comes a second time.
        answer = await caller.answered_before(order.command, request_key)
        if answer is None:
            raise refusal from None
        return answer
    accepted = AcceptedQuote(total=checked.quote.total, numbers=checked.numbers)
    command = order.command.model_copy(update={"accepted": accepted})
    return await caller.ask(command, request_key=request_key)


# --- checking ---------------------------------------------------------------------------


@action("reseller")
async def check_basic_info(caller: Caller, basic: BasicInfoBody) -> tuple[FieldError, ...]:
    """Return every wrong field of page 1 of the wizard; none when one can go on to page 2."""
    check = CheckAccount(
        name=basic.name,
        administrator=basic.administrator.to_contract(),
        **billing_fields(basic.billing_details),
    )
    return (await caller.ask(check)).errors


@dataclass(frozen=True, slots=True)
class Checked:
    """An order that is in order: its quote, and its numbers at the fees of the quote."""

    quote: Quote
    numbers: tuple[PricedNumber, ...]


async def check_order(caller: Caller, order: PreparedOrder) -> Checked:
    """Return the quote; refused with all wrong fields of all services at once."""
    command = order.command
    basic, (numbers, taken) = await asyncio.gather(
        _basic_errors(caller, command), _priced_numbers(caller, command)
    )
    errors = [*basic, *taken]
    try:
        quote = await caller.ask(_opening(order, numbers))
    except Refused as refusal:
        raise _refusal_of([*errors, *_field_errors(refusal)]) from None
    if errors:
        raise _refusal_of(errors)
    return Checked(quote, numbers)


async def check_orders(caller: Caller, orders: Sequence[PreparedOrder]) -> list[Checked | Refused]:
    """Return for each of many orders what checking it alone would return or raise.

    Each service is asked about a hundred of them at once.
    """
    found: list[Checked | Refused] = []
    for start in range(0, len(orders), ORDERS_AT_ONCE_MAX):
        found += await _checked(caller, orders[start : start + ORDERS_AT_ONCE_MAX])
    return found


async def _checked(caller: Caller, orders: Sequence[PreparedOrder]) -> list[Checked | Refused]:
    commands = [order.command for order in orders]
    wanted = [
        PriceNumbers(
            numbers=one.plan.numbers if one.plan else (), reservation_id=one.reservation_id
        )
        for one in commands
    ]
    basic, priced = await asyncio.gather(
        caller.ask(CheckAccounts(accounts=tuple(map(_basic_check, commands)))),
        caller.ask(PriceNumberOrders(orders=tuple(wanted))),
    )
    openings = zip(orders, priced.data, strict=True)
    quoted = await caller.ask(
        QuoteOpenings(openings=tuple(_opening(order, one.numbers) for order, one in openings))
    )
    found: list[Checked | Refused] = []
    for account, numbers, opening in zip(basic.data, priced.data, quoted.data, strict=True):
        errors = (*account.errors, *numbers.errors, *opening.errors)
        if errors or opening.quote is None:
            found.append(_refusal_of(errors))
        else:
            found.append(Checked(opening.quote, numbers.numbers))
    return found


def _opening(order: PreparedOrder, numbers: tuple[PricedNumber, ...]) -> QuoteOpening:
    return QuoteOpening(
        plan=order.command.plan,
        credit=order.command.credit,
        numbers=numbers,
        currency=order.currency,
        time_zone=order.time_zone,
    )


async def _basic_errors(caller: Caller, command: OpenAccount) -> list[FieldError]:
    return list((await caller.ask(_basic_check(command))).errors)


def _basic_check(command: OpenAccount) -> CheckAccount:
    return CheckAccount(
        name=command.name,
        administrator=command.administrator,
        reseller=command.reseller,
        **billing_fields(command.billing_details),
    )


async def _priced_numbers(
    caller: Caller, command: OpenAccount
) -> tuple[tuple[PricedNumber, ...], list[FieldError]]:
    wanted = command.plan.numbers if command.plan else ()
    if not wanted:
        return (), []
    try:
        priced = await caller.ask(
            PriceNumbers(numbers=wanted, reservation_id=command.reservation_id)
        )
    except Refused as refusal:
        return (), _field_errors(refusal)
    return priced.numbers, []


def _field_errors(refusal: Refused) -> list[FieldError]:
    """Return the fields that a refusal speaks of; raises it again when it is about none."""
    problem = refusal.problem
    if problem.errors:
        return list(problem.errors)
    if problem.code not in POINTERS:
        raise refusal
    pointer = POINTERS[problem.code]
    return [FieldError(pointer=pointer, type=problem.code, detail=problem.detail)]


def _refusal_of(errors: Iterable[FieldError]) -> Refused:
    """Return one refusal for all wrong fields: a conflict of its own when that is all there is."""
    found = tuple(errors)
    kinds = {error.type for error in found}
    kind = kinds.pop() if len(kinds) == 1 else "invalid-fields"
    if PROBLEMS.get(kind, (0, ""))[0] != HTTPStatus.CONFLICT:
        kind = "invalid-fields"
    return Refused(kind, " ".join(dict.fromkeys(error.detail for error in found)), found)


def _refuse_changed(quote: Quote, expected_total: int | None) -> None:
    """Refuse an order whose charges differ from the quote that was shown."""
    if expected_total in {None, quote.total}:
        return
    detail = (
        f"The charges are now {money(quote.total, quote.currency)}, so nothing was opened. "
        "Check them and submit again."
    )
    raise RefusedWith("quote-changed", detail, quote=quote.model_dump(mode="json"))


def uncovered(quote: Quote) -> FieldError | None:
    """Return what is wrong with the credit when it doesn't cover the charges."""
    if quote.sufficient_credit:
        return None
    detail = f"You need {money(quote.total, quote.currency)} of credit to open this account."
    return FieldError(pointer="/credit/amount", type="insufficient-credit", detail=detail)


def _refuse_uncovered(quote: Quote) -> None:
    if (error := uncovered(quote)) is not None:
        shown = quote.model_dump(mode="json")
        raise RefusedWith("insufficient-credit", error.detail, (error,), quote=shown)
