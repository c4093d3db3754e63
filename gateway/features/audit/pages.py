"""The audit trail: who changed what, from what to what, and on whose behalf."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import Response

from contracts.audit import AuditFilter
from contracts.base import Refused
from contracts.names import sort_key
from gateway.features.accounts import actions as accounts
from gateway.features.audit import actions as audit
from gateway.features.audit.schemas import AuditTrail, ShownChange
from gateway.features.audit.views import AuditPage, ChangedField, ChangeRow
from gateway.identity.caller import Caller
from gateway.portal.browser import Browser, SellerBrowser, see
from gateway.portal.days import DAY, Days, days_of, first_of_month, segments_of
from gateway.portal.days import Choice as Frame
from gateway.portal.presenters import ROWS_PER_PAGE, first_pager, list_query
from gateway.portal.views.parts import Choice, Link, ListQuery

PARAMETERS: Final = ("account", "actor", "from", "to", "after")

router = APIRouter(include_in_schema=False)


@router.get("/audit")
async def list_changes(browser: SellerBrowser) -> Response:
    """List the changes of one's own account and those below it, newest first."""
    caller = browser.caller
    query = list_query(browser.request.url, *PARAMETERS)
    days = days_of(query, ZoneInfo(browser.user.time_zone))
    wanted = AuditFilter(
        account_id=query.value("account") or None,
        actor=query.value("actor") or None,
        start=days.start,
        end=days.end,
        limit=ROWS_PER_PAGE,
        cursor=query.value("after") or None,
    )
    try:
        trail = await audit.list_changes(caller, wanted)
    except Refused as refusal:
        if refusal.problem.code != "invalid-cursor":
            raise
        return see(query.url(after=""))
    return await browser.show(await _page(browser, query, days, trail))


async def _page(browser: Browser, query: ListQuery, days: Days, trail: AuditTrail) -> AuditPage:
    caller = browser.caller
    names = await _names(caller, {*_accounts_of(trail.data), query.value("account")} - {""})
    return AuditPage(
        query=query,
        zone=browser.user.time_zone,
        first_day=days.first_text,
        last_day=days.last_text,
        presets=segments_of(query, _frames(caller, days)),
        people=_people(trail.data, browser.user.country),
        filters=_filters(query, names, trail.data),
        export_url=_export_url(query, days),
        rows=tuple(_row(change, query, names) for change in trail.data),
        pager=first_pager(query, len(trail.data), "change", after=trail.next),
    )


def _frames(caller: Caller, days: Days) -> tuple[Frame, ...]:
    today = caller.gateway.clock().astimezone(days.zone).date()
    month = first_of_month(today)
    return (
        Frame("All time"),
        Frame("Today", today, today),
        Frame("This month", month),
        Frame("Last month", first_of_month(today, 1), month - DAY),
    )


def _export_url(query: ListQuery, days: Days) -> str:
    of_days = days.url("/v1/audit.csv")
    other = {"account_id": query.value("account"), "actor": query.value("actor")}
    joint = ListQuery(path="", parameters=other).url().removeprefix("?")
    return f"{of_days}{'&' if '?' in of_days else '?'}{joint}" if joint else of_days


def _accounts_of(changes: Iterable[ShownChange]) -> set[str]:
    return {change.account_id for change in changes} | {one.actor_account_id for one in changes}


async def _names(caller: Caller, account_ids: set[str]) -> dict[str, str]:
    """Return the names of accounts that the caller may see, the own one among them."""
    known = {caller.account_id: caller.user.account_name or "Platform"}
    others = sorted(account_ids - known.keys())

    async def name_of(account_id: str) -> str:
        try:
            return (await accounts.find_account(caller, account_id)).name
        except Refused as refusal:
            if refusal.problem.code != "not-found":
                raise
            return ""

    found = await asyncio.gather(*(name_of(one) for one in others))
    return {**known, **dict(zip(others, found, strict=True))}


def _filters(
    query: ListQuery, names: Mapping[str, str], changes: Iterable[ShownChange]
) -> tuple[Link, ...]:
    """Return the filters in force; a person is named only as the author of what is shown."""
    links: list[Link] = []
    if account := query.value("account"):
        label = f"Account: {names.get(account) or account}"
        links.append(Link(label=label, url=query.url(account="", after="")))
    if actor := query.value("actor"):
        name = next((change.actor_name for change in changes if change.actor == actor), "")
        links.append(Link(label=f"By: {name or actor}", url=query.url(actor="", after="")))
    return tuple(links)


def _people(changes: Iterable[ShownChange], country: str) -> tuple[Choice, ...]:
    names = {change.actor: change.actor_name or change.actor for change in changes}
    by_name = sorted(names.items(), key=lambda item: sort_key(item[1], country))
    return tuple(Choice(value=actor, label=name) for actor, name in by_name)


def _row(change: ShownChange, query: ListQuery, names: dict[str, str]) -> ChangeRow:
    name = change.actor_name or change.actor
    account = names.get(change.account_id, "")
    return ChangeRow(
        at=change.at,
        actor=Link(label=name, url=query.url(actor=change.actor, after="")),
        actor_account=_actor_account(change, names),
        account=Link(label=account, url=query.url(account=change.account_id, after=""))
        if account
        else None,
        what=_sentence(change.action),
        subject=change.subject,
        fields=tuple(
            ChangedField(
                name=_sentence(field),
                before=change.before.get(field, ""),
                after=change.after.get(field, ""),
            )
            for field in dict.fromkeys((*change.before, *change.after))
        ),
    )


def _actor_account(change: ShownChange, names: dict[str, str]) -> str:
    """Return the party for which a person acted, if that is another account."""
    if change.actor_account_id == change.account_id:
        return ""
    return names.get(change.actor_account_id, "")


def _sentence(word: str) -> str:
    """Write a machine's word as people do: `account.disabled` is `Account disabled`."""
    text = word.replace(".", " ").replace("_", " ").replace("-", " ")
    return f"{text[:1].upper()}{text[1:]}"
