"""Where mod_json_cdr, mod_xml_cdr and others post the records of calls."""

import asyncio
import json
import sqlite3
from typing import Final

import structlog

from contracts.call_files import Leg
from integrations.switch.cdr.formats import TEXT_CHARACTERS_MAX, CdrFormat, legs_of_post
from integrations.switch.cdr.gathering import Gathering
from integrations.switch.spool import SpoolFull
from integrations.switch.telemetry import Reply

CDR: Final = "/cdr"

log = structlog.get_logger()


class CdrDoor:
    """Answers once what was posted is on the disk."""

    def __init__(self, name: CdrFormat, gathering: Gathering) -> None:
        self._name: CdrFormat = name
        self._gathering = gathering

    async def handle(self, path: str, body: bytes) -> Reply:
        """Take the legs of a post; anything but 200 means that the switch must post it again."""
        if path != CDR:
            return Reply(404)
        try:
            legs = await asyncio.to_thread(legs_of_post, self._name, body)
        except ValueError as error:
            # to refuse it would have it posted for ever
            log.warning("post not readable", reason=str(error)[:200])
            text = body[:TEXT_CHARACTERS_MAX].decode("utf-8", "replace")
            legs = [Leg(0, "", fault=str(error)[:TEXT_CHARACTERS_MAX], row=(text,))]
        try:
            await self._gathering.take(legs)
        except (SpoolFull, sqlite3.Error) as error:
            log.exception("post not kept", reason=type(error).__name__)
            return Reply(503)
        return Reply(200, json.dumps({"legs": len(legs)}).encode(), "application/json")
