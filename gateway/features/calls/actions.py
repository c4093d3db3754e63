"""Calls: what the switch asks about them, and what was charged."""

from collections.abc import AsyncIterator
from typing import Final

from contracts.base import Done
from contracts.billing import (
    AuthorizeCall,
    BilledCall,
    CallAuthorization,
    CallHolds,
    CallPage,
    CallRoute,
    DailyUsage,
    ExtendCall,
    FindCallRoute,
    FindDailyUsage,
    ListCallHolds,
    ListCalls,
    ReleaseCall,
)
from contracts.calls import DialFormat
from contracts.exact_rates import rate_text
from contracts.values import decimal_text
from gateway.features.calls.schemas import AuthorizeBody, ExtendBody, ReleaseBody
from gateway.http.exports import csv_of
from gateway.identity.caller import Caller, action
from gateway.identity.keys import Key
from services.chassis.tables import guarded

CALL_SETUP_SECONDS: Final = 4.0
"""A switch that waits longer for an answer has lost its caller."""

CALL_COLUMNS: Final = (
    "call_id",
    "answered_at",
    "caller",
    "destination",
    "country",
    "seconds",
    "rated_seconds",
    "rate",
    "cost",
    "charged_at",
)


# --- before and while a call runs -------------------------------------------------------------


@action("switch")
async def authorize_call(caller: Caller, body: AuthorizeBody) -> CallAuthorization:
    """Tell whether a call may be made and for how long; its first slice is held."""
    key = _switch_key(caller)
    told = {
        "dial_format": body.dial_format or (key.dial_format if key else None),
        "slice_seconds": key.slice_seconds if key else None,
    }
    query = AuthorizeCall.model_validate({**body.model_dump(), **told})
    return await caller.ask(query, timeout_seconds=CALL_SETUP_SECONDS)


def dial_format_of(caller: Caller) -> DialFormat | None:
    """Return how the switch writes destinations, as its key says; only such keys say it."""
    key = _switch_key(caller)
    return key.dial_format if key else None


def _switch_key(caller: Caller) -> Key | None:
    """Return the key that says how its switch works; only those of the scope `calls` do."""
    return caller.key if caller.key and caller.key.scope == "calls" else None


@action("switch")
async def extend_call(caller: Caller, call_id: str, body: ExtendBody) -> CallAuthorization:
    """Tell whether a call may go on; more of it is held."""
    key = _switch_key(caller)
    slice_seconds = key.slice_seconds if key else None
    query = ExtendCall(call_id=call_id, slice_seconds=slice_seconds, **body.model_dump())
    return await caller.ask(query, timeout_seconds=CALL_SETUP_SECONDS)


@action("switch")
async def release_call(caller: Caller, call_id: str, body: ReleaseBody) -> Done:
    """Free what is held for a call that came to nothing."""
    query = ReleaseCall(call_id=call_id, **body.model_dump())
    return await caller.ask(query, timeout_seconds=CALL_SETUP_SECONDS)


@action("switch", "operator", "reseller", "customer")
async def list_call_holds(caller: Caller, query: ListCallHolds) -> CallHolds:
    """Return the calls that run, of the caller's own account and those below it."""
    return await caller.ask(query)


@action("switch", "operator", "reseller")
async def find_call_route(caller: Caller, number: str) -> CallRoute:
    """Tell whose a call to a number is."""
    return await caller.ask(FindCallRoute(number=number), timeout_seconds=CALL_SETUP_SECONDS)


# --- what was charged -------------------------------------------------------------------------


@action("operator", "reseller", "customer")
async def list_calls(caller: Caller, query: ListCalls) -> CallPage:
    """Return billed calls of an account, for its parent or its administrator."""
    return await caller.ask(query)


@action("operator", "reseller", "customer")
async def export_calls(caller: Caller, query: ListCalls) -> AsyncIterator[str]:
    """Return billed calls as CSV text in pieces, one per page; Refused before the first."""
    return await csv_of(caller.ask, query, CALL_COLUMNS, _cells)


def _cells(call: BilledCall) -> tuple[str, ...]:
    return (
        guarded(call.call_id),
        call.answered_at.isoformat(),
        guarded(call.caller),
        guarded(call.destination),
        call.country or "",
        str(call.seconds),
        str(call.rated_seconds),
        rate_text(call.rate, call.rate_exact),
        decimal_text(call.cost),
        call.charged_at.isoformat() if call.charged_at else "",
    )


@action("operator", "reseller", "customer")
async def find_daily_usage(caller: Caller, query: FindDailyUsage) -> DailyUsage:
    """Tell what billed calls of an account came to from day to day."""
    return await caller.ask(query)
