"""The wizard that opens an account, page by page."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from contracts.billing import Quote, QuoteLine
from gateway.features.accounts.views import BasicFields
from gateway.features.billing_settings.details_views import BillingDetailsFields
from gateway.features.opening import views as opening
from gateway.portal.presenters import country_choices
from tests.samples.factories import choices, made, seen_by, table, wrong
from tests.samples.names import LONG_NAME, NAME, NOW, UNIT

SHEETS: Final = choices({"s1": "Standard A–Z", "s2": "Gold"})
SHEET: Final = opening.SheetSummary(id="s1", rates=214, lowest=8_500, highest=231_000)
OPENED: Final = table(
    opening.OpenCountry, "country minutes lowest_rate", ("IN", "300", 21_000), ("AE", "", 164_000)
)
BRITAIN: Final = opening.OpenCountry(country="GB", minutes="500", lowest_rate=12_000)
SPARE: Final = table(
    opening.SpareNumber,
    "e164 monthly_fee setup_fee chosen",
    ("+14155550142", 1_500_000, 0, True),
    ("+14155550187", 1_500_000, 0, False),
    ("+12125550110", 1_500_000, 0, False),
    ("+442079460321", 2_200_000, UNIT, True),
    ("+442079460322", 2_200_000, UNIT, False),
    ("+18885550199", 4_000_000, 2 * UNIT, False),
    ("+4930555010", 2_600_000, 1_500_000, False),
    ("+97145550100", 9_000_000, 5 * UNIT, False),
)
QUOTE: Final = made(
    Quote,
    lines=table(
        QuoteLine,
        "type text quantity unit_price amount",
        ("users", "Office 12: users", 12, 14 * UNIT, 168 * UNIT),
        ("number-rent", "Numbers, first month", 1, 3_700_000, 3_700_000),
        ("number-setup", "Number set-up", 1, UNIT, UNIT),
    ),
    total=172_700_000,
    credit=500 * UNIT,
    balance_after=327_300_000,
    monthly_charge=171_700_000,
    sufficient_credit=True,
)
UNCOVERED: Final = {"credit": 0, "balance_after": -172_700_000, "sufficient_credit": False}
FIRST: Final = opening.BasicPage(fields=BasicFields(), countries=country_choices())
BEGUN: Final = replace(
    FIRST,
    fields=BasicFields(
        name=NAME,
        email="amara@",
        phone="12",
        billing=BillingDetailsFields(line1="1 Harbour Street", country="GB", tax_id="GB1"),
    ),
)
UNPRICED: Final = made(
    opening.PlanPage,
    fields=opening.PlanFields(),
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
FILLED: Final = opening.PlanFields(
    plan_name="Office 12",
    users="12",
    cost_per_user="14.00",
    rate_sheet_id="s1",
    credit_amount="500.00",
)
PRICED: Final = replace(
    UNPRICED,
    fields=FILLED,
    credit=500 * UNIT,
    credit_note="Bank transfer 4711",
    sheets=SHEETS,
    sheet=SHEET,
    numbers=tuple(number for number in SPARE if number.chosen),
    reserved_until=NOW + timedelta(minutes=15),
    countries=(OPENED[0], BRITAIN, OPENED[1]),
    spare=SPARE,
    more_spare=True,
    country_choices=table(
        opening.CountryChoice,
        "country lowest_rate",
        *(("BR", 32_000), ("DE", 12_000), ("NG", 138_000), ("PH", 112_000)),
    ),
    quote=QUOTE,
    quote_missing="",
)
TOO_LITTLE: Final = replace(
    PRICED,
    account_name=LONG_NAME,
    fields=replace(FILLED, plan_name="", users="0", cost_per_user="14,5"),
    credit=0,
    credit_note="",
    countries=(opening.OpenCountry(country="AE", minutes="many", lowest_rate=None),),
    quote=QUOTE.model_copy(update=UNCOVERED),
)

PAGES: Final = seen_by(
    reseller={
        "new-basic": FIRST,
        "new-basic-errors": wrong(
            BEGUN,
            address_locality="Enter the city or town.",
            tax_id="Enter a valid tax ID of this country, or leave it empty.",
            email="Enter an e-mail address such as name@company.com.",
            first_name="Enter the administrator’s first name.",
            last_name="Enter the administrator’s last name.",
            phone="Enter a phone number with its country code, such as +1 415 555 0142.",
        ),
        "new-basic-discard": replace(BEGUN, dialog="discard"),
        "new-plan": PRICED,
        "new-plan-first": UNPRICED,
        "new-plan-errors": replace(
            TOO_LITTLE,
            errors={
                "plan_name": "Enter a name for the plan, such as “Office 12”.",
                "users": "Enter a whole number from 1 to 10,000.",
                "cost_per_user": "Enter an amount such as 14.00, with up to 4 decimals.",
                "rate_sheet_id": "Choose a rate sheet.",
                "numbers": "+44 20 7946 0321 was taken meanwhile. Choose another number.",
                "minutes-AE": "Enter whole minutes, or nothing.",
                "": "Add at least $172.70 of credit: the charges must be covered.",
            },
        ),
        "new-plan-credit": wrong(
            replace(PRICED, dialog="credit", fields=replace(FILLED, credit_amount="-5")),
            credit_amount="Enter an amount above zero, such as 500.00.",
        ),
        "new-plan-numbers": replace(PRICED, dialog="numbers"),
        "new-plan-countries": replace(PRICED, dialog="countries"),
        "new-plan-discard": replace(PRICED, dialog="discard"),
    },
)
