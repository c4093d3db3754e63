"""Drafts of the wizard as the first release stored them."""

from datetime import UTC, datetime

from gateway.features.opening.draft import Draft

UNTIL = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_a_draft_of_the_first_release_keeps_its_numbers_reserved() -> None:
    stored = {"request": "r", "hold_id": "hold_1", "held_until": "2026-11-29T12:00:00Z"}
    draft = Draft.model_validate(stored)
    assert (draft.reservation_id, draft.reserved_until) == ("hold_1", UNTIL)
    changed = Draft.model_validate({**stored, "reservation_id": None, "reserved_until": None})
    assert (changed.reservation_id, changed.reserved_until) == (None, None)
