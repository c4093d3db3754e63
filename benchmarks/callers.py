"""Accounts that make calls, and the records of their calls as the switch publishes them."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

import aio_pika
from aio_pika.abc import AbstractExchange, DeliveryMode

from benchmarks.reseller import Reseller
from contracts.accounts import PLATFORM_ID
from contracts.calls import CALLS_EXCHANGE
from local.servers import Addresses
from services.billing.app import service
from services.billing.ledger.model.ledger import BillingAccount, CallTerms, entries_after, head_of
from services.billing.ledger.model.movement import credit_movement
from services.billing.ledger.store import billing_accounts, ledger
from services.chassis import mongo
from services.chassis.clock import utc_now
from services.chassis.database import Database, Transaction, Trigger

ACCOUNTS: Final = 2_000
ACCOUNTS_PER_TRANSACTION: Final = 200
DESTINATIONS: Final = 5_000
"""Of each of two countries."""

CALL_SECONDS: Final = range(60, 360)
UNCONFIRMED_MAX: Final = 100
CREDIT: Final = 10**12
"""So that no call is refused and no warning told: what is measured is granting and charging."""

PREFIXES: Final = ("44", "4479", "49", "33", "91", "971", "61", "81", "55", "1")
RATES: Final = "prefix,rate\n" + "".join(
    f"{prefix},0.0{position}2\n" for position, prefix in enumerate(PREFIXES)
)

Message = tuple[str, bytes]
"""A routing key and a body."""


def database_of(addresses: Addresses, name: str = "billing") -> Database:
    """Return billing's database, or another one of the same form."""
    client = mongo.connect(addresses.mongodb)
    full_name = f"{addresses.database_prefix}{name}"
    return Database(client, full_name, utc_now, "benchmark", may_send=frozenset(service.sends))


def account_id(number: int, accounts: int = ACCOUNTS) -> str:
    """Return the id of one of the accounts; they come round again."""
    return f"acc_bench{number % accounts:06d}"


def destination(number: int) -> str:
    """Return one of 10,000 numbers to be called, in Britain and in Germany by turns."""
    place = number // 2 % DESTINATIONS
    return f"+44207946{place:04d}" if number % 2 else f"+4930123{place:05d}"


def billing_account_of(of_account: str, reseller: Reseller, since: datetime) -> BillingAccount:
    """Return the billing account of an account that may make any number of calls."""
    terms = CallTerms(
        since=since,
        rate_sheet_id=reseller.rate_sheet_id,
        countries=frozenset({"GB", "DE"}),
        domestic_policy="included",
        users=10_000,
    )
    return BillingAccount(
        id=of_account,
        parent_path=(PLATFORM_ID, reseller.id),
        currency="USD",
        country="US",
        time_zone="UTC",
        opened_at=since,
        anchor_day=1,
        realm=f"{of_account}.bench.example",
        terms=(terms,),
    )


async def open_billing_accounts(database: Database, opened: Sequence[BillingAccount]) -> None:
    """Keep billing accounts with credit."""

    async def work(tx: Transaction) -> None:
        for account in opened:
            begun = head_of(account, None)
            await billing_accounts.add(tx, account, begun)
            credit = credit_movement(f"{account.id}:credit", CREDIT, "benchmark")
            entries = entries_after(
                begun, [credit], now=account.opened_at, cause="benchmark", actor="benchmark"
            )
            await ledger.append(tx, account, entries)

    trigger = Trigger(message_id=f"open:{opened[0].id}", correlation_id="benchmark")
    await database.once("benchmark", trigger, work)


async def put_in_callers(database: Database, reseller: Reseller) -> None:
    """Keep the accounts as billing itself keeps them."""
    since = utc_now() - timedelta(days=1)
    for start in range(0, ACCOUNTS, ACCOUNTS_PER_TRANSACTION):
        numbers = range(start, start + ACCOUNTS_PER_TRANSACTION)
        opened = [billing_account_of(account_id(number), reseller, since) for number in numbers]
        await open_billing_accounts(database, opened)


def records(run: str, calls: int, each: int, accounts: int = ACCOUNTS) -> Iterator[Message]:
    """Yield the records of calls of random accounts that end now, `each` to a message."""
    dice = random.Random(run)  # noqa: S311 - no secret
    now = utc_now()
    answered_at = [(now - timedelta(seconds=seconds)).isoformat() for seconds in CALL_SECONDS]
    for start in range(0, calls, each):
        account = account_id(dice.randrange(accounts), accounts)
        found = [
            {
                "call_id": f"{run}-{number}",
                "account_id": account,
                "caller": "+12125550142",
                "destination": destination(number),
                "answered_at": answered_at[number % len(CALL_SECONDS)],
                "seconds": CALL_SECONDS[number % len(CALL_SECONDS)],
            }
            for number in range(start, min(start + each, calls))
        ]
        yield account, json.dumps(found if each > 1 else found[0]).encode()


async def publish(
    exchange: AbstractExchange, messages: Iterator[Message], queue: str | None = None
) -> None:
    """Publish messages with confirms, to a queue or each with its own routing key."""
    while some := [message for _, message in zip(range(UNCONFIRMED_MAX), messages, strict=False)]:
        await asyncio.gather(
            *(
                exchange.publish(
                    aio_pika.Message(body, delivery_mode=DeliveryMode.PERSISTENT),
                    routing_key=queue or key,
                )
                for key, body in some
            )
        )


@asynccontextmanager
async def calls_exchange(addresses: Addresses) -> AsyncGenerator[AbstractExchange]:
    """Give the exchange to which the switch publishes records."""
    connection = await aio_pika.connect(addresses.rabbitmq_url("switch"))
    async with connection, connection.channel() as channel:
        yield await channel.get_exchange(CALLS_EXCHANGE, ensure=False)


async def tell(addresses: Addresses, messages: Iterator[Message]) -> None:
    """Publish records as the switch does."""
    async with calls_exchange(addresses) as exchange:
        await publish(exchange, messages)


async def fill(addresses: Addresses, queue: str, messages: Iterator[Message]) -> None:
    """Put messages into a queue that is like those of calls, and empty before."""
    connection = await aio_pika.connect(addresses.rabbitmq_url())
    async with connection, connection.channel() as channel:
        declared = await channel.declare_queue(
            queue, durable=True, arguments={"x-queue-type": "quorum"}
        )
        await declared.purge()
        await publish(channel.default_exchange, messages, queue)
