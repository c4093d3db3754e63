"""Rate sheets as the first release stored them."""

from datetime import UTC, datetime

from services.billing.rating.store.sheets import sheet_of

NOW = datetime(2026, 11, 29, tzinfo=UTC)


def test_a_rollback_of_the_first_release_is_a_restored_revision() -> None:
    revision = {"number": 1, "active_from": NOW, "rates": 2, "kind": "rollback", "actor": "usr_1"}
    sheet = sheet_of(
        {
            "_id": "rs_1",
            "reseller_id": "acc_r1",
            "name": "Standard",
            "currency": "USD",
            "contents": [revision],
            "created_at": NOW,
            "changed_at": NOW,
        }
    )
    assert [one.kind for one in sheet.revisions] == ["restore"]
