"""Rejected calls: their reseller, or an operator, corrects, retries or dismisses them."""

from contracts.billing import (
    CorrectRejectedCall,
    DismissRejectedCall,
    FindRejectedCall,
    ListRejectedCalls,
    RejectedCall,
    RejectedCallPage,
    RetryRejectedCall,
)
from gateway.identity.caller import Caller, RequestKey, action


@action("operator", "reseller")
async def list_rejected_calls(caller: Caller, query: ListRejectedCalls) -> RejectedCallPage:
    """Return rejected calls, the oldest first."""
    return await caller.ask(query)


@action("operator", "reseller")
async def find_rejected_call(caller: Caller, rejected_call_id: str) -> RejectedCall:
    """Return one rejected call."""
    return await caller.ask(FindRejectedCall(rejected_call_id=rejected_call_id))


@action("operator", "reseller", changes=True)
async def retry_rejected_call(
    caller: Caller, rejected_call_id: str, request_key: RequestKey | None = None
) -> RejectedCall:
    """Have a rejected call charged again."""
    command = RetryRejectedCall(rejected_call_id=rejected_call_id)
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller", changes=True)
async def dismiss_rejected_call(
    caller: Caller, command: DismissRejectedCall, request_key: RequestKey | None = None
) -> RejectedCall:
    """Close a rejected call without charging it."""
    return await caller.ask(command, request_key=request_key)


@action("operator", "reseller", changes=True)
async def correct_rejected_call(
    caller: Caller, command: CorrectRejectedCall, request_key: RequestKey | None = None
) -> RejectedCall:
    """Change fields of a rejected call and have it charged again."""
    return await caller.ask(command, request_key=request_key)
