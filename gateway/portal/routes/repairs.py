"""Records that could not be charged: an operator looks at them and has them charged again."""

import json
from functools import partial
from typing import Final, get_args

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.base import Refused
from contracts.billing import ListRepairs, Repair, RepairStatus
from gateway.actions import calls
from gateway.portal.browser import OperatorBrowser, see
from gateway.portal.contents import ROWS_PER_PAGE, list_query
from gateway.portal.formatting import plural
from gateway.portal.forms import SentForm, one_of
from gateway.portal.several import each
from gateway.portal.views.calls import RepairRow, RepairsPage
from gateway.portal.views.parts import Pager

LIST: Final = "/repairs"
PARAMETERS: Final = ("status", "after")
STATUSES: Final[tuple[RepairStatus, ...]] = get_args(RepairStatus)
BACK_CHARACTERS_MAX: Final = 2_200

router = APIRouter(prefix=LIST, include_in_schema=False)


@router.get("")
async def list_repairs(browser: OperatorBrowser) -> Response:
    """List records that could not be charged, the oldest first; those that wait unless asked."""
    query = list_query(browser.request.url, *PARAMETERS)
    wanted = query.value("status")
    status = None if wanted == "all" else one_of(STATUSES, wanted) or "waiting"
    cursor = query.value("after") or None
    try:
        page = await calls.list_repairs(
            browser.caller, ListRepairs(status=status, limit=ROWS_PER_PAGE, cursor=cursor)
        )
    except Refused as refusal:
        if refusal.problem.type != "invalid-cursor":
            raise
        return see(query.url(after=""))
    return await browser.show(
        RepairsPage(
            query=query,
            zone=browser.user.time_zone,
            segments=(
                query.segment("status", "", "Waiting"),
                query.segment("status", "replaying", "Being replayed"),
                query.segment("status", "charged", "Charged"),
                query.segment("status", "all", "All"),
            ),
            rows=tuple(_row(repair) for repair in page.data),
            pager=Pager(
                text=plural(len(page.data), "record"),
                first_url=query.url(after="") if query.value("after") else "",
                next_url=query.url(after=page.next) if page.next else "",
            ),
        )
    )


def _row(repair: Repair) -> RepairRow:
    seconds = repair.record.get("seconds")
    return RepairRow(
        id=repair.id,
        reason=repair.reason,
        detail=repair.detail,
        call_id=repair.call_id,
        account_id=repair.account_id,
        caller=_told(repair, "caller"),
        destination=_told(repair, "destination"),
        seconds=seconds if isinstance(seconds, int) and seconds >= 0 else None,
        record=json.dumps(repair.record, indent=2, ensure_ascii=False),
        status=repair.status,
        received_at=repair.received_at,
    )


def _told(repair: Repair, name: str) -> str:
    """Return a text of a record, which may hold anything."""
    value = repair.record.get(name)
    return value if isinstance(value, str) else ""


@router.post("/replay")
async def replay_several(browser: OperatorBrowser, form: SentForm) -> Response:
    """Have the ticked records charged again."""
    back = form.text("back", BACK_CHARACTERS_MAX)
    if not (back == LIST or back.startswith(f"{LIST}?")):
        back = LIST
    ticked = form.texts("repair", ROWS_PER_PAGE)
    if not ticked:
        return await browser.go(back, "Tick the records first.", bad=True)
    several = await each(ticked, partial(calls.replay_repair, browser.caller))
    sent = f"{plural(len(several.done), 'record')} sent to be charged again."
    said = f"{sent} {several.why_not({})}".strip()
    return await browser.go(back, said, bad=bool(several.refused))
