"""An operator's pages: resellers, and what the platform sells them."""

from dataclasses import replace
from typing import Final

from gateway.features.accounts.views import BasicFields, DialogForms, Seller
from gateway.features.numbers.imports import OPERATORS_MODES, empty_import
from gateway.features.opening.views import PlanFields
from gateway.features.resellers import views as resellers
from gateway.portal.views.parts import ImportReport, Kpi, ListQuery, Pager, RowRefusal
from tests.samples.accounts import FAILED, OVERVIEW
from tests.samples.factories import (
    choices,
    made,
    meanings,
    question,
    seen_by,
    segments,
    table,
    wrong,
)
from tests.samples.names import AMARA, LONG_NAME, LONG_PERSON, SELLER
from tests.samples.opening import FILLED, QUOTE
from tests.samples.plans import LATER, UNCHANGED
from tests.samples.rates import COLUMNS

QUERY: Final = ListQuery(path="/resellers", parameters={"sort": "-name"})
RESELLERS: Final = resellers.ResellersPage(
    query=QUERY,
    segments=segments(
        QUERY, "status", {"": "All", "active": "Active", "disabled": "Disabled"}, 2, 1, 1
    ),
    columns=resellers.reseller_columns(QUERY),
    rows=table(
        resellers.ResellerRow,
        "id name administrator status",
        ("r1", SELLER, AMARA, "active"),
        ("r2", LONG_NAME, LONG_PERSON, "disabled"),
        domain="voice.example",
        country="US",
    ),
    pager=Pager(text="2 resellers"),
    any_reseller=True,
)
NEW: Final = made(
    resellers.NewResellerPage,
    fields=BasicFields(),
    reseller=resellers.ResellerFields(realm_domain="voice example"),
    plan=PlanFields(),
    currencies=choices({"USD": "US Dollar (USD)"}),
    countries=choices({"US": "United States"}),
    time_zones=choices({"Europe/London": "Europe/London"}),
    quote=None,
    quote_missing="Enter the reseller’s name. Choose a country. Choose a time zone.",
)
IMPORTED: Final = ImportReport(
    outcome="imported",
    added=40,
    file="numbers of November.csv",
    refusals=1,
    refused=(RowRefusal(line=3, content="+4420794603", reason="This is no valid number."),),
)
EMPTY: Final = empty_import(OPERATORS_MODES)
STOCKED: Final = Seller(
    domain="voice.example",
    country="US",
    stock=table(
        Kpi,
        "label value",
        ("Spare numbers", 46),
        ("Held", 2),
        ("Assigned", 1_204),
        ("Quarantine", 7),
    ),
    sending=replace(EMPTY, csv="+4420794603,1.00,2.20", report=IMPORTED),
)
RESELLER: Final = replace(
    OVERVIEW,
    id="r1",
    name=SELLER,
    realm="northwind-voice-p2k9.voice.example",
    numbers=(),
    bundles=(),
    calls=(),
    seller=STOCKED,
)
ASKED: Final = replace(
    EMPTY,
    csv="Dial code,Sell Rate,Buy Rate agreed with us\n+442079460321,1.00,2.20\n",
    question=question(meanings("numbers"), ("Dial code", "39, 33, 4420", "number"), *COLUMNS),
)

PAGES: Final = seen_by(
    operator={
        "resellers": RESELLERS,
        "resellers-first-day": replace(RESELLERS, rows=(), any_reseller=False),
        "reseller-new": wrong(
            NEW,
            name="Enter the reseller’s name.",
            realm_domain="Enter a domain such as voice.example.",
            country="Choose a country.",
            time_zone="Choose a time zone.",
        ),
        "reseller-new-plan": replace(
            NEW,
            fields=BasicFields(name=SELLER, email="sara@northwind.example"),
            plan=replace(FILLED, credit_note="Bank transfer 4711"),
            quote=QUOTE.model_copy(update={"lines": QUOTE.lines[:1]}),
        ),
        "reseller": RESELLER,
        "reseller-mapping": wrong(
            replace(RESELLER, seller=replace(STOCKED, sending=ASKED)),
            csv="Say what this column means, or ignore: “Sell Rate”.",
        ),
        "reseller-disabled": replace(
            RESELLER,
            plan=None,
            transactions=(),
            balance=0,
            available=0,
            held=0,
            status="disabled",
            status_reason="Contract ended.",
            seller=replace(STOCKED, stock=(), sending=EMPTY),
        ),
        "reseller-disable": wrong(replace(RESELLER, dialog="disable"), reason="Enter a reason."),
        "reseller-delete": replace(
            RESELLER,
            dialog="delete",
            forms=DialogForms(confirm_name=SELLER),
            errors={"": "The reseller still has accounts. Close them first."},
        ),
        "reseller-failed": replace(
            FAILED,
            name=SELLER,
            reason="The credit does not cover the charges.",
            again_url="/resellers/new",
        ),
        "reseller-plan": replace(
            UNCHANGED, id="r1", name=SELLER, sheets=(), scheduled_changes=LATER[:1]
        ),
    },
)
