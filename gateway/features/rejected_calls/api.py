"""Rejected calls over HTTP; the paths under `/v1/repairs` are those of before."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from contracts.billing import (
    CorrectRejectedCall,
    DismissRejectedCall,
    ListRejectedCalls,
    RejectedCall,
    RejectedCallPage,
    RejectedCallStatus,
    RejectionReason,
)
from gateway.features.rejected_calls import actions as rejected_calls
from gateway.features.rejected_calls.schemas import CorrectionPatch, DismissalBody
from gateway.http.problems import refusals
from gateway.identity.caller import Caller
from gateway.identity.requests import (
    JSON,
    MERGE_PATCH,
    Cursor,
    IfMatch,
    Limit,
    OptionalKey,
    etag,
    may,
    version_to_change,
)
from gateway.identity.whole_checks import WholeBodyRoute

LIST = "/v1/rejected-calls"
ONE = "/v1/rejected-calls/{rejected_call_id}"

router = APIRouter(tags=["calls"], route_class=WholeBodyRoute)


@router.get(
    "/v1/repairs",
    operation_id="list_repairs",
    deprecated=True,
    responses=refusals("invalid-cursor"),
)
@router.get(LIST, responses=refusals("invalid-cursor"))
async def list_rejected_calls(
    *,
    caller: Annotated[Caller, Depends(may(rejected_calls.list_rejected_calls))],
    status: Annotated[RejectedCallStatus | None, Query(description="Without it: all.")] = None,
    reason: Annotated[RejectionReason | None, Query(description="Without it: all.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> RejectedCallPage:
    """List the records that could not be charged, the oldest first, each with the reason.

    Operators see all of them; resellers those of their accounts and those that their switch sent.
    """
    query = ListRejectedCalls(status=status, reason=reason, limit=limit, cursor=cursor)
    return await rejected_calls.list_rejected_calls(caller, query)


@router.get(ONE, responses=refusals("not-found"))
async def find_rejected_call(
    caller: Annotated[Caller, Depends(may(rejected_calls.find_rejected_call))],
    rejected_call_id: str,
    response: Response,
) -> RejectedCall:
    """Return one rejected call; its ETag is what a correction takes as If-Match."""
    found = await rejected_calls.find_rejected_call(caller, rejected_call_id)
    response.headers["ETag"] = etag(found.version)
    return found


@router.patch(
    ONE,
    responses=refusals(
        "not-found",
        "version-conflict",
        "if-match-required",
        "rejected-call-closed",
        "idempotency-key-reused",
        body=True,
    ),
)
async def correct_rejected_call(
    *,
    caller: Annotated[
        Caller, Depends(may(rejected_calls.correct_rejected_call, takes=(MERGE_PATCH, JSON)))
    ],
    rejected_call_id: str,
    body: CorrectionPatch,
    versions: IfMatch,
    key: OptionalKey,
    response: Response,
) -> RejectedCall:
    """Change fields of a rejected call and retry it; it waits again if it still can't be charged.

    Give the account as `account_id` or as `realm`. The record is kept as it came.
    """

    async def current() -> int:
        return (await rejected_calls.find_rejected_call(caller, rejected_call_id)).version

    command = CorrectRejectedCall(
        rejected_call_id=rejected_call_id,
        version=await version_to_change(versions, current),
        **body.model_dump(exclude_unset=True),
    )
    corrected = await rejected_calls.correct_rejected_call(caller, command, key)
    response.headers["ETag"] = etag(corrected.version)
    return corrected


@router.post(
    "/v1/repairs/{rejected_call_id}/replay",
    operation_id="replay_repair",
    deprecated=True,
    responses=refusals("not-found", "idempotency-key-reused"),
)
@router.post(f"{ONE}/retry", responses=refusals("not-found", "idempotency-key-reused"))
async def retry_rejected_call(
    caller: Annotated[Caller, Depends(may(rejected_calls.retry_rejected_call))],
    rejected_call_id: str,
    key: OptionalKey,
) -> RejectedCall:
    """Try to charge a rejected call again in a moment, once the cause is fixed."""
    return await rejected_calls.retry_rejected_call(caller, rejected_call_id, key)


@router.post(
    f"{ONE}/dismiss",
    responses=refusals("not-found", "rejected-call-closed", "idempotency-key-reused", body=True),
)
async def dismiss_rejected_call(
    caller: Annotated[Caller, Depends(may(rejected_calls.dismiss_rejected_call))],
    rejected_call_id: str,
    body: DismissalBody,
    key: OptionalKey,
) -> RejectedCall:
    """Close a rejected call without charging it; the reason is kept with it."""
    command = DismissRejectedCall(rejected_call_id=rejected_call_id, reason=body.reason)
    return await rejected_calls.dismiss_rejected_call(caller, command, key)
