"""Invoices as PDF: for everybody, with our own fonts, from workers that may die at any time."""

import asyncio
import os
import re
import signal
import sys
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from weasyprint.urls import FatalURLFetchingError

from accounts_manager.documents import printing
from accounts_manager.documents.invoice import paper
from accounts_manager.documents.pdf import OwnFonts, Press
from accounts_manager.documents.printing import Busy, Printer, PrintError, Worker
from contracts.billing import Invoice, InvoiceLine
from tests.samples.documents import invoice
from tests.waiting import eventually


@pytest.fixture
async def printer() -> AsyncIterator[Printer]:
    """Give a printer."""
    printer = Printer()
    yield printer
    await printer.stop()


def objects_of(content: bytes) -> bytes:
    """Return a PDF with its compressed objects readable behind it."""
    inside = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL)
    parts = [content]
    for part in inside:
        try:
            parts.append(zlib.decompress(part))
        except zlib.error:
            continue  # a font, or what is not compressed
    return b"\n".join(parts)


def is_running(pid: int) -> bool:
    """Tell whether a process is there and not just waiting to be counted out."""
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "zombie" not in status.read_text()


def environment_of(pid: int) -> bytes:
    """Return what a process sees of its surroundings."""
    return Path(f"/proc/{pid}/environ").read_bytes()


def long_invoice() -> Invoice:
    """Return an invoice of several pages."""
    line = InvoiceLine(kind="calls", text="Calls to everywhere", seconds=60, quantity=1, amount=1)
    return invoice(lines=(line,) * 120)


async def test_a_pdf_is_tagged_has_a_title_and_its_fonts_inside(printer: Printer) -> None:
    content = await printer.render_pdf(invoice(), pay_url="https://portal.example/bills/inv_1")
    assert content.startswith(b"%PDF-1.7")
    inside = objects_of(content)
    assert b"pdfuaid:part" in inside
    assert b"/StructTreeRoot" in inside
    assert b"Invoice NV-001184" in inside
    assert b"https://portal.example/bills/inv_1" in inside
    fonts = re.findall(rb"/BaseFont ?/[A-Z]{6}\+([\w-]+)", inside)
    assert fonts
    assert all(name.startswith(b"Inter") for name in fonts)
    assert inside.count(b"/FontFile") == len({*re.findall(rb"/FontFile\d \d+ 0 R", inside)})


async def test_a_long_invoice_has_several_pages(printer: Printer) -> None:
    content = await printer.render_pdf(long_invoice())
    assert len(re.findall(rb"/Type ?/Page\b", objects_of(content))) > 2


@pytest.mark.parametrize(
    "url", ["https://elsewhere.example/x.png", "file:///etc/passwd", "data:text/css,x", "relative"]
)
def test_nothing_is_fetched_but_our_own_fonts(url: str) -> None:
    with pytest.raises(FatalURLFetchingError):
        OwnFonts().fetch(url)


@pytest.mark.parametrize("url", ["https://elsewhere.example/x.png", "file:///etc/passwd"])
def test_a_page_that_refers_to_elsewhere_is_not_printed(url: str) -> None:
    with pytest.raises(FatalURLFetchingError):
        Press().print(f'<html lang="en"><title>x</title><img alt="" src="{url}">')


async def test_a_worker_that_is_killed_is_replaced(printer: Printer) -> None:
    await printer.render_pdf(invoice())
    (pid,) = printer.workers
    os.kill(pid, signal.SIGKILL)
    assert (await printer.render_pdf(invoice())).startswith(b"%PDF")
    assert printer.workers != {pid}


async def test_a_document_is_printed_also_when_its_worker_is_killed_meanwhile(
    printer: Printer,
) -> None:
    await printer.render_pdf(invoice())
    (pid,) = printer.workers
    os.kill(pid, signal.SIGSTOP)  # it has the job, and does nothing
    printing_it = asyncio.create_task(printer.render_pdf(invoice()))
    await eventually(lambda: not printer.workers)
    os.kill(pid, signal.SIGKILL)
    assert (await printing_it).startswith(b"%PDF")


async def test_what_takes_too_long_is_given_up_and_its_worker_ended(
    printer: Printer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await printer.render_pdf(invoice())
    (pid,) = printer.workers
    os.kill(pid, signal.SIGSTOP)
    monkeypatch.setattr(printing, "PRINT_SECONDS_MAX", 0.1)
    with pytest.raises(PrintError, match="longer than"):
        await printer.render_pdf(invoice())
    assert not is_running(pid)
    monkeypatch.undo()
    assert await printer.render_pdf(invoice())


async def test_more_than_may_wait_are_told_to_come_back(
    printer: Printer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "WAITING_MAX", 3)
    wanted = [printer.render_pdf(invoice()) for _ in range(5)]
    answers = await asyncio.gather(*wanted, return_exceptions=True)
    assert [type(answer) for answer in answers] == [bytes, bytes, bytes, Busy, Busy]
    assert len(printer.workers) == printing.WORKERS


async def test_a_document_that_cannot_be_printed_leaves_the_worker_at_work() -> None:
    worker = await Worker.start()
    elsewhere = (
        b'<html lang="en"><title>x</title><img alt="" src="https://elsewhere.example/x.png">'
    )
    for job, reason in ((elsewhere, "FatalURLFetchingError"), (b"\xff", "UnicodeDecodeError")):
        with pytest.raises(PrintError, match=reason):
            await worker.print(job)
    assert (await worker.print(paper(invoice()).encode())).startswith(b"%PDF")
    await worker.end()


async def test_a_printer_steps_back_for_others_as_far_as_it_is_told() -> None:
    printer = Printer(niceness=7)
    await printer.render_pdf(invoice())
    (pid,) = printer.workers
    assert os.getpriority(os.PRIO_PROCESS, pid) == os.getpriority(os.PRIO_PROCESS, 0) + 7
    await printer.stop()


async def test_a_worker_knows_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_URL", "mongodb://secret")
    worker = await Worker.start()
    # for a moment after its start, the system says nothing of it
    environment = await eventually(lambda: environment_of(worker.process.pid))
    await worker.end()
    assert b"secret" not in environment
    assert b"PYTHONPATH=" in environment


async def test_a_worker_ends_with_the_process_that_started_it() -> None:
    program = (
        "import asyncio\n"
        "from accounts_manager.documents.printing import Worker\n"
        "async def main():\n"
        "    worker = await Worker.start()\n"
        "    print(worker.process.pid, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    pipe = asyncio.subprocess.PIPE
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=pipe)
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert is_running(pid)
    parent.kill()
    await parent.wait()
    await eventually(lambda: not is_running(pid))
