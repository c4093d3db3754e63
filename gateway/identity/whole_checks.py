"""Every wrong field of a body at once: what can't be understood, and what its owners refuse.

FastAPI stops at fields of a wrong type. The rest of such a body is checked too: the fields that
can't be understood are left out or filled in, the route does its work as a check, which changes
nothing, and what is refused of the other fields is added to the answer.
"""

import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, cast

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.types import Message

from contracts.base import FieldError, Refused
from gateway.http.checking import as_check
from gateway.identity.caller import Checked

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Faults = Sequence[Mapping[str, Any]]
Place = tuple[int | str, ...]

ROUNDS_MAX: Final = 6
"""A faulty field is left out; if it is required, it is filled in, and then its own fields are."""

ANY_TEXT: Final = "x"
"""What stands in for a required text."""

FILLED: Final[Mapping[str, object]] = {
    "administrator": {},
    "plan": {},
    "numbers": [ANY_TEXT],
    "users": 1,
    "seconds": 60,
    "content": 1,
    "cost_per_user": "0.00",
    "amount": "1.00",
    "credit_limit": "0.00",
    "rate": "0.00",
    "country": "US",
    "currency": "USD",
    "time_zone": "UTC",
}
"""What a required field is filled in with, by its name."""

ABOUT_MONEY: Final = ("insufficient-credit", "quote-changed", "amount-changed")
"""Refusals that depend on what was filled in."""


class WholeBodyRoute(APIRoute):
    """A route that names every wrong field of its JSON body."""

    def get_route_handler(self) -> Handler:
        """Return the handler."""
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                raise await _whole(request, handle, error) from None

        return handler


async def _whole(
    request: Request, handle: Handler, error: RequestValidationError
) -> RequestValidationError:
    faults: Faults = error.errors()
    sent = cast("object", error.body)
    if not _is_object(sent) or any(fault["loc"][:1] != ("body",) for fault in faults):
        return error
    known = [_pointer(fault) for fault in faults]
    # what a refusal says of no field may be for want of what was left out
    others = (
        one
        for one in await _refused(request, handle, sent, faults)
        if one.pointer and not any(_is_within(one.pointer, place) for place in known)
    )
    return RequestValidationError([*faults, *(_fault(one) for one in others)], body=sent)


async def _refused(
    request: Request, handle: Handler, body: object, faults: Faults
) -> Sequence[FieldError]:
    """Return what is refused of a body once its faults are out of the way."""
    for _ in range(ROUNDS_MAX):
        for fault in faults:
            body = _mended(body, tuple(fault["loc"][1:]), missing=fault["type"] == "missing")
        try:
            await handle(_check_of(request, body))
        except RequestValidationError as error:
            faults = error.errors()
        except Refused as refusal:
            problem = refusal.problem
            return () if problem.code in ABOUT_MONEY else problem.errors
        except Checked:
            return ()
        else:
            return ()  # it only looks something up, such as a quote
    return ()


def _check_of(request: Request, body: object) -> Request:
    """Return a request with another body, which is only to be checked."""
    content = json.dumps(body).encode()

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    return Request(as_check(request.scope), receive)


def _mended(value: object, place: Place, *, missing: bool) -> object:
    """Return a value with something harmless in one place of it, or nothing."""
    if not place:
        return {}
    step, rest = place[0], place[1:]
    if isinstance(value, dict):
        fields: dict[object, object] = dict(value)  # pyright: ignore[reportUnknownArgumentType] - it is JSON
        if rest:
            fields[step] = _mended(fields.get(step), rest, missing=missing)
        elif missing:
            fields[step] = FILLED.get(str(step), ANY_TEXT)
        else:
            fields.pop(step, None)
        return fields
    if isinstance(value, list) and isinstance(step, int) and step < len(value):  # pyright: ignore[reportUnknownArgumentType] - it is JSON
        items: list[object] = list(value)  # pyright: ignore[reportUnknownArgumentType] - it is JSON
        # an object that its owner refuses, or a text that it does
        filled: object = {} if items[step] == ANY_TEXT else ANY_TEXT
        items[step] = _mended(items[step], rest, missing=missing) if rest else filled
        return items
    return value  # pyright: ignore[reportUnknownVariableType] - it is JSON


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _pointer(fault: Mapping[str, Any]) -> str:
    return "".join(f"/{step}" for step in fault["loc"][1:])


def _is_within(pointer: str, place: str) -> bool:
    return pointer == place or pointer.startswith(f"{place}/")


def _fault(error: FieldError) -> Mapping[str, Any]:
    """Return a refused field as FastAPI tells of one; its sentence ends with a full stop there."""
    loc = ("body", *error.pointer.split("/")[1:])
    return {"type": error.type, "loc": loc, "msg": error.detail.removesuffix(".")}
