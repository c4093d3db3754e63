"""Rounding: exact integers of micro-units, half up, once."""

from typing import Final

from babel.numbers import get_currency_precision

from contracts.values import MICROS_PER_UNIT, decimal_text

CREDIT_DECIMALS_MAX: Final = 2


def round_half_up(numerator: int, denominator: int) -> int:
    """Return the whole number nearest to the fraction, the upper one of two as near."""
    assert numerator >= 0, "charges are rounded before they get their sign"
    return (2 * numerator + denominator) // (2 * denominator)


def minor_unit(currency: str) -> int:
    """Return the currency's smallest coin in micro-units: 10,000 for USD, 1,000,000 for JPY.

    As CLDR has it, and pages show it: a dinar of Serbia has no smaller coins in use, though ISO
    4217 still gives it two decimals.
    """
    return MICROS_PER_UNIT // 10 ** get_currency_precision(currency)


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


def tax_on(net: int, percent: int, currency: str) -> int:
    """Return the tax on a sum, rounded once, half up, to the minor unit; negative on a credit.

    `percent` is in micro-units: 19 per cent are 19,000,000.
    """
    unit = minor_unit(currency)
    amount = round_half_up(abs(net) * percent, 100 * 1_000_000 * unit) * unit
    return amount if net >= 0 else -amount


def credit_decimals(currency: str) -> int:
    """Return how many decimals credit may have: two, or fewer where the currency has fewer."""
    return min(CREDIT_DECIMALS_MAX, get_currency_precision(currency))


def amount_text(amount: int, currency: str) -> str:
    """Return micro-units as an exact text such as `12.50 USD`, for the audit trail."""
    return f"{decimal_text(amount)} {currency}"
