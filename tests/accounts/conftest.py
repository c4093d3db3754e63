"""The accounts service on a real MongoDB, with a reseller of its own for each test."""

from collections.abc import AsyncIterator

import pytest

from contracts.accounts import Account
from services.accounts.app import service
from services.chassis.principal import Principal
from tests.accounts.opened import administrator_user_id, open_account, open_reseller
from tests.harness import Harness


@pytest.fixture
async def harness(mongodb_url: str, database_prefix: str) -> AsyncIterator[Harness]:
    """Give the service with an empty database."""
    harness = await Harness.start(service, mongodb_url, database_prefix)
    yield harness
    await harness.stop()


@pytest.fixture
async def reseller(harness: Harness) -> Principal:
    """Give who acts for a reseller in the United States."""
    return await open_reseller(harness)


@pytest.fixture(scope="module")
async def lasting(mongodb_url: str, database_prefix: str) -> AsyncIterator[Harness]:
    """Give a service for all examples of a property."""
    harness = await Harness.start(service, mongodb_url, database_prefix)
    yield harness
    await harness.stop()


@pytest.fixture(scope="module")
async def lasting_reseller(lasting: Harness) -> Principal:
    """Give the reseller of all examples."""
    return await open_reseller(lasting)


@pytest.fixture
async def account(harness: Harness, reseller: Principal) -> Account:
    """Give an active customer."""
    return await open_account(harness, reseller)


@pytest.fixture
async def user_id(harness: Harness, account: Account) -> str:
    """Give the id of the customer's administrator."""
    return await administrator_user_id(harness, account)
