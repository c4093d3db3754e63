"""Each RabbitMQ user may do its own work and nothing else: tried on the real broker."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import aio_pika
import pytest
from aio_pika import ExchangeType, Message
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aiormq.exceptions import ChannelAccessRefused

from accounts_manager.operations.rabbitmq_definitions import SERVICES, USERS, definitions
from local.servers import Addresses
from services.chassis.wire import dead_letter_queue

ANSWER_SECONDS = 10
REPLY_TO = "amq.rabbitmq.reply-to"
TOPIC = "accounts.account-opening.v1"
Attempt = Callable[[AbstractChannel], Awaitable[object]]


@pytest.fixture(autouse=True)
def our_broker(servers: Addresses) -> None:
    """Refuse a broker that does not know our users: rights cannot be tried there."""
    assert servers.passwords, "run this without RABBITMQ_URL"


@pytest.fixture(autouse=True)
async def exchanges(servers: Addresses) -> None:
    """Make the exchanges that the users' rights are about."""
    async with channel_of(servers, "operations") as channel:
        await declare_exchanges(channel)


@asynccontextmanager
async def channel_of(servers: Addresses, user: str) -> AsyncGenerator[AbstractChannel]:
    """Give a channel of this user, which waits for the broker's word on everything."""
    async with (
        await aio_pika.connect(servers.rabbitmq_url(user)) as connection,
        connection.channel(on_return_raises=True) as channel,
    ):
        yield channel


async def declare_exchanges(channel: AbstractChannel) -> None:
    """Declare what every service declares at its start."""
    await channel.declare_exchange("events", ExchangeType.TOPIC, durable=True)
    await channel.declare_exchange("commands", ExchangeType.TOPIC, durable=True)
    await channel.declare_exchange("dead-letters", ExchangeType.DIRECT, durable=True)
    await channel.declare_exchange("calls", ExchangeType.X_CONSISTENT_HASH, durable=True)


async def declare_queue(
    channel: AbstractChannel, name: str, exchange: str, key: str
) -> AbstractQueue:
    """Declare a quorum queue that dead-letters, and bind it."""
    queue = await channel.declare_queue(
        name,
        durable=True,
        arguments={"x-queue-type": "quorum", "x-dead-letter-exchange": "dead-letters"},
    )
    await queue.bind(exchange, routing_key=key)
    return queue


async def next_message(queue: AbstractQueue) -> AbstractIncomingMessage:
    """Wait for the next message of a queue."""
    async with queue.iterator(timeout=ANSWER_SECONDS) as messages:
        return await anext(messages)


def test_every_exchange_of_a_right_and_a_limit_for_old_dead_letters_are_defined() -> None:
    passwords: dict[str, str] = dict.fromkeys(USERS, "anything")
    defined = definitions(passwords, ["/", "other"])
    exchanges = {(one["vhost"], one["name"]) for one in defined["exchanges"]}
    rights = {(one["vhost"], one["exchange"]) for one in defined["topic_permissions"]}
    assert rights <= exchanges
    for policy in defined["policies"]:
        assert all(re.search(policy["pattern"], dead_letter_queue(name)) for name in SERVICES)
        assert not re.search(policy["pattern"], "billing.calls.0")
    assert {policy["vhost"] for policy in defined["policies"]} == {"/", "other"}


@pytest.mark.parametrize("user", [*SERVICES, "gateway"])
async def test_a_service_may_declare_bind_consume_and_dead_letter_what_is_its_own(
    servers: Addresses, user: str
) -> None:
    async with channel_of(servers, user) as channel:
        await declare_exchanges(channel)
        commands = await declare_queue(
            channel, f"{user}.try.v1", exchange="commands", key=f"{user}.try.v1"
        )
        events = await declare_queue(channel, f"{user}.on.{TOPIC}", exchange="events", key=TOPIC)
        dead = await declare_queue(
            channel, f"{user}.dead-letters-tried", exchange="dead-letters", key=commands.name
        )
        for exchange in ("commands", "calls"):
            await (await channel.get_exchange(exchange)).publish(
                Message(b"fact"), routing_key=commands.name, mandatory=exchange == "commands"
            )
        await (await next_message(commands)).reject(requeue=False)
        assert (await next_message(dead)).body == b"fact"
        for queue in (commands, events, dead):
            await queue.delete(if_unused=False, if_empty=False)


@pytest.mark.parametrize(
    ("asker", "topic"),
    [
        ("gateway", "billing.try.v1"),
        ("accounts", "billing.try.v1"),
        ("switch", "billing.authorize-call.v1"),
        ("switch", "billing.list-call-holds.v1"),
        ("switch", "billing.find-call-route.v1"),
    ],
)
async def test_a_service_is_asked_and_answers(servers: Addresses, asker: str, topic: str) -> None:
    async with (
        channel_of(servers, asker) as asking,
        channel_of(servers, "billing") as answering,
    ):
        queue = await declare_queue(
            answering, f"billing.tried.{asker}", exchange="commands", key=topic
        )
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        async def take(message: AbstractIncomingMessage) -> None:
            answer.set_result(message.body)

        reply_to = await asking.get_queue(REPLY_TO, ensure=False)
        await reply_to.consume(take, no_ack=True)
        await (await asking.get_exchange("commands", ensure=False)).publish(
            Message(b"question", reply_to=REPLY_TO), routing_key=topic
        )
        question = await next_message(queue)
        assert question.reply_to is not None
        await answering.default_exchange.publish(
            Message(b"answer"), routing_key=question.reply_to, mandatory=False
        )
        async with asyncio.timeout(ANSWER_SECONDS):
            assert await answer == b"answer"
        await queue.delete(if_unused=False, if_empty=False)


