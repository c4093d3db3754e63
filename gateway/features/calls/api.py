"""Calls over HTTP: what a switch asks and sends, and what accounts were charged."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter

from contracts.billing import (
    DIALLED_CHARACTERS_MAX,
    CallAuthorization,
    CallHolds,
    CallPage,
    CallRoute,
    DailyUsage,
    FindDailyUsage,
    ListCallHolds,
    ListCalls,
    RejectedRecord,
)
from contracts.calls import CALL_ID_CHARACTERS_MAX, CallEnded
from contracts.values import PAGE_ITEMS_MAX
from gateway.features.calls import actions as calls
from gateway.features.calls import records
from gateway.features.calls.schemas import (
    RECORDS_PER_BATCH_MAX,
    AnyBatchBody,
    AnyRecords,
    AuthorizeBody,
    CallBatchBody,
    CallRecordBody,
    CallRecords,
    ExtendBody,
    RecordsAccepted,
    ReleaseBody,
)
from gateway.files.downloads import csv_answer, csv_response
from gateway.files.uploads import json_body
from gateway.http.exact_rates import ExactRates
from gateway.http.problems import refusals
from gateway.http.routing import BareRoute
from gateway.http.times import Day
from gateway.identity.caller import Caller
from gateway.identity.requests import CSV, JSON, Cursor, From, Limit, To, may

router = APIRouter(tags=["calls"], default_response_class=ExactRates)

CallId = Annotated[str, Path(min_length=1, max_length=CALL_ID_CHARACTERS_MAX)]

_may_authorize: Final = may(calls.authorize_call)
_AUTHORIZE: Final = TypeAdapter(AuthorizeBody)
_AUTHORIZE_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/AuthorizeBody"}}},
    },
    "security": [{"key": []}, {"session": []}],
}
_BATCH: Final = TypeAdapter(CallBatchBody)
_LIST: Final = TypeAdapter(CallRecords)
_ANY_BATCH: Final = TypeAdapter(AnyBatchBody)
_ANY_LIST: Final = TypeAdapter(AnyRecords)
_BATCH_OR_LIST: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {
                "schema": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/CallBatchBody"},
                        {
                            "type": "array",
                            "items": {"$ref": "#/components/schemas/CallRecordBody"},
                            "maxItems": RECORDS_PER_BATCH_MAX,
                        },
                    ]
                }
            }
        },
    }
}


# --- the switch -----------------------------------------------------------------------------


async def authorize_call(request: Request) -> Response:
    """Ask, before a call is put through, whether it may be made and for how long.

    `seconds` are held now, until `expires_at`: extend the call before they have passed.
    `max_seconds` is the longest, up to what was requested, that the account could pay. A call that
    costs nothing is granted whole. Asked again, the answer stays; asked for another destination
    (a redirection, another gateway), what is held is exchanged, or the call is refused. A refusal
    is an answer too: `granted` is false and `reason` says why.
    """
    caller = await _may_authorize(request, None, None)
    answer = await calls.authorize_call(caller, await json_body(request, _AUTHORIZE))
    if answer.rate_exact is not None:
        return ExactRates(answer.model_dump(mode="json", exclude_none=True))
    # read and written by pydantic alone: a caller waits for it, and there is one for each call
    return Response(answer.model_dump_json(exclude_none=True), media_type=JSON)


router.add_api_route(
    "/v1/calls/authorize",
    authorize_call,
    methods=["POST"],
    response_model=CallAuthorization,
    responses=refusals(body=True),
    openapi_extra=_AUTHORIZE_BODY,
    route_class_override=BareRoute,
)


@router.post(
    "/v1/calls/{call_id:path}/extend",
    response_model_exclude_none=True,
    responses=refusals("not-found", "ambiguous-account", body=True),
)
async def extend_call(
    caller: Annotated[Caller, Depends(may(calls.extend_call))],
    call_id: CallId,
    body: ExtendBody | None = None,
) -> CallAuthorization:
    """Ask for more of a running call; `seconds` counts from its answer.

    `total_seconds` is absolute: asked twice, it's answered the same. Tell with `elapsed_seconds`
    how long ago the call was answered, so that ringing uses up nothing of what is held. Two
    accounts may have calls with the same id: name the account, or be refused if they do. Asked for
    no more seconds than are held, the answer is what is held.
    """
    return await calls.extend_call(caller, call_id, body or ExtendBody())


@router.post(
    "/v1/calls/{call_id:path}/release",
    status_code=204,
    responses=refusals("ambiguous-account", body=True),
)
async def release_call(
    caller: Annotated[Caller, Depends(may(calls.release_call))],
    call_id: CallId,
    body: ReleaseBody | None = None,
) -> None:
    """Tell that a call came to nothing: what is held for it is free again, no record follows."""
    await calls.release_call(caller, call_id, body or ReleaseBody())


@router.get("/v1/calls/holds", responses=refusals("invalid-cursor"))
async def list_call_holds(
    caller: Annotated[Caller, Depends(may(calls.list_call_holds))],
    account_id: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> CallHolds:
    """List the calls that run, by account and call: those that something is held for.

    Yours and those of the accounts below you, or of one of these. A call that has ended without a
    record is among them until it's released or expires.
    """
    query = ListCallHolds(account_id=account_id, limit=limit, cursor=cursor)
    return await calls.list_call_holds(caller, query)


@router.get("/v1/calls/route", responses=refusals("not-found"))
async def find_call_route(
    caller: Annotated[Caller, Depends(may(calls.find_call_route))],
    number: Annotated[
        str,
        Query(
            min_length=1,
            max_length=DIALLED_CHARACTERS_MAX,
            description="International, with or without `+` or `00`.",
            examples=["+442079460321"],
        ),
    ],
) -> CallRoute:
    """Find whose a call to one of our numbers is, and whether the account may have it.

    A `+` in an address is a space unless it's written `%2B`; without it the number is read as well.
    """
    return await calls.find_call_route(caller, number)


@router.post("/v1/calls", status_code=202, responses=refusals(body=True))
async def take_record(
    caller: Annotated[Caller, Depends(may(records.take_records))], body: CallRecordBody
) -> RecordsAccepted:
    """Send the record of a call that has ended; it's charged a moment after it's safe.

    A record that is sent twice is charged once: `call_id` is the key within its account. One that
    can't be charged becomes a rejected call; if we know at once, the answer says so.
    """
    return await records.take_records(caller, (body,))


@router.post(
    "/v1/calls/batch",
    status_code=202,
    responses=refusals(body=True),
    openapi_extra=_BATCH_OR_LIST,
)
async def take_records(
    caller: Annotated[Caller, Depends(may(records.take_records))], request: Request
) -> RecordsAccepted:
    """Send up to 1,000 records: `{"calls": […]}`, or the array alone.

    Each record has an answer in `data`: `accepted`, or `rejected` with the reason. No record keeps
    another from being charged; one that is rejected waits as a rejected call. After a 503 send the
    whole batch again; none is charged twice.
    """
    return await records.take_records(caller, await _records(request))


async def _records(request: Request) -> Sequence[CallEnded | RejectedRecord]:
    """Return the records of a batch; those that aren't any stand for themselves."""
    is_list = (await request.body()).lstrip()[:1] == b"["
    with suppress(RequestValidationError):
        # nearly always every record is one, and pydantic reads all at once
        if is_list:
            return await json_body(request, _LIST)
        return (await json_body(request, _BATCH)).calls
    items = (
        await json_body(request, _ANY_LIST)
        if is_list
        else (await json_body(request, _ANY_BATCH)).calls
    )
    return [records.read_record(item) for item in items]


