"""Who changed what, from what to what, and on whose behalf."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from contracts.audit import AuditFilter
from contracts.values import PAGE_ITEMS_MAX
from gateway.features.audit import actions as audit
from gateway.features.audit.schemas import AuditTrail
from gateway.files.downloads import csv_answer, csv_response
from gateway.http.problems import refusals
from gateway.identity.caller import Caller
from gateway.identity.requests import CSV, Cursor, From, Limit, To, may

router = APIRouter(prefix="/v1", tags=["audit"])

OfAccount = Annotated[
    str | None,
    Query(
        max_length=64,
        description="Of this account. Otherwise of all yours.",
    ),
]
ByActor = Annotated[
    str | None, Query(max_length=64, description="By this person or key, by its id.")
]


@router.get("/audit", responses=refusals("not-found", "invalid-cursor"))
async def list_changes(
    *,
    caller: Annotated[Caller, Depends(may(audit.list_changes))],
    account_id: OfAccount = None,
    actor: ByActor = None,
    start: From = None,
    end: To = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AuditTrail:
    """List what was changed of your account and the accounts below it, newest first."""
    wanted = AuditFilter(
        account_id=account_id, actor=actor, start=start, end=end, limit=limit, cursor=cursor
    )
    return await audit.list_changes(caller, wanted)


@router.get(
    "/audit.csv",
    response_class=Response,
    responses={**csv_answer("All changes of the time frame"), **refusals("not-found")},
)
async def export_changes(
    caller: Annotated[Caller, Depends(may(audit.export_changes, gives=CSV))],
    account_id: OfAccount = None,
    actor: ByActor = None,
    start: From = None,
    end: To = None,
) -> Response:
    """Download what was changed in a time frame as CSV, however much."""
    wanted = AuditFilter(
        account_id=account_id, actor=actor, start=start, end=end, limit=PAGE_ITEMS_MAX
    )
    return csv_response(await audit.export_changes(caller, wanted), "audit.csv")