async def test_an_outside_subscriber_receives_every_account_event_in_its_own_queue(
    servers: Addresses,
) -> None:
    async with channel_of(servers, "crm") as crm, channel_of(servers, "accounts") as accounts:
        queue = await crm.declare_queue("crm.on.accounts", durable=True)
        await queue.bind("events", routing_key="accounts.#")
        events = await accounts.get_exchange("events")
        await events.publish(Message(b"fact"), routing_key=TOPIC)
        assert (await next_message(queue)).body == b"fact"
        await queue.delete(if_unused=False, if_empty=False)


def publish(exchange: str, routing_key: str) -> Attempt:
    """Try to publish."""

    async def attempt(channel: AbstractChannel) -> None:
        target = await channel.get_exchange(exchange, ensure=False)
        await target.publish(Message(b"forged"), routing_key=routing_key, mandatory=False)

    return attempt


def declare(queue: str) -> Attempt:
    """Try to declare a queue."""
    return lambda channel: channel.declare_queue(queue)


def declare_exchange(name: str) -> Attempt:
    """Try to declare an exchange."""
    return lambda channel: channel.declare_exchange(name)


def consume(queue: str) -> Attempt:
    """Try to take a message from a queue, whether it exists or not."""

    async def attempt(channel: AbstractChannel) -> None:
        await (await channel.get_queue(queue, ensure=False)).get(fail=False)

    return attempt


def bind(queue: str, exchange: str, routing_key: str = "#") -> Attempt:
    """Try to listen to an exchange."""

    async def attempt(channel: AbstractChannel) -> None:
        await (await channel.declare_queue(queue, auto_delete=True)).bind(exchange, routing_key)

    return attempt


@pytest.mark.parametrize(
    ("user", "attempt"),
    [
        pytest.param(user, attempt, id=f"{user}: {what}")
        for user, what, attempt in [
            ("crm", "announce an event", publish("events", TOPIC)),
            ("crm", "tell a service to do something", publish("commands", "billing.add-credit.v1")),
            ("crm", "put into a service's queue", publish("", "billing.add-credit.v1")),
            ("crm", "read a service's queue", consume("billing.dead-letters")),
            ("crm", "declare a queue of a service", declare("billing.dead-letters")),
            ("crm", "declare an exchange", declare_exchange("events")),
            ("crm", "listen to commands", bind("crm.try", "commands")),
            ("crm", "listen to calls", bind("crm.try", "calls")),
            ("switch", "announce an event", publish("events", "billing.calls-charged.v1")),
            ("switch", "add credit", publish("commands", "billing.add-credit.v1")),
            ("numbers", "take what billing is asked", bind("numbers.try", "commands")),
            ("switch", "put into a service's queue", publish("", "billing.add-credit.v1")),
            ("switch", "declare a queue of a service", declare("billing.try")),
            ("switch", "hear of charges", bind("switch.try", "events", "billing.calls-charged.v1")),
            ("switch", "hear of everything", bind("switch.try", "events")),
            ("switch", "listen to commands", bind("switch.try", "commands")),
            ("switch", "listen to calls", bind("switch.try", "calls")),
            ("switch", "read a service's queue", consume("billing.calls.0")),
            ("notifications", "announce for billing", publish("events", "billing.credit-added.v1")),
            ("accounts", "read billing's queue", consume("billing.dead-letters")),
            ("numbers", "declare a queue of billing", declare("billing.try")),
            ("gateway", "announce an event", publish("events", TOPIC)),
            ("gateway", "read billing's queue", consume("billing.try.v1")),
        ]
    ],
)
async def test_nobody_may(servers: Addresses, user: str, attempt: Attempt) -> None:
    async with channel_of(servers, user) as channel:
        with pytest.raises(ChannelAccessRefused):
            await attempt(channel)


async def test_the_switch_may_end_calls(servers: Addresses) -> None:
    async with channel_of(servers, "switch") as switch:
        await publish("calls", "acc_1")(switch)


async def test_the_switch_hears_which_accounts_may_make_no_calls(servers: Addresses) -> None:
    topic = "accounts.account-disabled.v1"
    async with channel_of(servers, "switch") as switch, channel_of(servers, "accounts") as accounts:
        queue = await switch.declare_queue("switch.tried", durable=True, auto_delete=True)
        await queue.bind("events", topic)
        await publish("events", topic)(accounts)
        assert (await next_message(queue)).body == b"forged"


def test_every_user_has_a_password_of_its_own(servers: Addresses) -> None:
    assert set(servers.passwords) == set(USERS)
    assert len(set(servers.passwords.values())) == len(USERS)