# --- an account's calls -----------------------------------------------------------------------


@router.get("/v1/accounts/{account_id}/calls", responses=refusals("not-found", "invalid-cursor"))
async def list_calls(
    *,
    caller: Annotated[Caller, Depends(may(calls.list_calls))],
    account_id: str,
    start: From = None,
    end: To = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> CallPage:
    """List the billed calls of a time frame, the last answered first, with their totals.

    `charged_at` is when a call was charged, which decides its invoice. Calls that bundled minutes
    covered whole are not listed; of one that outlived its bundle `rated_seconds` are the seconds
    charged.
    """
    query = ListCalls(account_id=account_id, start=start, end=end, limit=limit, cursor=cursor)
    return await calls.list_calls(caller, query)


@router.get("/v1/accounts/{account_id}/usage/daily", responses=refusals("not-found"))
async def find_daily_usage(
    caller: Annotated[Caller, Depends(may(calls.find_daily_usage))],
    account_id: str,
    first: Annotated[Day, Query(description="The first day, in the account's time zone.")],
    last: Annotated[Day, Query(description="The last day; 92 days at most.")],
) -> DailyUsage:
    """Tell minutes used and call charges of each day."""
    query = FindDailyUsage(account_id=account_id, first=first, last=last)
    return await calls.find_daily_usage(caller, query)


@router.get(
    "/v1/accounts/{account_id}/calls.csv",
    response_class=Response,
    responses={**csv_answer("All billed calls of the time frame"), **refusals("not-found")},
)
async def export_calls(
    caller: Annotated[Caller, Depends(may(calls.export_calls, gives=CSV))],
    account_id: str,
    start: From = None,
    end: To = None,
) -> Response:
    """Download the billed calls of a time frame as CSV, however many."""
    query = ListCalls(
        account_id=account_id, start=start, end=end, limit=PAGE_ITEMS_MAX, with_totals=False
    )
    return csv_response(await calls.export_calls(caller, query), "calls.csv")
