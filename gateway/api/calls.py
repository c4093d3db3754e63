"""Calls over HTTP: the switch asks and tells, accounts see what was charged, operators repair."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import TypeAdapter

from contracts.billing import (
    CallAuthorization,
    CallDays,
    CallPage,
    FindCallDays,
    ListCalls,
    ListRepairs,
    Repair,
    RepairPage,
    RepairStatus,
)
from contracts.calls import CALL_ID_CHARACTERS_MAX
from contracts.values import PAGE_ITEMS_MAX
from gateway.actions import calls
from gateway.answers import RecordsTaken
from gateway.api.downloads import csv_answer, csv_response
from gateway.api.requests import CSV, JSON, Cursor, From, Limit, OptionalKey, To, may
from gateway.api.uploads import json_body
from gateway.bodies import (
    RECORDS_PER_BATCH_MAX,
    AuthorizeBody,
    CallBatchBody,
    CallRecordBody,
    CallRecords,
    ExtendBody,
    ReleaseBody,
)
from gateway.caller import Caller
from gateway.problems import refusals
from gateway.times import Day

router = APIRouter(tags=["calls"])

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


@router.post(
    "/v1/calls/authorize",
    response_model=CallAuthorization,
    responses=refusals(body=True),
    openapi_extra=_AUTHORIZE_BODY,
)
async def authorize_call(request: Request) -> Response:
    """Ask, before a call is put through, whether it may be made and for how long.

    `seconds` are held now: extend the call before they have passed. `max_seconds` is the longest,
    up to what was requested, that the account could pay. Asked again, the answer stays. A refusal
    is an answer too: `granted` is false and `reason` says why.
    """
    caller = await _may_authorize(request, None, None)
    answer = await calls.authorize_call(caller, await json_body(request, _AUTHORIZE))
    # read and written by pydantic alone: a caller waits for it, and there is one for each call
    return Response(answer.model_dump_json(exclude_none=True), media_type=JSON)


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
    """Ask for a running call's next seconds; `seconds` counts from its answer.

    Two accounts may have calls with the same id: name the account, or be refused if they do.
    Asked for no more seconds than are held, the answer is what is held.
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


@router.post("/v1/calls", status_code=202, responses=refusals(body=True))
async def take_record(
    caller: Annotated[Caller, Depends(may(calls.take_records))], body: CallRecordBody
) -> RecordsTaken:
    """Tell of a call that has ended; answered once its record is safe, charged a moment later.

    A record that is sent twice is charged once: `call_id` is the key. One that cannot be charged
    waits in the repair list.
    """
    return await calls.take_records(caller, (body,))


@router.post(
    "/v1/calls/batch",
    status_code=202,
    responses=refusals(body=True),
    openapi_extra=_BATCH_OR_LIST,
)
async def take_records(
    caller: Annotated[Caller, Depends(may(calls.take_records))], request: Request
) -> RecordsTaken:
    """Tell of up to 1,000 calls: `{"calls": […]}`, or the array alone.

    All are taken or none: a record that is wrong is named by its pointer, such as
    `/calls/3/seconds`. After a 503 send the whole batch again; none is charged twice.
    """
    if (await request.body()).lstrip()[:1] == b"[":
        return await calls.take_records(caller, await json_body(request, _LIST), "/")
    batch = await json_body(request, _BATCH)
    return await calls.take_records(caller, batch.calls, "/calls/")


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
    """List the billed calls of a time frame, the last charged first, with their totals.

    The frame is one of charging, as in the ledger. Calls that bundled minutes covered whole are
    not listed; of one that outlived its bundle `rated_seconds` are the seconds charged.
    """
    query = ListCalls(account_id=account_id, start=start, end=end, limit=limit, cursor=cursor)
    return await calls.list_calls(caller, query)


@router.get("/v1/accounts/{account_id}/calls/days", responses=refusals("not-found"))
async def find_call_days(
    caller: Annotated[Caller, Depends(may(calls.find_call_days))],
    account_id: str,
    first: Annotated[Day, Query(description="The first day, in the account's time zone.")],
    last: Annotated[Day, Query(description="The last day; 92 days at most.")],
) -> CallDays:
    """Tell minutes used and call charges of each day."""
    query = FindCallDays(account_id=account_id, first=first, last=last)
    return await calls.find_call_days(caller, query)


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
    query = ListCalls(account_id=account_id, start=start, end=end, limit=PAGE_ITEMS_MAX)
    return csv_response(await calls.export_calls(caller, query), "calls.csv")


# --- repairs ----------------------------------------------------------------------------------


@router.get("/v1/repairs", responses=refusals("invalid-cursor"))
async def list_repairs(
    *,
    caller: Annotated[Caller, Depends(may(calls.list_repairs))],
    status: Annotated[RepairStatus | None, Query(description="Without it: all.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> RepairPage:
    """List the records that could not be charged, the oldest first, each with the reason."""
    query = ListRepairs(status=status, limit=limit, cursor=cursor)
    return await calls.list_repairs(caller, query)


@router.post(
    "/v1/repairs/{repair_id}/replay", responses=refusals("not-found", "idempotency-key-reused")
)
async def replay_repair(
    caller: Annotated[Caller, Depends(may(calls.replay_repair))], repair_id: str, key: OptionalKey
) -> Repair:
    """Let a record be charged again in a moment, once what was wrong is put right."""
    return await calls.replay_repair(caller, repair_id, key)
