"""Files of call records over HTTP."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import TypeAdapter, ValidationError

from contracts.base import FieldError, Refused
from contracts.call_files import CallFileFormat, Naming
from contracts.calls import DialFormat
from gateway.features.calls import imports
from gateway.features.calls.files import CallFileOptions
from gateway.features.calls.import_schemas import CallImport
from gateway.files.downloads import csv_answer, csv_response
from gateway.files.tables import TableOptions, table_options
from gateway.files.uploads import TABLES, XML, documented_table
from gateway.http.exact_rates import ExactRates
from gateway.http.problems import refusals
from gateway.identity.caller import Caller
from gateway.identity.requests import CSV, JSON, may

router = APIRouter(tags=["calls"], default_response_class=ExactRates)

CODES_CHARACTERS_MAX: Final = 16_000
_CODES: Final = TypeAdapter[dict[str, str]](dict[str, str])
_EXAMPLE: Final = (
    "call_id,account,caller,destination,answered_at,seconds\n"
    "1706369600.6,acc_7h2,+12125550100,+442079460321,2026-11-22T09:30:00Z,61\n"
)


def codes_of(text: str) -> dict[str, str]:
    """Return what codes of accounts mean, from a JSON object; Refused when it is none."""
    try:
        return _CODES.validate_json(text) if text.strip() else {}
    except ValidationError:
        detail = (
            "Explain codes as a JSON object of texts, such as "
            '{"1004": "acc_7h2", "1005": "archer.voice.example", "test": "ignore"}.'
        )
        fault = FieldError(pointer="/accounts", type="invalid", detail=detail)
        raise Refused("invalid-fields", detail, (fault,)) from None


def _naming(
    account: Annotated[
        str, Query(max_length=255, description="ID or realm of the account of all calls.")
    ] = "",
    account_from: Annotated[
        str,
        Query(
            pattern="^(account|caller)$",
            description="Which column says the account: `account`, or the `caller`, whose number "
            "is the account's or is explained in `accounts`.",
        ),
    ] = "account",
    accounts: Annotated[
        str,
        Query(
            max_length=CODES_CHARACTERS_MAX,
            description="What account codes or callers mean, as a JSON object: an account's ID or "
            "realm, or `ignore` for calls that aren't to be charged.",
            examples=['{"1004": "acc_7h2", "test": "ignore"}'],
        ),
    ] = "",
) -> Naming:
    """Return how a request says whose calls those of its file are."""
    by = "caller" if account_from == "caller" else "account"
    return Naming(by=by, account=account.strip(), codes=codes_of(accounts))


def _options(
    *,
    table: Annotated[TableOptions, Depends(table_options)],
    file_format: Annotated[
        CallFileFormat | None,
        Query(
            alias="format",
            description="What wrote the file: `asterisk-master` and `freeswitch-csv` have no "
            "column names, `freeswitch-json` and `kazoo-json` are JSON, `freeswitch-xml` is XML. "
            "None is guessed. Without it, or with `table`: a table with column names, or with a "
            "`mapping` by position.",
        ),
    ] = None,
    time_zone: Annotated[
        str,
        Query(
            max_length=64,
            description="Of local times, such as `Europe/London`; required when the file has any.",
        ),
    ] = "",
    dial_format: Annotated[
        DialFormat | None,
        Query(
            description="How destinations are written. Without it: as the key of the scope `calls` "
            "says, else as the settings of the account's reseller say."
        ),
    ] = None,
    naming: Annotated[Naming, Depends(_naming)],
) -> CallFileOptions:
    """Return what a request says about the file that it carries."""
    return CallFileOptions(
        table=table,
        format=file_format or "",
        time_zone=time_zone,
        dial_format=dial_format,
        naming=naming,
    )


@router.post(
    "/v1/calls/imports",
    status_code=202,
    responses={
        200: {"model": CallImport, "description": "Checked only"},
        **refusals("mapping-needed", "import-refused", "account-disabled", body=True),
    },
    openapi_extra=documented_table(_EXAMPLE, {"type": "object"}),
)
async def import_calls(
    *,
    caller: Annotated[Caller, Depends(may(imports.import_calls, takes=(*TABLES, JSON, *XML)))],
    request: Request,
    response: Response,
    options: Annotated[CallFileOptions, Depends(_options)],
    dry_run: Annotated[
        bool, Query(description="Say what would be charged and what rejected; no call is kept.")
    ] = False,
) -> CallImport:
    """Charge the calls of a file of up to 20,000 rows; each is charged once, however often sent.

    Rows with one call ID are legs of one call, of which the answered outbound leg is charged. Calls
    that were not answered are counted. What can't be charged becomes a rejected call. Columns
    without a clear meaning are refused with `mapping-needed`; prices of other systems must be
    ignored by name.
    """
    imported = await imports.import_calls(caller, await request.body(), options, dry_run=dry_run)
    if dry_run:
        response.status_code = 200
    return imported.report


@router.get(
    "/v1/calls/imports/{import_id}.csv",
    response_class=Response,
    responses={**csv_answer("Calls that aren't charged"), **refusals("not-found")},
)
async def export_call_import(
    caller: Annotated[Caller, Depends(may(imports.export_report, gives=CSV))],
    import_id: str,
) -> Response:
    """Download the calls of a file that aren't charged, each with its cause; kept for a week.

    The `id` is in the answer to the file, also of a dry run.
    """
    lines = await imports.export_report(caller, import_id)
    return csv_response(lines, "calls-not-charged.csv")
