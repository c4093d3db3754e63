"""A program that uses the API as any other would: for the demo, the journeys and the benchmarks."""

import asyncio
import csv
import io
import re
import ssl
import time
import uuid
from collections.abc import Mapping
from email import policy
from email.parser import BytesParser
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx

Json = dict[str, Any]

ANSWER_SECONDS_MAX: Final = 60.0
OPENING_SECONDS_MAX: Final = 30.0
EMAIL_SECONDS_MAX: Final = 30.0
POLL_SECONDS: Final = 0.05
TLS: Final = ssl.create_default_context()
"""For every client of ours: one that makes its own takes longer for it than for most requests."""

_LINK = re.compile(r"https?://\S+/reset/([\w-]+)")


class RefusedError(Exception):
    """The API answered with a problem."""

    def __init__(self, status: int, problem: Json) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status = status
        self.problem = problem

    @property
    def code(self) -> str:
        """The stable code of the problem."""
        return str(self.problem.get("code"))


class Client:
    """One caller of the API: nobody, a person with a session, or a program with a key."""

    def __init__(self, portal_url: str, key: str = "") -> None:
        self.portal_url = portal_url
        headers = {"Authorization": f"Bearer {key}"} if key else {"Origin": portal_url}
        self.http = httpx.AsyncClient(
            base_url=portal_url, headers=headers, timeout=ANSWER_SECONDS_MAX, verify=TLS
        )

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
        await self.http.aclose()

    async def get(self, path: str, **parameters: object) -> Json:
        """Read; raises RefusedError."""
        given = {name: str(value) for name, value in parameters.items() if value is not None}
        return _answer(await self.http.get(path, params=given))

    async def post(
        self, path: str, body: object = None, *, key: str = "", headers: Mapping[str, str] = {}
    ) -> Json:
        """Do something once: with a fresh Idempotency-Key unless one is given."""
        sent = {"Idempotency-Key": key or uuid.uuid4().hex, **headers}
        return _answer(await self.http.post(path, json=body, headers=sent))

    async def post_csv(self, path: str, text: str, **parameters: object) -> Json:
        """Upload a table."""
        sent = {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": "text/csv"}
        given = {name: str(value) for name, value in parameters.items()}
        return _answer(
            await self.http.post(path, content=text.encode(), headers=sent, params=given)
        )

    async def patch(self, path: str, body: Json, version: int) -> Json:
        """Change something that is still at this version."""
        return _answer(await self.http.patch(path, json=body, headers={"If-Match": f'"{version}"'}))

    async def delete(self, path: str, **parameters: str) -> Json:
        """Delete; `confirm_name` confirms what can't be undone."""
        return _answer(await self.http.delete(path, params=parameters))

    async def opened(self, account_id: str, *, path: str = "/v1/accounts") -> Json:
        """Wait until an account has stopped opening, and return it: active or failed."""
        until = time.monotonic() + OPENING_SECONDS_MAX
        while (account := await self.get(f"{path}/{account_id}"))["status"] == "opening":
            assert time.monotonic() < until, f"{account_id} is still opening"
            await asyncio.sleep(POLL_SECONDS)
        return account

    async def open_account(self, order: Json, *, path: str = "/v1/accounts") -> Json:
        """Open an account and return it once it is active; raises RefusedError when it failed."""
        account = await self.opened((await self.post(path, order))["id"], path=path)
        if account["status"] != "active":
            raise RefusedError(409, account["failure"])
        return account


def _answer(response: httpx.Response) -> Json:
    body: Json = response.json() if response.content else {}
    if response.is_error:
        raise RefusedError(response.status_code, body)
    return body


async def set_password(portal_url: str, token: str, password: str) -> None:
    """Set a password by a one-time link."""
    async with Client(portal_url) as nobody:
        await nobody.post("/v1/password-resets/confirm", {"token": token, "password": password})


async def make_key(portal_url: str, email: str, password: str, *, scope: str = "account") -> str:
    """Sign in, make an API key, and sign out."""
    async with Client(portal_url) as person:
        await person.post("/v1/sessions", {"email": email, "password": password})
        made = await person.post("/v1/keys", {"name": f"For {scope}", "scope": scope})
        await person.delete("/v1/sessions")
    return made["secret"]


async def first_key(portal_url: str, token: str, email: str, password: str) -> str:
    """Set the first password by a one-time link, and make an API key with it."""
    await set_password(portal_url, token, password)
    return await make_key(portal_url, email, password)


def table(columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """Return rows as CSV text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


async def link_token_for(mailbox: Path, email: str) -> str:
    """Return the token of the one-time link in the newest e-mail to an address."""
    until = time.monotonic() + EMAIL_SECONDS_MAX
    while (token := _newest_token(mailbox, email)) is None:
        assert time.monotonic() < until, f"no e-mail with a link came for {email}"
        await asyncio.sleep(POLL_SECONDS)
    return token


def _newest_token(mailbox: Path, email: str) -> str | None:
    for path in sorted(mailbox.glob("*.eml"), key=lambda found: found.stat().st_mtime)[::-1]:
        written = path.read_bytes()
        if email.encode() not in written:
            continue  # reading e-mails takes long, and most are to others
        message = BytesParser(policy=policy.default).parsebytes(written)
        text = message.get_body(("plain",))
        if message["To"] and email in message["To"] and text is not None:
            found = _LINK.search(text.get_content())
            if found:
                return found.group(1)
    return None
