"""Routes of what a reseller or the platform has once: shown, and changed by its version."""

from typing import Annotated, Final, Protocol, TypeVar

from fastapi import APIRouter, Depends, Response

from gateway.http.problems import refusals
from gateway.identity.caller import Caller, RequestKey
from gateway.identity.operations import Operation, with_types
from gateway.identity.requests import (
    JSON,
    MERGE_PATCH,
    IfMatch,
    OptionalKey,
    etag,
    may,
    version_to_change,
)

CHANGE_PROBLEMS: Final = (
    "account-disabled",
    "version-conflict",
    "if-match-required",
    "idempotency-key-reused",
)


class _Versioned(Protocol):
    @property
    def version(self) -> int: ...


Stored = TypeVar("Stored", bound=_Versioned)
Patch = TypeVar("Patch")


def add_settings_routes(
    router: APIRouter,
    stored: type[Stored],
    patch: type[Patch],
    find: Operation[[], Stored],
    change: Operation[[int, Patch, RequestKey | None], Stored],
) -> None:
    """Add the routes that show the settings and change what of them a body names."""

    async def find_them(
        caller: Annotated[Caller, Depends(may(find.action))], response: Response
    ) -> Stored:
        settings = await find.action(caller)
        response.headers["ETag"] = etag(settings.version)
        return settings

    async def change_them(
        *,
        caller: Annotated[Caller, Depends(may(change.action, takes=(JSON, MERGE_PATCH)))],
        body: Patch,
        versions: IfMatch,
        key: OptionalKey,
        response: Response,
    ) -> Stored:
        async def current() -> int:
            return (await find.action(caller)).version

        version = await version_to_change(versions, current)
        settings = await change.action(caller, version, body, key)
        response.headers["ETag"] = etag(settings.version)
        return settings

    router.get("", name=find.name, description=find.description, responses=refusals())(
        with_types(find_them, **{"return": stored})
    )
    router.patch(
        "",
        name=change.name,
        description=change.description,
        responses=refusals(*CHANGE_PROBLEMS, body=True),
    )(with_types(change_them, body=patch, **{"return": stored}))
