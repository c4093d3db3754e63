"""A reseller's stock as a list: pages, search and counts, by the time of the reader."""

from datetime import datetime
from typing import Final

import phonenumbers

from contracts.numbers import ListNumbers, NumberState
from services.chassis.cursor import cursor_of, position_of
from services.chassis.database import Reader
from services.chassis.mongo import ASCENDING, Document
from services.numbers.model.numbers import Number
from services.numbers.model.stock import folded
from services.numbers.store.documents import RESERVATION, from_document, stored_state

STATES: Final[tuple[NumberState, ...]] = ("available", "reserved", "assigned", "quarantine")
PASSING_STATES: Final[tuple[NumberState, ...]] = ("reserved", "quarantine")
"""States that end by themselves."""


def _in_state(state: NumberState | None, reservation_id: str | None, now: datetime) -> Document:
    """Say the state in such a way that the index gives each part in order of the number."""
    ended: list[Document] = [{"until": {"$lte": now}}]
    own: list[Document] = [{RESERVATION: reservation_id}] if reservation_id else []
    if state is None:
        return {"state": {"$in": [*map(stored_state, STATES)]}}
    if state == "available":
        passing = {"state": {"$in": [*map(stored_state, PASSING_STATES)]}, "$or": [*ended, *own]}
        return {"$or": [{"state": "available"}, passing]}
    return {"state": stored_state(state), "$nor": [*ended, *own]}


def _matching(search: str) -> Document:
    """Find digits anywhere (after a `+` at the beginning), other text where a word begins."""
    text = search.strip()
    if not text:
        return {}
    if any(character.isalpha() for character in text):
        return {"label": {"$regex": f" {folded(text)}"}}  # nothing but letters and digits
    digits = phonenumbers.normalize_digits_only(text)
    if text.startswith("+"):
        return {"_id": {"$regex": rf"^\+{digits}"}}
    return {"label": {"$regex": f"^[0-9]*{digits}"}} if digits else {"_id": {"$in": []}}


async def list_stock(
    reader: Reader, reseller_id: str, query: ListNumbers
) -> tuple[list[Number], str | None]:
    """Return a page of the reseller's stock in order of the number, and the cursor to the next."""
    parts: list[Document] = [
        _in_state(query.state, query.reservation_id, reader.now),
        _matching(query.search),
    ]
    if query.country is not None:
        parts.append({"country": query.country})
    if query.cursor is not None:
        (last,) = position_of(query.cursor, str)
        parts.append({"_id": {"$gt": last}})
    found = await reader.documents("numbers").find(
        {"reseller_id": reseller_id, "$and": parts},
        sort=[("_id", ASCENDING)],
        limit=query.limit + 1,
    )
    page = [from_document(document) for document in found[: query.limit]]
    return page, cursor_of(page[-1].number) if len(found) > query.limit else None


async def count_stock(reader: Reader, reseller_id: str) -> dict[NumberState, int]:
    """Return how many numbers of the reseller are in each state now."""
    numbers = reader.documents("numbers")
    counts: dict[NumberState, int] = {
        state: await numbers.count({"reseller_id": reseller_id, "state": stored_state(state)})
        for state in STATES
    }
    for state in PASSING_STATES:
        ended = await numbers.count(
            {
                "reseller_id": reseller_id,
                "state": stored_state(state),
                "until": {"$lte": reader.now},
            }
        )
        counts[state] -= ended
        counts["available"] += ended
    return counts
