"""Changing the rates of a sheet: by file, copy, hand or going back. What takes long goes on."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from contracts.billing import (
    PREFIX_CHARACTERS_MAX,
    ImportMode,
    ImportReport,
    RateImport,
    RateRevisions,
    RateSheet,
)
from gateway.features.rates import actions as rates
from gateway.features.rates import changes
from gateway.features.rates.schemas import CopyBody, RateBody, RestoreBody
from gateway.files.downloads import csv_answer, csv_response
from gateway.files.tables import TableOptions, table_options
from gateway.files.uploads import TABLES, documented_table
from gateway.http.exact_rates import ExactRates
from gateway.http.problems import RefusedWith, refusals
from gateway.http.times import Time
from gateway.identity.caller import Caller
from gateway.identity.requests import CSV, IfMatch, OptionalKey, etag, may, version_to_change
from gateway.identity.whole_checks import WholeBodyRoute

WAIT_SECONDS: Final = 15.0
"""A change that takes longer than a caller should wait is answered with where to ask for it."""

WITHOUT_WAITING: Final = "respond-async"

router = APIRouter(
    prefix="/v1/rate-sheets",
    tags=["rate sheets"],
    route_class=WholeBodyRoute,
    default_response_class=ExactRates,
)

_GOES_ON: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "model": RateImport,
        "description": "It’s still running. Check the address in the `Location` header.",
        "headers": {"Location": {"schema": {"type": "string"}}},
    }
}


def _prefers(
    prefer: Annotated[
        str,
        Header(
            max_length=200,
            description="`respond-async`: answer with 202 at once (RFC 7240).",
        ),
    ] = "",
) -> float:
    """Return how long the caller wants to wait."""
    wishes = {wish.partition(";")[0].strip().lower() for wish in prefer.split(",")}
    return 0.0 if WITHOUT_WAITING in wishes else WAIT_SECONDS


WaitSeconds = Annotated[float, Depends(_prefers)]
Prefix = Annotated[
    str, Path(max_length=PREFIX_CHARACTERS_MAX, description="Digits after the plus sign.")
]
EffectiveFrom = Annotated[
    Time | None, Query(description="When the rate takes effect. Without it, from the start.")
]


def _address(job: RateImport) -> str:
    return f"/v1/rate-sheets/{job.rate_sheet_id}/imports/{job.id}"


def _goes_on(job: RateImport) -> Response:
    headers = {"Location": _address(job)}
    return JSONResponse(job.model_dump(mode="json"), 202, headers)


@router.post(
    "/{rate_sheet_id}/imports",
    response_model=ImportReport,
    responses={
        **_GOES_ON,
        **refusals(
            "not-found",
            "mapping-needed",
            "import-refused",
            "rate-sheet-busy",
            "too-many-requests",
            "account-disabled",
            "idempotency-key-reused",
            body=True,
        ),
    },
    openapi_extra=documented_table("prefix,country,name,rate\n91,IN,India,0.0350\n"),
)
async def import_rates(
    *,
    caller: Annotated[Caller, Depends(may(changes.start_import, takes=TABLES))],
    rate_sheet_id: str,
    request: Request,
    response: Response,
    options: Annotated[TableOptions, Depends(table_options)],
    key: OptionalKey,
    wait_seconds: WaitSeconds,
    mode: Annotated[
        ImportMode,
        Query(description="`replace` also removes the rates that the file does not name."),
    ] = "upsert",
    dry_run: Annotated[bool, Query(description="Say what would be done without doing it.")] = False,
) -> ImportReport | Response:
    """Import up to 100,000 rates, all rows or none.

    A file may be CSV (any separator, also gzipped) or .xlsx. Columns with names such as `prefix`,
    `Dial code`, `Cost / Min (USD)` or those of Kazoo, ASTPP, A2Billing and ivozprovider are
    understood. When others are there, such as a purchase price, the problem `mapping-needed`
    lists the columns, and nothing is stored: send the file again with `mapping`, which gives each
    of them a meaning or `ignore`. Rates have up to 8 decimals a minute. With `dry_run` the report
    tells what would be done, refused rows included. Without it refused rows are the problem
    `import-refused`, whose member `report` tells the first of them; `import_id` names the import,
    whose refused rows can be downloaded.
    """
    content = await request.body()
    job = await changes.start_import(
        caller, rate_sheet_id, content, options, mode=mode, dry_run=dry_run, request_key=key
    )
    job = await changes.wait_for(caller, job, wait_seconds)
    if changes.is_open(job):
        return _goes_on(job)
    report = job.report
    if job.state == "refused" and report is not None:
        detail = f"{report.refused_count} rows need correcting; nothing was imported."
        raise RefusedWith(
            "import-refused", detail, report=report.model_dump(mode="json"), import_id=job.id
        )
    changes.refuse_unless_done(job)
    assert report is not None, "an import that is done has a report"
    response.headers["Location"] = _address(job)
    return report


@router.get("/{rate_sheet_id}/imports/{import_id}", responses=refusals("not-found"))
async def find_import(
    caller: Annotated[Caller, Depends(may(changes.find_rate_import))],
    rate_sheet_id: str,
    import_id: str,
) -> RateImport:
    """Tell how far a change of rates is: an import, a copy, a way back or a change by hand."""
    return await changes.find_rate_import(caller, rate_sheet_id, import_id)


@router.get(
    "/{rate_sheet_id}/imports/{import_id}/refused",
    response_class=Response,
    responses={**csv_answer("The first 10,000 refused rows"), **refusals("not-found")},
)
async def export_refused(
    caller: Annotated[Caller, Depends(may(changes.export_refused, gives=CSV))],
    rate_sheet_id: str,
    import_id: str,
) -> Response:
    """Download the rows that an import refused, with line, column and reason."""
    lines = await changes.export_refused(caller, rate_sheet_id, import_id)
    return csv_response(lines, "refused.csv")


@router.post(
    "/{rate_sheet_id}/copies",
    status_code=201,
    response_model=RateSheet,
    responses={
        **_GOES_ON,
        **refusals(
            "not-found",
            "rate-sheet-name-taken",
            "import-refused",
            "account-disabled",
            "idempotency-key-reused",
            body=True,
        ),
    },
)
async def copy_rate_sheet(
    *,
    caller: Annotated[Caller, Depends(may(changes.copy_rate_sheet))],
    rate_sheet_id: str,
    body: CopyBody,
    key: OptionalKey,
    wait_seconds: WaitSeconds,
    response: Response,
) -> RateSheet | Response:
    """Make a new sheet with the rates of this one, all dearer or cheaper by a margin."""
    job = await changes.copy_rate_sheet(caller, rate_sheet_id, body, key)
    answer = await _sheet_after(caller, job, wait_seconds, response)
    response.headers["Location"] = f"/v1/rate-sheets/{job.rate_sheet_id}"
    return answer


@router.get("/{rate_sheet_id}/revisions", responses=refusals("not-found"))
async def list_revisions(
    caller: Annotated[Caller, Depends(may(changes.list_revisions))], rate_sheet_id: str
) -> RateRevisions:
    """List the revisions that a sheet had and can go back to, the newest first.

    Each change of rates makes one. The newest 50 are kept, and all of the last day.
    """
    return await changes.list_revisions(caller, rate_sheet_id)


@router.post(
    "/{rate_sheet_id}/restore",
    response_model=RateSheet,
    responses={
        **_GOES_ON,
        **refusals(
            "not-found",
            "rate-sheet-busy",
            "import-refused",
            "too-many-requests",
            "account-disabled",
            "idempotency-key-reused",
            body=True,
        ),
    },
)
async def restore_revision(
    *,
    caller: Annotated[Caller, Depends(may(changes.restore_revision))],
    rate_sheet_id: str,
    body: RestoreBody,
    key: OptionalKey,
    wait_seconds: WaitSeconds,
    response: Response,
) -> RateSheet | Response:
    """Make the rates what they were in an earlier revision; that makes a new revision like it."""
    job = await changes.restore_revision(caller, rate_sheet_id, body.revision, key)
    return await _sheet_after(caller, job, wait_seconds, response)


_BY_HAND: Final = (
    "not-found",
    "rate-sheet-busy",
    "import-refused",
    "too-many-requests",
    "account-disabled",
    "version-conflict",
    "if-match-required",
    "idempotency-key-reused",
)


@router.put(
    "/{rate_sheet_id}/rates/{prefix}",
    response_model=RateSheet,
    responses={**_GOES_ON, **refusals(*_BY_HAND, body=True)},
)
async def put_rate(
    *,
    caller: Annotated[Caller, Depends(may(changes.change_rate))],
    rate_sheet_id: str,
    prefix: Prefix,
    body: RateBody,
    versions: IfMatch,
    key: OptionalKey,
    wait_seconds: WaitSeconds,
    response: Response,
    effective_from: EffectiveFrom = None,
) -> RateSheet | Response:
    """Change one rate, or add it; If-Match is the ETag of the sheet."""
    job = await changes.change_rate(
        caller,
        rate_sheet_id,
        await _version(caller, rate_sheet_id, versions),
        body,
        prefix=prefix,
        effective_from=effective_from,
        request_key=key,
    )
    return await _sheet_after(caller, job, wait_seconds, response)


@router.delete(
    "/{rate_sheet_id}/rates/{prefix}",
    response_model=RateSheet,
    responses={**_GOES_ON, **refusals(*_BY_HAND)},
)
async def remove_rate(
    *,
    caller: Annotated[Caller, Depends(may(changes.remove_rate))],
    rate_sheet_id: str,
    prefix: Prefix,
    versions: IfMatch,
    key: OptionalKey,
    wait_seconds: WaitSeconds,
    response: Response,
    effective_from: EffectiveFrom = None,
) -> RateSheet | Response:
    """Take one rate out of a sheet; If-Match is the ETag of the sheet."""
    job = await changes.remove_rate(
        caller,
        rate_sheet_id,
        await _version(caller, rate_sheet_id, versions),
        prefix=prefix,
        effective_from=effective_from,
        request_key=key,
    )
    return await _sheet_after(caller, job, wait_seconds, response)


async def _version(caller: Caller, rate_sheet_id: str, versions: tuple[int, ...] | None) -> int:
    async def current() -> int:
        return (await rates.find_rate_sheet(caller, rate_sheet_id)).version

    return await version_to_change(versions, current)


async def _sheet_after(
    caller: Caller, job: RateImport, wait_seconds: float, response: Response
) -> RateSheet | Response:
    """Return the sheet once its rates are changed, or where to ask when that takes long."""
    job = await changes.wait_for(caller, job, wait_seconds)
    if changes.is_open(job):
        return _goes_on(job)
    changes.refuse_unless_done(job)
    sheet = await rates.find_rate_sheet(caller, job.rate_sheet_id)
    response.headers["ETag"] = etag(sheet.version)
    return sheet
