"""Routes that are written once and serve several kinds of things."""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar

from gateway.identity.caller import Action

P = ParamSpec("P")
R = TypeVar("R")


class Operation(NamedTuple, Generic[P, R]):
    """What a route does, and what the API's documentation says of it."""

    name: str
    action: Action[P, R]
    description: str


def with_types(endpoint: Callable[..., Any], **types: type) -> Callable[..., Any]:
    """Return an endpoint whose parameters have these types, where type variables stand for them.

    FastAPI reads the types of bodies and answers when a route is added.
    """
    endpoint.__annotations__.update(types)
    return endpoint
