"""Where `accounts-manager.cfg` asks for calls and says what became of them."""

import sqlite3
from typing import Final

import structlog

from contracts.calls import CallEnded, DialFormat
from integrations.switch.agent import Agent
from integrations.switch.kamailio.messages import (
    LINES_MAX,
    asked_call,
    ended_call,
    permission_text,
    read_form,
    running_call,
)
from integrations.switch.model import RunningCall
from integrations.switch.spool import SpoolFull
from integrations.switch.telemetry import Reply

AUTHORIZE: Final = "/kamailio/authorize"
CALLS: Final = "/kamailio/calls"

log = structlog.get_logger()


class KamailioDoor:
    """Answers what Kamailio posts."""

    def __init__(self, agent: Agent, dial_format: DialFormat | None) -> None:
        self._agent = agent
        self._dial_format: DialFormat | None = dial_format

    async def handle(self, path: str, body: bytes) -> Reply:
        """Answer a post: a question about one call, or news of several, one on each line."""
        text = body.decode(errors="replace")
        if path == AUTHORIZE:
            return await self._authorize(text)
        if path == CALLS:
            return await self._keep(text)
        return Reply(404)

    async def _authorize(self, text: str) -> Reply:
        try:
            asked = asked_call(read_form(text))
            permission = await self._agent.authorize(asked)
        except (KeyError, ValueError) as error:
            log.warning("question not readable", reason=type(error).__name__)
            return Reply(400)
        except (SpoolFull, sqlite3.Error) as error:
            log.exception("answer not kept", reason=type(error).__name__)
            return Reply(503)
        return Reply(200, permission_text(permission))

    async def _keep(self, text: str) -> Reply:
        """Keep what became of calls; anything but 200 means that Kamailio must say it again."""
        lines = text.split("\n")
        if len(lines) > LINES_MAX:
            return Reply(413)
        running: list[RunningCall] = []
        ended: list[CallEnded] = []
        over: list[str] = []
        unreadable: list[str] = []
        for line in filter(None, lines):
            try:
                form = read_form(line)
                if form["what"] == "answered":
                    running.append(running_call(form))
                elif (record := ended_call(form, self._dial_format)) is not None:
                    ended.append(record)
                else:
                    over.append(form["call"])
            except (KeyError, ValueError) as error:
                # to refuse it would keep all that comes behind it from being kept
                log.exception("call not readable", reason=type(error).__name__)
                unreadable.append(line)
        try:
            await self._agent.keep(running, ended, unreadable, over)
        except (SpoolFull, sqlite3.Error) as error:
            log.exception("calls not kept", reason=type(error).__name__)
            return Reply(503)
        return Reply(200)
