"""A mail server that is bad for ever, or only slow: given up after the last try, or sent once."""

import asyncio

import pytest

from contracts.notifications import EmailFailed, EmailSent
from services.notifications.model import RETRY_SECONDS, TRIES_MAX
from tests.notifications.conftest import RESET, Mailer
from tests.notifications.test_mailer import stored


@pytest.mark.parametrize("fault", ["down", "hangs", "drops", "refuses"])
async def test_an_email_is_given_up_after_its_last_try_whatever_the_server_does(
    mailer: Mailer, fault: str
) -> None:
    if fault == "down":
        await mailer.server.stop()
    elif fault == "refuses":
        mailer.server.answers["MAIL"] = "421 too busy"
    else:
        setattr(mailer.server, fault, True)
    await mailer.service.ask(RESET)
    for pause in (0, *RETRY_SECONDS):
        mailer.service.clock.forward(seconds=max(pause - 1, 0))
        assert await mailer.work() == (0 if pause else 1)
        if pause:
            assert await mailer.service.sent(EmailFailed) == []
            mailer.service.clock.forward(seconds=1)
            assert await mailer.work() == 1
    (notice,) = await mailer.service.sent(EmailFailed)
    assert (notice.kind, notice.account_id) == ("reset-password", "acc_1")
    email = await stored(mailer)
    assert (email["state"], email["tries"]) == ("failed", TRIES_MAX)
    mailer.service.clock.forward(days=2)
    assert await mailer.work() == 0
    assert await mailer.service.sent(EmailSent) == []


async def test_a_slow_server_gets_each_email_once(mailer: Mailer) -> None:
    mailer.server.slow_seconds = 0.3
    for _ in range(3):
        await mailer.service.ask(RESET)
    tries = await asyncio.gather(*(mailer.work() for _ in range(3)))
    assert sum(tries) == 3
    assert len({email["Message-ID"] for email in mailer.server.emails()}) == 3
    assert len(mailer.server.taken) == 3
    assert len(await mailer.service.sent(EmailSent)) == 3
