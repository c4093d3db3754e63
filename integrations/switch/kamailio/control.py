"""Tells Kamailio to end a call or to let it last longer, through its HTTP port on localhost."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from typing import Final
from urllib.parse import urlencode, urlsplit

from integrations.switch.model import RunningCall

ANSWER_SECONDS: Final = 2.0
AT_ONCE_MAX: Final = 8
CUT_EARLY_SECONDS: Final = 1
"""Kamailio's timers tick once a second: a call that ends this early never outlasts its hold."""

OK: Final = 200
GONE: Final = 404


class KamailioControl:
    """What `event_route[xhttp:request]` of `accounts-manager.cfg` understands."""

    def __init__(self, url: str, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        address = urlsplit(url)
        self._host = address.hostname or "127.0.0.1"
        self._port = address.port or 80
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)

    async def end(self, call: RunningCall, reason: str) -> None:
        """End a call; one that has ended is no error."""
        await self._post("/accounts-manager/end", call, {"reason": reason})

    async def limit(self, call: RunningCall) -> None:
        """Let a call last as long as `call.seconds` says; Kamailio counts from now on."""
        left = int((call.ends_at - self._clock()).total_seconds()) - CUT_EARLY_SECONDS
        await self._post("/accounts-manager/limit", call, {"seconds": str(max(left, 1))})

    @property
    def cuts(self) -> bool:
        """Its dialogs have time-outs."""
        return True

    async def seen_at(self, call: RunningCall) -> datetime | None:
        """Return the time if Kamailio still has a call."""
        has_it = await self._post("/accounts-manager/running", call, {}) == OK
        return self._clock() if has_it else None

    async def _post(self, path: str, call: RunningCall, values: dict[str, str]) -> int:
        """Ask for something; return the status, 200 or 404."""
        entry, _, number = call.handle.partition(":")
        query = urlencode({"entry": entry, "id": number, "call": call.call_id, **values})
        async with self._turns:
            status = await asyncio.to_thread(self._posted, f"{path}?{query}")
        if status not in {OK, GONE}:
            raise OSError(f"Kamailio answered {status}")
        return status

    def _posted(self, target: str) -> int:
        connection = HTTPConnection(self._host, self._port, timeout=ANSWER_SECONDS)
        try:
            connection.request("POST", target, body=b"", headers={"Content-Length": "0"})
            return connection.getresponse().status
        except HTTPException as error:
            raise OSError(type(error).__name__) from error
        finally:
            connection.close()
