"""Sample view models of the operator's pages, in the states worth looking at."""

from dataclasses import replace

from gateway.features.accounts.views import (
    BasicFields,
    DialogForms,
    FailedPage,
    OverviewPage,
    Seller,
)
from gateway.features.numbers.imports import OPERATORS_MODES, empty_import
from gateway.features.opening.views import PlanFields
from gateway.features.plans.views import ChangePlanPage
from gateway.features.resellers.views import (
    NewResellerPage,
    ResellerFields,
    ResellerRow,
    ResellersPage,
    reseller_columns,
)
from gateway.portal.views.parts import Choice, ImportReport, Kpi, ListQuery, Pager, RowRefusal
from tests.portal.samples import AMARA, LONG_NAME, LONG_PERSON, NOW, failed, overview
from tests.portal.samples_opening import new_plan
from tests.portal.samples_plans import LATER, plan_unchanged
from tests.portal.samples_rates import question


def resellers() -> ResellersPage:
    """Return some resellers."""
    query = ListQuery(path="/resellers", parameters={"sort": "-name"})
    first = ResellerRow(
        id="r1",
        name="Northwind Voice",
        domain="voice.example",
        country="US",
        currency="USD",
        administrator=AMARA,
        opened_at=NOW,
        status="active",
    )
    long = replace(first, id="r2", name=LONG_NAME, administrator=LONG_PERSON, status="disabled")
    return ResellersPage(
        query=query,
        segments=(
            query.segment("status", "", "All", 2),
            query.segment("status", "active", "Active", 1),
            query.segment("status", "disabled", "Disabled", 1),
        ),
        columns=reseller_columns(query),
        rows=(first, long),
        pager=Pager(text="2 resellers"),
        any_reseller=True,
    )


def no_resellers() -> ResellersPage:
    """Return a platform on its first day."""
    return replace(resellers(), rows=(), any_reseller=False)


def new_reseller() -> NewResellerPage:
    """Return the form with some errors."""
    return NewResellerPage(
        fields=BasicFields(),
        reseller=ResellerFields(realm_domain="voice example"),
        plan=PlanFields(),
        currencies=(Choice(value="USD", label="US Dollar (USD)"),),
        countries=(Choice(value="US", label="United States"),),
        time_zones=(Choice(value="Europe/London", label="Europe/London"),),
        quote=None,
        quote_missing="Enter the reseller’s name. Choose a country. Choose a time zone.",
        request="0193-key",
        errors={
            "name": "Enter the reseller’s name.",
            "realm_domain": "Enter a domain such as voice.example.",
            "country": "Choose a country.",
            "time_zone": "Choose a time zone.",
        },
    )


def new_reseller_with_plan() -> NewResellerPage:
    """Return the form filled in, with a plan that its credit covers."""
    plan = new_plan()
    quote = plan.quote
    assert quote is not None
    return replace(
        new_reseller(),
        fields=BasicFields(name="Northwind Voice", email="sara@northwind.example"),
        plan=replace(plan.fields, credit_amount="500.00", credit_note="Bank transfer 4711"),
        quote=quote.model_copy(update={"lines": quote.lines[:1]}),
        errors={},
    )


# --- one of them --------------------------------------------------------------------------------


def reseller() -> OverviewPage:
    """Return a reseller after an import of numbers with refused rows."""
    return replace(
        overview(),
        id="r1",
        name="Northwind Voice",
        realm="northwind-voice-p2k9.voice.example",
        numbers=(),
        bundles=(),
        calls=(),
        seller=Seller(
            domain="voice.example",
            country="US",
            stock=(
                Kpi(label="Spare numbers", value=46),
                Kpi(label="Held", value=2),
                Kpi(label="Assigned", value=1_204),
                Kpi(label="Quarantine", value=7),
            ),
            sending=replace(
                empty_import(OPERATORS_MODES),
                csv="+4420794603,1.00,2.20",
                report=ImportReport(
                    outcome="imported",
                    added=40,
                    file="numbers of November.csv",
                    refusals=1,
                    refused=(
                        RowRefusal(
                            line=3, content="+4420794603", reason="This is no valid number."
                        ),
                    ),
                ),
            ),
        ),
    )


def reseller_mapping() -> OverviewPage:
    """Return a reseller with a file of numbers whose columns must be explained."""
    page = reseller()
    assert page.seller is not None
    csv = "Dial code,Sell Rate,Buy Rate agreed with us\n+442079460321,1.00,2.20\n"
    sending = replace(empty_import(OPERATORS_MODES), csv=csv, question=question("numbers"))
    seller = replace(page.seller, sending=sending)
    error = "Say what this column means, or ignore: “Sell Rate”."
    return replace(page, seller=seller, errors={"csv": error})


def disabled_reseller() -> OverviewPage:
    """Return a disabled reseller with nothing in stock, without a plan and without money."""
    page = reseller()
    seller = replace(_no_seller(), domain=page.seller.domain if page.seller else "")
    bare = replace(page, plan=None, transactions=(), balance=0, available=0, held=0)
    return replace(bare, status="disabled", status_reason="Contract ended.", seller=seller)


def _no_seller() -> Seller:
    return Seller(domain="", country="US", stock=(), sending=empty_import(OPERATORS_MODES))


def disabling_reseller() -> OverviewPage:
    """Return the dialog that disables a reseller."""
    return replace(reseller(), dialog="disable", errors={"reason": "Enter a reason."})


def deleting_reseller() -> OverviewPage:
    """Return the dialog that deletes a reseller, which has accounts of its own still."""
    return replace(
        reseller(),
        dialog="delete",
        forms=DialogForms(confirm_name="Northwind Voice"),
        errors={"": "The reseller still has accounts. Close them first."},
    )


def failed_reseller() -> FailedPage:
    """Return a reseller that could not be opened."""
    reason = "The credit does not cover the charges."
    return replace(failed(), name="Northwind Voice", reason=reason, again_url="/resellers/new")


def resellers_plan() -> ChangePlanPage:
    """Return the plan of a reseller: the platform has no rates, so users and their cost alone."""
    page = plan_unchanged()
    return replace(page, id="r1", name="Northwind Voice", sheets=(), scheduled_changes=LATER[:1])
