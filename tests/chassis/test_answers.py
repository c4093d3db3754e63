"""Answers as the bus reads them: a broken one is as good as none, and no error of the asker."""

import pytest
from aiormq.abc import DeliveredMessage
from pamqp.commands import Basic
from pamqp.header import ContentHeader

from contracts.base import Refused
from services.chassis import bus, wire
from tests.chassis.service_for_tests import Add


def reply(kind: str | None, body: bytes) -> DeliveredMessage:
    """Return an answer as it is delivered."""
    header = ContentHeader(properties=Basic.Properties(message_type=kind))
    return DeliveredMessage(
        delivery=Basic.Deliver(),
        header=header,
        body=body,
        channel=None,  # pyright: ignore[reportArgumentType] - nobody acknowledges it
    )


@pytest.mark.parametrize("kind", [wire.ANSWER_TYPE, wire.PROBLEM_TYPE, "else", None])
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff", b"\x00", b"[" * 10_000, b'{"type": 1}']
)
def test_an_answer_that_cannot_be_read_is_as_good_as_none(kind: str | None, body: bytes) -> None:
    if body == b'{"type": 1}' and kind != wire.PROBLEM_TYPE:
        body = b'{"type": 1'
    with pytest.raises(Refused, match="unavailable"):
        bus.read_answer(Add(to="x", amount=1), reply(kind, body))


def test_a_refusal_of_a_newer_service_is_one_all_the_same() -> None:
    body = b'{"type": "not-invented-yet", "detail": "Not today."}'
    with pytest.raises(Refused, match=r"unavailable: Not today\."):
        bus.read_answer(Add(to="x", amount=1), reply(wire.PROBLEM_TYPE, body))
