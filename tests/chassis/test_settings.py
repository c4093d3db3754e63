"""Settings as the environment gives them."""

import pytest

from services.chassis.settings import Settings

ADDRESS = "amqp://127.0.0.1:1/"


@pytest.mark.parametrize("name", ["AM_RABBITMQ_URL", "RABBITMQ_URL"])
def test_the_address_of_a_server_is_read_with_and_without_the_prefix(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, ADDRESS)
    assert Settings().rabbitmq_url.get_secret_value() == ADDRESS


def test_our_own_name_of_an_address_goes_before_the_common_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AM_MONGODB_URL", "mongodb://ours/")
    monkeypatch.setenv("MONGODB_URL", "mongodb://theirs/")
    assert Settings().mongodb_url.get_secret_value() == "mongodb://ours/"


def test_no_other_setting_is_read_without_the_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEMO", "true")
    monkeypatch.setenv("AM_LOG_LEVEL", "ERROR")
    assert (Settings().demo, Settings().log_level) == (False, "ERROR")
