"""Sample view models of the wizard, in the states worth looking at."""

from dataclasses import replace
from datetime import date, timedelta

from contracts.billing import EntryType, Quote, QuoteLine
from gateway.features.accounts.views import BasicFields
from gateway.features.billing_settings.details_views import BillingDetailsFields
from gateway.features.opening.views import (
    BasicPage,
    CountryChoice,
    OpenCountry,
    PlanFields,
    PlanPage,
    SheetSummary,
    SpareNumber,
)
from gateway.portal.presenters import country_choices
from gateway.portal.views.parts import Choice
from tests.portal.samples import LONG_NAME, NOW, UNIT, ZONE


def new_basic() -> BasicPage:
    """Return the wizard's first page, empty."""
    return BasicPage(fields=BasicFields(), countries=country_choices())


def new_basic_errors() -> BasicPage:
    """Return the wizard's first page with all that can be wrong."""
    return BasicPage(
        fields=BasicFields(
            name="Harbour & Vale Legal",
            email="amara@",
            phone="12",
            billing=BillingDetailsFields(line1="1 Harbour Street", country="GB", tax_id="GB1"),
        ),
        countries=country_choices(),
        errors={
            "address_locality": "Enter the city or town.",
            "tax_id": "Enter a valid tax ID of this country, or leave it empty.",
            "email": "Enter an e-mail address such as name@company.com.",
            "first_name": "Enter the administrator’s first name.",
            "last_name": "Enter the administrator’s last name.",
            "phone": "Enter a phone number with its country code, such as +1 415 555 0142.",
        },
    )


def discarding_basic() -> BasicPage:
    """Return the wizard's first page with the dialog that asks before the draft is gone."""
    return replace(new_basic_errors(), errors={}, dialog="discard")


def _line(kind: EntryType, text: str, quantity: int, unit_price: int) -> QuoteLine:
    amount = quantity * unit_price
    return QuoteLine(type=kind, text=text, quantity=quantity, unit_price=unit_price, amount=amount)


_SPARE = tuple(
    SpareNumber(e164=e164, monthly_fee=monthly, setup_fee=setup, chosen=chosen)
    for e164, monthly, setup, chosen in (
        ("+14155550142", 1_500_000, 0, True),
        ("+14155550187", 1_500_000, 0, False),
        ("+12125550110", 1_500_000, 0, False),
        ("+442079460321", 2_200_000, UNIT, True),
        ("+442079460322", 2_200_000, UNIT, False),
        ("+18885550199", 4_000_000, 2 * UNIT, False),
        ("+4930555010", 2_600_000, 1_500_000, False),
        ("+97145550100", 9_000_000, 5 * UNIT, False),
    )
)


_QUOTE = Quote(
    lines=(
        _line("users", "Office 12: users", 12, 14_000_000),
        _line("number-rent", "Numbers, first month", 1, 3_700_000),
        _line("number-setup", "Number set-up", 1, 1_000_000),
    ),
    total=172_700_000,
    credit=500_000_000,
    balance_after=327_300_000,
    currency="USD",
    monthly_charge=171_700_000,
    next_renewal=date(2026, 12, 22),
    sufficient_credit=True,
)


def new_plan() -> PlanPage:
    """Return the wizard's second page, filled in."""
    return PlanPage(
        account_name="Harbour & Vale Legal",
        currency="USD",
        zone=ZONE,
        fields=PlanFields(
            plan_name="Office 12",
            users="12",
            cost_per_user="14.00",
            rate_sheet_id="s1",
            credit_amount="500.00",
        ),
        credit=500_000_000,
        credit_note="Bank transfer 4711",
        sheets=(Choice(value="s1", label="Standard A–Z"), Choice(value="s2", label="Gold")),
        sheet=SheetSummary(id="s1", rates=214, lowest=8_500, highest=231_000),
        numbers=tuple(number for number in _SPARE if number.chosen),
        reserved_until=NOW + timedelta(minutes=15),
        countries=(
            OpenCountry(country="IN", minutes="300", lowest_rate=21_000),
            OpenCountry(country="GB", minutes="500", lowest_rate=12_000),
            OpenCountry(country="AE", minutes="", lowest_rate=164_000),
        ),
        spare=_SPARE,
        more_spare=True,
        country_choices=tuple(
            CountryChoice(country=code, lowest_rate=rate)
            for code, rate in (("BR", 32_000), ("DE", 12_000), ("NG", 138_000), ("PH", 112_000))
        ),
        quote=_QUOTE,
        quote_missing="",
        request="0193-key",
    )


def new_plan_first() -> PlanPage:
    """Return the wizard's second page as it is first met, by a reseller without sheets or stock."""
    return replace(
        new_plan(),
        fields=PlanFields(),
        credit=0,
        credit_note="",
        sheets=(),
        sheet=None,
        numbers=(),
        reserved_until=None,
        countries=(),
        spare=(),
        more_spare=False,
        country_choices=(),
        quote=None,
        quote_missing="Enter the cost per user, and the charge is worked out here.",
    )


def new_plan_errors() -> PlanPage:
    """Return the wizard's second page with all that can be wrong, and too little credit."""
    page = new_plan()
    uncovered = {"credit": 0, "balance_after": -172_700_000, "sufficient_credit": False}
    quote = _QUOTE.model_copy(update=uncovered)
    return replace(
        page,
        account_name=LONG_NAME,
        fields=replace(page.fields, plan_name="", users="0", cost_per_user="14,5"),
        credit=0,
        credit_note="",
        countries=(OpenCountry(country="AE", minutes="many", lowest_rate=None),),
        quote=quote,
        errors={
            "plan_name": "Enter a name for the plan, such as “Office 12”.",
            "users": "Enter a whole number from 1 to 10,000.",
            "cost_per_user": "Enter an amount such as 14.00, with up to 4 decimals.",
            "rate_sheet_id": "Choose a rate sheet.",
            "numbers": "+44 20 7946 0321 was taken meanwhile. Choose another number.",
            "minutes-AE": "Enter whole minutes, or nothing.",
            "": "Add at least $172.70 of credit: the charges must be covered.",
        },
    )


def plan_credit_dialog() -> PlanPage:
    """Return the wizard with the [Add credit] dialog and its error."""
    return replace(
        new_plan(),
        dialog="credit",
        fields=replace(new_plan().fields, credit_amount="-5"),
        errors={"credit_amount": "Enter an amount above zero, such as 500.00."},
    )


def plan_numbers_dialog() -> PlanPage:
    """Return the wizard with the [Select number] dialog."""
    return replace(new_plan(), dialog="numbers")


def plan_countries_dialog() -> PlanPage:
    """Return the wizard with the [Open a country] dialog."""
    return replace(new_plan(), dialog="countries")


def plan_discard_dialog() -> PlanPage:
    """Return the wizard with the dialog that asks before the draft is gone."""
    return replace(new_plan(), dialog="discard")
