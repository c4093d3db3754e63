"""Prints invoices as PDF in processes of its own: a page takes a tenth of a second of a core."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

from accounts_manager.documents.invoice import paper
from accounts_manager.documents.jobs import HEAD, PRINTED, framed, length_of
from contracts.billing import Invoice

WORKERS: Final = 2
WAITING_MAX: Final = 20
"""Documents that are printed or wait for it; whoever comes then is told to come back."""

PRINT_SECONDS_MAX: Final = 30.0
"""Of one document, a worker's start included."""

TRIES: Final = 2
"""A worker may be killed, for its memory for instance; what it had in hand goes to a new one."""

PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "LD_LIBRARY_PATH")
"""What of its surroundings a worker sees: none of the secrets."""


class PrintError(Exception):
    """A document could not be printed."""


class Busy(PrintError):  # noqa: N818 - it reads as the fact it is
    """Too many documents wait to be printed, or the machine is too slow: try again later."""


class Worker:
    """One process that prints, one document at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None, "it was started with pipes"
        assert process.stdout is not None, "it was started with pipes"
        self.process = process
        self._jobs = process.stdin
        self._answers = process.stdout

    @classmethod
    async def start(cls, niceness: int = 0) -> "Worker":
        """Start a worker; it reads its fonts while the first document is on its way."""
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environment["PYTHONPATH"] = str(Path(__file__).parents[2])
        pipe = asyncio.subprocess.PIPE
        command = [sys.executable, "-m", "accounts_manager.documents.worker", str(niceness)]
        process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, env=environment
        )
        return cls(process)

    async def print(self, job: bytes) -> bytes:
        """Return the PDF; PrintError when it cannot be made, OSError or EOFError when it ended."""
        self._jobs.write(framed(job))
        await self._jobs.drain()
        head = await self._answers.readexactly(HEAD.size)
        answer = await self._answers.readexactly(length_of(head))
        kind, content = answer[:1], answer[1:]
        if kind != PRINTED:
            raise PrintError(content.decode())
        return content

    async def end(self) -> None:
        """End the process, whatever it is doing."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


class Printer:
    """A few workers that are started when they are first needed, and again when they end."""

    def __init__(self, niceness: int = 0) -> None:
        """`niceness` is how far the workers step back for others, from 0 to 19."""
        self._niceness = niceness
        self._places = asyncio.Semaphore(WORKERS)
        self._free: list[Worker] = []
        self._waiting = 0

    async def render_pdf(self, invoice: Invoice, *, pay_url: str = "") -> bytes:
        """Return an invoice as PDF/UA; raises PrintError, and Busy when to try again later."""
        if self._waiting >= WAITING_MAX:
            raise Busy("Too many documents are waiting to be printed.")
        job = paper(invoice, pay_url=pay_url).encode()
        self._waiting += 1
        try:
            async with self._places:
                return await self._print(job)
        finally:
            self._waiting -= 1

    async def _print(self, job: bytes) -> bytes:
        for _ in range(TRIES):
            try:
                async with asyncio.timeout(PRINT_SECONDS_MAX):
                    return await self._print_once(job)
            except TimeoutError:
                raise Busy(f"Printing took longer than {PRINT_SECONDS_MAX} s.") from None
            except (OSError, EOFError):
                await self.stop()  # those beside it may have ended as well
        raise PrintError("the workers end before they have printed it")

    async def _print_once(self, job: bytes) -> bytes:
        worker = self._free.pop() if self._free else await Worker.start(self._niceness)
        whole = False
        try:
            content = await worker.print(job)
            whole = True
        except PrintError:
            whole = True
            raise
        finally:
            # one that was left in the midst of a document would answer the next with it
            if whole:
                self._free.append(worker)
            else:
                await worker.end()
        return content

    @property
    def workers(self) -> set[int]:
        """The process ids of the workers that wait for a document."""
        return {worker.process.pid for worker in self._free}

    async def stop(self) -> None:
        """End the workers."""
        while self._free:
            await self._free.pop().end()
