"""Sample view models of the operator's pages, in the states worth looking at."""

from dataclasses import replace

from gateway.portal.views.accounts import BasicFields
from gateway.portal.views.parts import Choice, ImportReport, Kpi, ListQuery, Pager, RowRefusal
from gateway.portal.views.resellers import (
    NewResellerPage,
    ResellerFields,
    ResellerPage,
    ResellerRow,
    ResellersPage,
    reseller_columns,
)
from tests.portal.samples import AMARA, LONG_NAME, LONG_PERSON, NOW, ZONE


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
        currencies=(Choice(value="USD", label="US Dollar (USD)"),),
        countries=(Choice(value="US", label="United States"),),
        time_zones=(Choice(value="Europe/London", label="Europe/London"),),
        request="0193-key",
        errors={
            "name": "Enter the reseller’s name.",
            "realm_domain": "Enter a domain such as voice.example.",
            "country": "Choose a country.",
            "time_zone": "Choose a time zone.",
        },
    )


def reseller() -> ResellerPage:
    """Return a reseller after an import of numbers with refused rows."""
    return ResellerPage(
        id="r1",
        name="Northwind Voice",
        realm="northwind-voice-p2k9.voice.example",
        status="active",
        status_reason="",
        opened_at=NOW,
        administrator=AMARA,
        fields=ResellerFields(
            currency="USD", country="US", time_zone=ZONE, realm_domain="voice.example"
        ),
        stock=(
            Kpi(label="Spare numbers", value=46),
            Kpi(label="Assigned numbers", value=1_204),
            Kpi(label="Accounts", value=128),
        ),
        request="0193-key",
        csv="+4420794603,1.00,2.20",
        report=ImportReport(
            outcome="imported",
            added=40,
            changed=0,
            removed=0,
            refusals=1,
            refused=(RowRefusal(line=3, content="+4420794603", reason="This is no valid number."),),
        ),
    )


def disabled_reseller() -> ResellerPage:
    """Return a disabled reseller with nothing in stock."""
    return replace(reseller(), status="disabled", stock=(), report=None, csv="")


def disabling_reseller() -> ResellerPage:
    """Return the dialog that disables a reseller."""
    return replace(reseller(), report=None, dialog="disable", errors={"reason": "Enter a reason."})
