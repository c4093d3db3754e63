"""Rounding: exact integers of micro-units, half up, once."""

from typing import Final

from babel.numbers import get_currency_precision

from contracts.base import FieldError
from contracts.values import MICROS_PER_UNIT, decimal_text

FAIR_COINS_A_DAY: Final = 2
"""From this price of a day on, rounding half up cannot add up to a gain."""


def round_half_up(numerator: int, denominator: int) -> int:
    """Return the whole number nearest to the fraction, the upper one of two as near."""
    assert numerator >= 0, "charges are rounded before they get their sign"
    return (2 * numerator + denominator) // (2 * denominator)


def minor_unit(currency: str) -> int:
    """Return the currency's smallest coin in micro-units: 10,000 for USD, 1,000,000 for JPY.

    As CLDR has it, and pages show it: a dinar of Serbia has no smaller coins in use, though ISO
    4217 still gives it two decimals.
    """
    return MICROS_PER_UNIT // 10 ** decimals_of(currency)


def decimals_of(currency: str) -> int:
    """Return how many decimals amounts in a currency have: 2 for USD, 3 for KWD, none for JPY."""
    return get_currency_precision(currency)


def check_decimals(amount: int, currency: str, pointer: str, what: str) -> list[FieldError]:
    """Return that an amount that people type has more decimals than its currency.

    `what` names it in the sentence, such as `the credit`.
    """
    if amount % minor_unit(currency) == 0:
        return []
    decimals = decimals_of(currency)
    places = f"with at most {decimals} decimals" if decimals else "without decimals"
    detail = f"Enter {what} {places}: amounts in {currency} have {decimals or 'none'}."
    return [FieldError(pointer=pointer, type="too-many-decimals", detail=detail)]


def line_amount(
    quantity: int, unit_price: int, currency: str, *, days: int = 1, of_days: int = 1
) -> int:
    """Return what a line comes to in micro-units, rounded to the currency's minor unit.

    It may be for some days of a period only. Of what is credited the size is rounded, so that it
    comes to as much as the same charge does.
    """
    unit, exact = minor_unit(currency), quantity * unit_price * days
    rounded = round_half_up(abs(exact), of_days * unit) * unit
    return rounded if exact >= 0 else -rounded


def prorated_users(
    users: int, unit_price: int, currency: str, *, days: int, of_days: int, tax_percent: int
) -> int:
    """Return what users cost for some days of a period; below zero for removed ones.

    Rounded half up, like every line. An added user pays for today, a removed one is not credited
    for it, which is more than rounding can give back: unless a day costs less than
    `FAIR_COINS_A_DAY`. Then the amount is moved by single coins until, with its tax, a charge is
    at least and a credit at most what it is exactly: no split of changes gains anybody a coin.
    """
    amount = line_amount(users, unit_price, currency, days=days, of_days=of_days)
    unit = minor_unit(currency)
    if unit_price >= FAIR_COINS_A_DAY * unit * of_days:
        return amount
    whole = 100 * MICROS_PER_UNIT
    exact = users * unit_price * days * (whole + tax_percent)
    while (amount + tax_on(amount, tax_percent, currency)) * of_days * whole < exact:
        amount += unit
    return amount


def tax_on(net: int, percent: int, currency: str) -> int:
    """Return the tax on a sum, rounded once, half up, to the minor unit; negative on a credit.

    `percent` is in micro-units: 19 per cent are 19,000,000.
    """
    unit = minor_unit(currency)
    amount = round_half_up(abs(net) * percent, 100 * 1_000_000 * unit) * unit
    return amount if net >= 0 else -amount


def amount_text(amount: int, currency: str) -> str:
    """Return micro-units as an exact text such as `12.50 USD`, for the audit trail."""
    return f"{decimal_text(amount)} {currency}"
