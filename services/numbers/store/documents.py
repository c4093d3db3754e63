"""Numbers as documents, which call some things as the first release did."""

from collections.abc import Mapping
from typing import Any, Final

from contracts.numbers import NumberState
from services.chassis import mongo
from services.chassis.mongo import Document
from services.numbers.model.numbers import Number
from services.numbers.model.stock import label_of

RESERVATION: Final = "hold_id"
"""What documents and their indexes call `reservation_id`."""

_LOCALITY: Final = "place"
_RESERVED: Final = "held"


def stored_state(state: NumberState) -> str:
    """Return what documents call a state."""
    return _RESERVED if state == "reserved" else state


def to_document(number: Number) -> Document:
    """Return the document of a new number."""
    fields = number.model_dump(exclude={"number", "locality", "reservation_id"}, exclude_none=True)
    reservation = {} if number.reservation_id is None else {RESERVATION: number.reservation_id}
    return {
        "_id": number.number,
        **fields,
        **reservation,
        _LOCALITY: number.locality,
        "state": stored_state(number.state),
        "setup_fee": mongo.Int64(number.setup_fee),
        "monthly_fee": mongo.Int64(number.monthly_fee),
        "label": label_of(number.number, number.locality, number.country),
    }


def from_document(document: Mapping[str, Any]) -> Number:
    """Read a stored number."""
    state = document["state"]
    return Number.model_validate(
        {
            **document,
            "number": document["_id"],
            "locality": document.get(_LOCALITY, ""),
            "reservation_id": document.get(RESERVATION),
            "state": "reserved" if state == _RESERVED else state,
        }
    )
