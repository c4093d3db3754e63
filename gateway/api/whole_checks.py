"""Every wrong field of an order at once: what can't be understood, and what its owners refuse.

FastAPI stops at fields of a wrong type. Where an order can be quoted, the rest of it is checked
too: the fields that can't be understood are filled in with something harmless, and what the
services refuse of the others is added to the answer. A quote changes nothing.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from contracts.base import FieldError, Refused
from gateway.actions import opening
from gateway.bodies import AccountBody, ResellerBody
from gateway.caller import Caller
from gateway.identify import caller_of

Faults = Sequence[Mapping[str, Any]]
Place = tuple[int | str, ...]
BodyType = TypeVar("BodyType", bound=BaseModel)

ROUNDS_MAX: Final = 4
"""An object that is missing is filled in round by round: itself, then its fields."""

HARMLESS: Final[Mapping[str, object]] = {
    "administrator": {},
    "plan": {},
    "credit": None,
    "billing_address": None,
    "expected_total": None,
    "hold_id": None,
    "numbers": [],
    "countries": [],
    "users": 1,
    "minutes": 0,
    "cost_per_user": "0.00",
    "amount": "1.00",
    "country": "US",
    "currency": "USD",
    "time_zone": "UTC",
    "domestic_policy": "included",
    "premium_allowed": False,
    "send_welcome": True,
}
"""By the name of the field; any other field is filled in with an empty text."""


class WholeOrderRoute(APIRoute):
    """A route whose body is an order that can be quoted."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, which tells of all wrong fields of the body."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                raise await _whole(request, error) from None

        return handler


async def _whole(request: Request, error: RequestValidationError) -> RequestValidationError:
    faults: Faults = error.errors()
    if any(fault["loc"][:1] != ("body",) or fault["type"] == "json_invalid" for fault in faults):
        return error
    caller, body = await caller_of(request), cast("object", error.body)
    found = await _refused(caller, request.url.path, body, faults)
    known = [_pointer(fault) for fault in faults]
    others = (one for one in found if not any(_is_within(one.pointer, place) for place in known))
    return RequestValidationError([*faults, *(_fault(one) for one in others)], body=body)


async def _refused(caller: Caller, path: str, body: object, faults: Faults) -> Sequence[FieldError]:
    """Return what the owners refuse of an order whose faults are filled in."""
    try:
        if path.startswith("/v1/resellers"):
            await opening.quote_reseller(caller, _filled(ResellerBody, body, faults))
        else:
            await opening.quote_account(caller, _filled(AccountBody, body, faults))
    except Refused as refusal:
        return refusal.problem.errors
    except ValidationError:
        return ()  # it can't be filled in, so the answer has only what FastAPI found
    return ()


def _filled(model: type[BodyType], body: object, faults: Faults) -> BodyType:
    """Return a body with something harmless in each faulty field; raises ValidationError."""
    found = [(tuple(fault["loc"][1:]), fault["type"]) for fault in faults]
    for _ in range(ROUNDS_MAX):
        for place, kind in found:
            body = _mended(body, place, remove=kind == "extra_forbidden")
        try:
            return model.model_validate(body)
        except ValidationError as error:
            found = [(tuple(fault["loc"]), fault["type"]) for fault in error.errors()]
    return model.model_validate(body)


def _mended(value: object, place: Place, *, remove: bool) -> object:
    """Return a value with something harmless in one place, or without what is there."""
    if not place:
        return {}
    step, rest = place[0], place[1:]
    if isinstance(value, dict):
        fields: dict[object, object] = dict(value)  # pyright: ignore[reportUnknownArgumentType] - it is JSON
        if remove and not rest:
            fields.pop(step, None)
        else:
            filled = HARMLESS.get(str(step), "")
            fields[step] = _mended(fields.get(step), rest, remove=remove) if rest else filled
        return fields
    if isinstance(value, list) and isinstance(step, int) and step < len(value):  # pyright: ignore[reportUnknownArgumentType] - it is JSON
        items: list[object] = list(value)  # pyright: ignore[reportUnknownArgumentType] - it is JSON
        items[step] = _mended(items[step], rest, remove=remove) if rest else ""
        return items
    return value  # pyright: ignore[reportUnknownVariableType] - it is JSON


def _pointer(fault: Mapping[str, Any]) -> str:
    return "".join(f"/{step}" for step in fault["loc"][1:])


def _is_within(pointer: str, place: str) -> bool:
    return pointer == place or pointer.startswith(f"{place}/")


def _fault(error: FieldError) -> Mapping[str, Any]:
    """Return a refused field as FastAPI tells of one; its sentence ends with a full stop there."""
    loc = ("body", *error.pointer.split("/")[1:])
    return {"type": error.type, "loc": loc, "msg": error.detail.removesuffix(".")}
