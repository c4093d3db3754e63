"""API keys: made, listed and deleted by people."""

from contracts.base import Refused
from gateway.answers import KeyList, NewKey, key_view
from gateway.bodies import KeyBody
from gateway.caller import Caller, action


@action("operator", "reseller", changes=True, in_person=True)
async def make_key(caller: Caller, body: KeyBody) -> NewKey:
    """Make a key; its secret is in this answer and nowhere else."""
    key, secret = await caller.gateway.keys.make(caller.user, body.name, body.scope, caller.cause())
    return NewKey(**key_view(key).model_dump(), secret=secret)


@action("operator", "reseller", in_person=True)
async def list_keys(caller: Caller) -> KeyList:
    """List the keys of the caller's account."""
    keys = await caller.gateway.keys.of_account(caller.account_id)
    return KeyList(data=tuple(key_view(key) for key in keys))


@action("operator", "reseller", in_person=True)
async def delete_key(caller: Caller, key_id: str) -> None:
    """Delete a key of the caller's account; programs that use it are locked out at once."""
    if not await caller.gateway.keys.delete(caller.account_id, key_id, caller.cause()):
        raise Refused("not-found", "There is no such key.")
    caller.gateway.live.end_of_account(caller.account_id)
