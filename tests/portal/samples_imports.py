"""Sample view models of accounts that are opened from a file, in the states worth looking at."""

from dataclasses import replace
from datetime import date

from contracts.accounts import AccountImport, Failure, ImportedRow
from contracts.billing import Quote, QuoteLine
from contracts.tables import ColumnMeaning
from gateway.features.account_imports.answers import (
    AccountFileCheck,
    CheckedRow,
    FileTotals,
    RowFault,
)
from gateway.features.account_imports.views import ForAllRows, ImportPage, OpenManyPage
from gateway.portal.views.parts import Choice, KeptTable, MappingColumn, MappingQuestion, ReadColumn
from tests.portal.samples import LONG_NAME, NOW

MICROS = 1_000_000
NAMES = ("Harbour Dental", "Kestrel Logistics", LONG_NAME, "Ōmori Trading")


def _quote(users: int, credit: int) -> Quote:
    total = users * 12_500_000
    return Quote(
        lines=(
            QuoteLine(
                type="users", text="Users", quantity=users, unit_price=12_500_000, amount=total
            ),
        ),
        total=total,
        credit=credit * MICROS,
        balance_after=credit * MICROS - total,
        currency="USD",
        monthly_charge=total,
        next_renewal=date(2026, 12, 22),
        sufficient_credit=True,
    )


def _rows() -> tuple[CheckedRow, ...]:
    return tuple(
        CheckedRow(
            line=line,
            name=name,
            email=f"admin{line}@company.example",
            first_name="Mia",
            last_name="Tan",
            users=line * 5,
            rate_sheet="Retail 2026",
            numbers=("+14155550173",),
            credit=500 * MICROS,
            quote=_quote(line * 5, 500),
        )
        for line, name in enumerate(NAMES, start=2)
    )


def _check() -> AccountFileCheck:
    rows = _rows()
    quotes = [row.quote for row in rows if row.quote]
    return AccountFileCheck(
        accounts=len(rows),
        can_open=True,
        columns=(ColumnMeaning(name="Company", meaning="name"),),
        errors=(),
        warnings=(
            RowFault(
                line=4,
                column="E-mail",
                type="same-email",
                detail="Line 2 has the same e-mail address. One person can have both.",
            ),
        ),
        totals=FileTotals(
            currency="USD",
            total=sum(quote.total for quote in quotes),
            credit=sum(quote.credit for quote in quotes),
            balance_after=sum(quote.balance_after for quote in quotes),
            monthly_charge=sum(quote.monthly_charge for quote in quotes),
            missing=0,
        ),
        rows=rows,
    )


def open_many() -> OpenManyPage:
    """Return the page before a file is chosen."""
    return OpenManyPage(
        currency="USD",
        zone="America/New_York",
        rate_sheets=(Choice(value="rs1", label="Retail 2026"),),
        for_all=ForAllRows(users="5"),
        request="0193-key",
        recent=(replace_rows(imported().found),),
    )


def replace_rows(found: AccountImport) -> AccountImport:
    """Return an import as lists have it."""
    return found.model_copy(update={"rows": ()})


def open_many_asked() -> OpenManyPage:
    """Return the question about columns that aren't clear."""
    meanings = (
        Choice(value="name", label="Account name"),
        Choice(value="credit", label="Credit to add"),
        Choice(value="ignore", label="Ignore this column"),
    )
    return replace(
        open_many(),
        kept=KeptTable(text="Company;Deposit\n", fields=(("separator", "semicolon"),)),
        question=MappingQuestion(
            columns=(
                MappingColumn(name="Company", samples="Harbour Dental, Kestrel", value="name"),
                MappingColumn(name="Deposit", samples="500.00, 250.00", value="credit"),
                MappingColumn(name=LONG_NAME, samples="x", value=""),
            ),
            meanings=meanings,
            has_header=True,
        ),
        errors={"file": "Say what these columns mean, or ignore: “Deposit”, “Hat size”."},
    )


def open_many_checked() -> OpenManyPage:
    """Return a file without errors, with its quote."""
    return replace(
        open_many(),
        read_as_before=(ReadColumn(name="Company", meaning="Account name"),),
        check=_check(),
        kept=KeptTable(
            text="Company\n",
            fields=(
                ("separator", "comma"),
                ("has_header", "yes"),
                ("name-1", "Company"),
                ("column-1", "name"),
            ),
        ),
    )


def open_many_wrong() -> OpenManyPage:
    """Return a file with errors."""
    check = _check().model_copy(
        update={
            "can_open": False,
            "errors": (
                RowFault(
                    line=2,
                    column="E-mail",
                    type="invalid-email",
                    detail="Enter an e-mail address such as name@company.com.",
                ),
                RowFault(
                    line=5,
                    column=LONG_NAME,
                    type="account-name-taken",
                    detail="Another account has this name. Choose a different one.",
                ),
            ),
        }
    )
    return replace(open_many_checked(), check=check)


def _import(state: str, *states: str) -> ImportPage:
    found = AccountImport.model_validate(
        {
            "id": "imp_1",
            "state": state,
            "accounts": len(NAMES),
            "opened": states.count("opened"),
            "failed": states.count("failed"),
            "total": 875 * MICROS,
            "currency": "USD",
            "created_at": NOW,
        }
    )
    rows = tuple(
        ImportedRow.model_validate(
            {
                "line": line,
                "name": name,
                "email": f"admin{line}@company.example",
                "state": one,
                "total": line * 5 * 12_500_000,
                "account_id": None if one == "waiting" else f"acc_{line}",
                "realm": "" if one == "waiting" else f"company-{line}x.voice.example",
                "failure": Failure(type="number-taken", detail="+1 415-555-0173 is taken.")
                if one == "failed"
                else None,
            }
        )
        for line, (name, one) in enumerate(zip(NAMES, states, strict=True), start=2)
    )
    return ImportPage(zone="America/New_York", found=found.model_copy(update={"rows": rows}))


def importing() -> ImportPage:
    """Return an import that goes on."""
    return _import("running", "opened", "failed", "opening", "waiting")


def imported() -> ImportPage:
    """Return an import that has ended."""
    return _import("done", "opened", "opened", "failed", "opened")
