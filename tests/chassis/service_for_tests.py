"""A small service with messages of its own, to try the chassis on."""

import asyncio
from dataclasses import dataclass, field

from contracts.base import Answer, Command, Done, Event, Query, Refused
from services.chassis.annotations import Transaction
from services.chassis.database import Reader
from services.chassis.router import Heard
from services.chassis.service import Running, Service


class Total(Answer):
    """How much stands on an account of the test."""

    amount: int


class Add(Command[Total], topic="probe.add.v1"):
    """Add to a total; told or asked."""

    to: str
    amount: int
    secret: str = ""


class PassOn(Command[Done], topic="probe.pass-on.v1"):
    """Tell `Add`, as a saga tells another service."""

    to: str
    amount: int


class TellNobody(Command[Done], topic="probe.tell-nobody.v1"):
    """Tell `Nobodys`, which no service takes until a test does."""

    text: str


class Nobodys(Command[Done], topic="nobody.listens.v1"):
    """A command whose owner does not run."""

    text: str


class FindTotal(Query[Total], topic="probe.find-total.v1"):
    """A total."""

    of: str


class Name(Answer):
    """A person's id."""

    id: str


class WhoAsks(Query[Name], topic="probe.who-asks.v1"):
    """Who asks."""


class Added(Event, topic="probe.added.v1"):
    """Something was added."""

    to: str
    amount: int


@dataclass(slots=True)
class Script:
    """What the handlers shall do next, and what they did."""

    faults: list[Exception] = field(default_factory=list[Exception])
    """Raised one after the other by whichever handler comes next."""

    tries: int = 0
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event | None = None
    """When there is one, `Add` waits for it inside its transaction."""

    def perform(self) -> None:
        """Fail, if that is next."""
        self.tries += 1
        if self.faults:
            raise self.faults.pop(0)


service = Service("probe", sends=(Added, Add, Nobodys))
router = service.router()
script = Script()


def reset() -> None:
    """Begin a new script."""
    script.faults.clear()
    script.tries = 0
    script.entered = asyncio.Event()
    script.gate = None


@router.answers(Add)
async def add(command: Add, tx: Transaction) -> Total:
    """Add to a total and tell everyone."""
    script.entered.set()
    if script.gate is not None:
        await script.gate.wait()
    found = await tx.documents("totals").find_one({"_id": command.to})
    amount = (found["amount"] if found else 0) + command.amount
    await tx.documents("totals").update(
        {"_id": command.to}, {"$set": {"amount": amount}}, upsert=True
    )
    tx.announce(Added(to=command.to, amount=command.amount))
    script.perform()
    if command.amount < 0:
        raise Refused("insufficient-credit", "Totals only grow.")
    return Total(amount=amount)


@router.answers(PassOn)
async def pass_on(command: PassOn, tx: Transaction) -> None:
    """Tell that something is to be added."""
    tx.tell(Add(to=command.to, amount=command.amount))


@router.answers(TellNobody)
async def tell_nobody(command: TellNobody, tx: Transaction) -> None:
    """Tell a service that does not run."""
    tx.tell(Nobodys(text=command.text))


@service.replies(FindTotal)
async def find_total(query: FindTotal, db: Reader) -> Total:
    """Tell a total."""
    script.perform()
    found = await db.documents("totals").find_one({"_id": query.of})
    return Total(amount=found["amount"] if found else 0)


@service.replies(WhoAsks)
async def who_asks(_: WhoAsks, db: Reader) -> Name:
    """Tell who asks."""
    return Name(id=db.principal.id)


@router.hears(Added)
async def count_added(event: Added, tx: Transaction) -> None:
    """Count what was added, as another service would."""
    await tx.documents("copies").update(
        {"_id": event.to}, {"$inc": {"amount": event.amount, "times": 1}}, upsert=True
    )
    if event.to == "unlucky":
        script.perform()


@router.hears(Added, listener="auditors")
async def note_added(event: Added, tx: Transaction) -> None:
    """Note what was added, beside the service's own handler."""
    if event.to == "unlucky listener":
        script.perform()
    await tx.documents("noted").update({"_id": event.to}, {"$inc": {"times": 1}}, upsert=True)


@router.hears_all("probe.#", listener="trail")
async def keep_all(heard: Heard, tx: Transaction) -> None:
    """Keep every event of the service, of whichever kind."""
    known = heard.event()
    await tx.documents("trail").insert(
        {"_id": heard.message_id, "topic": heard.topic, "known": known is not None}
    )


@service.each_minute
async def fail_each_minute(_: Transaction) -> None:
    """Fail, which must not keep the next job from its turn."""
    message = "this job always fails"
    raise ZeroDivisionError(message)


@service.each_minute
async def count_minutes(tx: Transaction) -> None:
    """Count how often this was done in each minute."""
    minute = tx.now.strftime("%H:%M")
    await tx.documents("minutes").update({"_id": minute}, {"$inc": {"times": 1}}, upsert=True)


@service.operation("show-total")
async def show_total(running: Running, words: list[str]) -> None:
    """Print a total."""
    total = await running.bus.ask(FindTotal(of=words[0]))
    print(total.amount)  # noqa: T201 - a command line answers on the terminal


@service.audit
async def totals_equal_copies(running: Running) -> list[str]:
    """Every total was counted by those who heard of it."""
    totals = await running.database.documents("totals").find({}, limit=10_000)
    copies = await running.database.documents("copies").find({}, limit=10_000)
    counted = {copy["_id"]: copy["amount"] for copy in copies}
    return [
        f"{total['_id']} is {total['amount']}, but {counted.get(total['_id'], 0)} was heard of"
        for total in totals
        if counted.get(total["_id"], 0) != total["amount"]
    ]
