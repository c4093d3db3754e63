"""A small service with messages of its own, to try the chassis on."""

from contracts.base import Answer, Command, Done, Event, Query, Refused
from services.chassis.database import Reader, Transaction
from services.chassis.service import Service


class Total(Answer):
    """How much stands on an account of the test."""

    amount: int


class Add(Command[Total], topic="probe.add.v1"):
    """Add to a total; told or asked."""

    to: str
    amount: int


class FindTotal(Query[Total], topic="probe.find-total.v1"):
    """A total."""

    of: str


class Added(Event, topic="probe.added.v1"):
    """Something was added."""

    to: str
    amount: int


class Break(Command[Done], topic="probe.break.v1"):
    """Fail as a bug would."""

    times: int


service = Service("probe", sends=(Added,))
heard: list[Added] = []
failures: list[int] = []


@service.answers(Add)
async def add(command: Add, tx: Transaction) -> Total:
    """Add to a total and tell everyone."""
    if command.amount < 0:
        raise Refused("insufficient-credit", "Totals only grow.")
    found = await tx.documents("totals").find_one({"_id": command.to})
    amount = (found["amount"] if found else 0) + command.amount
    await tx.documents("totals").update(
        {"_id": command.to}, {"$set": {"amount": amount}}, upsert=True
    )
    tx.announce(Added(to=command.to, amount=command.amount))
    return Total(amount=amount)


@service.replies(FindTotal)
async def find_total(query: FindTotal, tx: Reader) -> Total:
    """Tell a total."""
    found = await tx.documents("totals").find_one({"_id": query.of})
    return Total(amount=found["amount"] if found else 0)


@service.hears(Added)
async def count_added(event: Added, tx: Transaction) -> None:
    """Count what was added, as another service would."""
    await tx.documents("copies").update(
        {"_id": event.to}, {"$inc": {"amount": event.amount}}, upsert=True
    )
    heard.append(event)


@service.answers(Break)
async def break_sometimes(command: Break, _tx: Transaction) -> Done:
    """Fail the given number of times, then succeed."""
    if len(failures) < command.times:
        failures.append(1)
        message = "a bug"
        raise ZeroDivisionError(message)
    return Done()
