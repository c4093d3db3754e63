"""Statements of who asks: signed seldom, checked always, believed for a minute."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.base import Refused
from services.chassis import principal as principal_module
from services.chassis.principal import Principal, PrincipalSigner, PrincipalVerifier
from tests.chassis.test_process import key_pair

ANNA = Principal(id="usr_anna", account_id="acc_1", parent_id="platform", role="reseller")
BEN = Principal(id="usr_ben", account_id="acc_1", parent_id="platform", role="reseller")
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_whoever_asks_much_is_signed_for_once_in_twenty_seconds() -> None:
    signer = PrincipalSigner(key_pair()[0])
    first = signer.sign(ANNA, NOW)
    assert signer.sign(ANNA, NOW + timedelta(seconds=19)) == first
    assert signer.sign(ANNA, NOW + timedelta(seconds=20)) != first
    assert signer.sign(ANNA, NOW - timedelta(seconds=1)) != first
    assert signer.sign(BEN, NOW) != signer.sign(ANNA, NOW)


def test_a_statement_that_was_checked_before_still_ends() -> None:
    private_key, public_key = key_pair()
    statement = PrincipalSigner(private_key).sign(ANNA, NOW)
    verifier = PrincipalVerifier(public_key)
    for seconds in (0, 30, 60):
        assert verifier.verify(statement, NOW + timedelta(seconds=seconds)) == ANNA
    with pytest.raises(Refused, match="waited too long"):
        verifier.verify(statement, NOW + timedelta(seconds=61))
    forged = PrincipalSigner(key_pair()[0]).sign(ANNA, NOW)
    for _ in range(2):
        with pytest.raises(Refused, match="not signed"):
            verifier.verify(forged, NOW)


def test_what_is_remembered_of_statements_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(principal_module, "STATEMENTS_REMEMBERED", 1)
    private_key, public_key = key_pair()
    signer, verifier = PrincipalSigner(private_key), PrincipalVerifier(public_key)
    for who in (ANNA, BEN, ANNA):
        assert verifier.verify(signer.sign(who, NOW), NOW) == who
