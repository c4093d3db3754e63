"""Whatever is sent to the API, by anyone: no server error, and no answer that is not documented."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, BaseSchema, Case
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from local.client import Client, Json, link_token_for, make_key, set_password
from local.system import System
from tests.world import World, enter

ROLES = ("operator", "reseller", "customer", "switch", "nobody")
PASSWORD = "violet-tractor-97-moss"
EXAMPLES = 6
ANSWER_SECONDS_MAX = 60
load_all_checks()
NAMES = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


@pytest.fixture(scope="session")
def headers(system: System) -> dict[str, dict[str, str]]:
    """Give what a caller of each role sends along."""
    return asyncio.run(_headers(system))


async def _headers(system: System) -> dict[str, dict[str, str]]:
    world: World = await enter(system)
    reseller = await world.reseller(numbers=3)
    order: Json = reseller.order()
    await reseller.client.open_account(order)
    email = order["administrator"]["email"]
    await set_password(system.portal_url, await link_token_for(system.mailbox, email), PASSWORD)
    async with Client(system.portal_url) as person:
        await person.post("/v1/sessions", {"email": email, "password": PASSWORD})
        cookie = "; ".join(f"{name}={value}" for name, value in person.http.cookies.items())
    switch = await make_key(system.portal_url, reseller.email, reseller.password, scope="calls")
    keys = {
        "operator": world.operator.http.headers["Authorization"],
        "reseller": reseller.client.http.headers["Authorization"],
        "switch": f"Bearer {switch}",
    }
    await world.close()
    return {
        **{role: {"Authorization": key} for role, key in keys.items()},
        "customer": {"Cookie": cookie, "Origin": system.portal_url},
        "nobody": {},
    }


@pytest.fixture(scope="module")
def api(system: System) -> Iterator[BaseSchema]:
    """Give the document that a gateway of this module's own serves, and all that it describes.

    What is sent here uses up its counts of attempts; other tests sign in elsewhere. A stream of
    events has no end to check.
    """
    with system.replica("gateway") as gateway:
        url = f"http://127.0.0.1:{gateway.port}/openapi.json"
        schema = schemathesis.openapi.from_url(url)
        yield schema.exclude(path="/v1/events").exclude(path="/v1/sessions", method="DELETE")


@pytest.fixture(scope="module")
def cases(api: BaseSchema) -> list[Case[Any]]:
    """Give what is sent to each operation; making it up takes longer than sending it."""
    operations = [found.ok() for found in api.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) >= 30, "the document lost its operations"
    return [case for operation in operations for case in _made_up(operation)]


def _made_up(operation: APIOperation[Any, Any, Any, Any]) -> list[Case[Any]]:
    found: list[Case[Any]] = []

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    def note(case: Case[Any]) -> None:
        found.append(case)

    note()
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", ROLES)
def test_no_answer_is_a_server_error_or_undocumented(
    cases: list[Case[Any]], role: str, headers: dict[str, dict[str, str]]
) -> None:
    checks: list[Any] = [CHECKS.get_one(name) for name in NAMES]
    for case in cases:
        case.call_and_validate(headers=headers[role], checks=checks, timeout=ANSWER_SECONDS_MAX)
