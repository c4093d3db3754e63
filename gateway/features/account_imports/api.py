"""Many accounts opened from one file: checked and quoted first, then opened a few at a time."""

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter, ValidationError

from contracts.accounts import AccountImport, AccountImports
from contracts.base import Refused
from contracts.values import SumInput
from gateway.features.account_imports import actions as account_imports
from gateway.features.account_imports.actions import AccountFile
from gateway.features.account_imports.answers import AccountFileCheck
from gateway.files.downloads import csv_answer, csv_response
from gateway.files.tables import MAPPING_CHARACTERS_MAX, TableOptions, table_options
from gateway.files.uploads import TABLES, documented_table
from gateway.http.problems import refusals
from gateway.identity.caller import Caller
from gateway.identity.requests import CSV, OptionalKey, may

router = APIRouter(prefix="/v1/accounts/imports", tags=["accounts"])

_TEXTS: Final = TypeAdapter[dict[str, str]](dict[str, str])
_BEGUN: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "model": AccountImport,
        "description": "The accounts are being opened. Check the address in the `Location` header.",
        "headers": {"Location": {"schema": {"type": "string"}}},
    }
}
_EXAMPLE: Final = (
    "account name,e-mail,first name,last name,phone,users,cost per user,credit\n"
    "Archer & Sons,ann@example.com,Ann,Archer,+14155550142,5,12.50,100.00\n"
)


def _defaults(
    defaults: Annotated[
        str | None,
        Query(
            max_length=MAPPING_CHARACTERS_MAX,
            description="What holds for all rows where the file has no column for it, as a JSON "
            "object: a meaning and a text.",
            examples=['{"users": "5", "cost_per_user": "12.50", "rate_sheet": "Standard"}'],
        ),
    ] = None,
) -> dict[str, str]:
    if not defaults:
        return {}
    try:
        return _TEXTS.validate_json(defaults)
    except ValidationError:
        example = json.dumps({"users": "5", "rate_sheet": "Standard"})
        detail = f"The parameter defaults must be a JSON object such as {example}."
        raise Refused("malformed-request", detail) from None


@router.post(
    "",
    response_model=AccountFileCheck,
    responses={
        **_BEGUN,
        **refusals(
            "mapping-needed",
            "import-refused",
            "insufficient-credit",
            "quote-changed",
            "account-disabled",
            "idempotency-key-required",
            "idempotency-key-reused",
            body=True,
        ),
    },
    openapi_extra=documented_table(_EXAMPLE),
)
async def import_accounts(
    *,
    caller: Annotated[Caller, Depends(may(account_imports.import_accounts, takes=TABLES))],
    request: Request,
    options: Annotated[TableOptions, Depends(table_options)],
    defaults: Annotated[dict[str, str], Depends(_defaults)],
    key: OptionalKey,
    dry_run: Annotated[bool, Query(description="Check and quote the rows only.")] = False,
    expected_total: Annotated[
        SumInput | None,
        Query(description="`totals.total` of the dry run. Required unless `dry_run`."),
    ] = None,
) -> AccountFileCheck | Response:
    """Open up to 500 accounts from one file: CSV (any separator, also gzipped) or .xlsx.

    First send it with `dry_run`. Every row is checked like `POST /v1/accounts`, and the answer has
    all errors of all rows, with line and column, the quote of each row, and the totals. Nothing is
    stored. When a column isn't understood, the problem `mapping-needed` lists the columns: send the
    file again with `mapping`. Without a column of plan names, each plan is called like its account.

    Then send it with `expected_total` and an `Idempotency-Key`. If a row is wrong
    (`import-refused`), credit is missing, or the charges have changed, no account is opened; the
    member `report` is the new dry run. Otherwise the answer is 202, and the accounts open one after
    the other, each like a single one. The same file with the same key never opens an account twice.
    """
    file = AccountFile(await request.body(), options, defaults)
    if dry_run:
        return await account_imports.check_accounts(caller, file)
    if key is None:
        detail = "Send an Idempotency-Key header, so that a repeated request does nothing twice."
        raise Refused("idempotency-key-required", detail)
    if expected_total is None:
        detail = "Send the total of the dry run as expected_total, or send dry_run=true first."
        raise Refused("malformed-request", detail)
    begun = await account_imports.import_accounts(caller, file, expected_total, key)
    headers = {"Location": f"/v1/accounts/imports/{begun.id}"}
    return JSONResponse(begun.model_dump(mode="json"), 202, headers)


@router.get("", responses=refusals())
async def list_account_imports(
    caller: Annotated[Caller, Depends(may(account_imports.list_imports))],
) -> AccountImports:
    """List your newest imports of accounts, without their rows."""
    return await account_imports.list_imports(caller)


@router.get(
    "/{import_id}.csv",
    response_class=Response,
    responses={**csv_answer("All rows of the file"), **refusals("not-found")},
)
async def export_account_import(
    caller: Annotated[Caller, Depends(may(account_imports.export_import, gives=CSV))],
    import_id: str,
) -> Response:
    """Download what became of each row of a file."""
    lines = await account_imports.export_import(caller, import_id)
    return csv_response(lines, "accounts-opened.csv")


@router.get("/{import_id}", responses=refusals("not-found"))
async def find_account_import(
    caller: Annotated[Caller, Depends(may(account_imports.find_import))], import_id: str
) -> AccountImport:
    """Tell how far an import is: which accounts are open, which failed and why, and which wait."""
    return await account_imports.find_import(caller, import_id)
