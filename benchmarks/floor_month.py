"""The floors of the billing month: the same documents written, the same page printed, no more."""

import asyncio
import time
from typing import Final

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration

from accounts_manager.documents.files import FONTS, STATIC
from accounts_manager.documents.invoice import paper
from accounts_manager.documents.pdf import VARIANT, OwnFonts
from contracts.billing import Invoice
from services.billing.base.handlers.workers import AT_ONCE
from services.billing.invoicing.store.invoices import INVOICES
from services.billing.ledger.store.ledger import LEDGER
from services.chassis import mongo
from services.chassis.database import Database
from services.chassis.mongo import Document

INBOX_BYTES: Final = b"x" * 200


async def renewed_documents(database: Database, ending: str) -> list[list[Document]]:
    """Return for each renewed account its invoice, and then the entries that it caused."""
    ledger = database.documents(LEDGER)
    found: list[list[Document]] = []
    async for invoice in database.documents(INVOICES).each({"_id": {"$regex": f"{ending}$"}}):
        entries = [entry async for entry in ledger.each({"cause": invoice["_id"]})]
        found.append([invoice, *entries])
    return found


async def transactions(database: Database, written: list[list[Document]]) -> None:
    """Write copies of the documents, those of one account in a transaction each."""
    waiting, raw = list(written), database.raw

    async def worker() -> None:
        while waiting:
            invoice, *entries = waiting.pop()
            async with (
                await database.client.start_session() as session,
                session.start_transaction(write_concern=mongo.MAJORITY),
            ):
                await raw["floor_invoices"].insert_one(invoice, session=session)
                await raw["floor_ledger"].insert_many(entries, session=session)
                for name in ("floor_wallets", "floor_plans"):
                    await raw[name].replace_one(
                        {"_id": invoice["account_id"]},
                        {"text": INBOX_BYTES},
                        upsert=True,
                        session=session,
                    )
                receipt = {"_id": invoice["_id"], "text": INBOX_BYTES}
                await raw["floor_inbox"].insert_one(receipt, session=session)

    for name in ("invoices", "ledger", "wallets", "plans", "inbox"):
        await database.raw.create_collection(f"floor_{name}")
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


def bare_prints(invoice: Invoice, prints: int) -> float:
    """Return the seconds that so many prints take in this process, fonts read beforehand."""
    fonts, html, fetcher = FontConfiguration(), paper(invoice), OwnFonts()
    sheets = [
        CSS(
            string=(STATIC / name).read_text("utf-8"),
            base_url=FONTS.as_uri() + "/",
            url_fetcher=fetcher,
            font_config=fonts,
        )
        for name in ("paper.css", "invoice.css")
    ]

    def print_once() -> None:
        page = HTML(string=html, url_fetcher=fetcher)
        page.write_pdf(stylesheets=sheets, font_config=fonts, pdf_variant=VARIANT)

    print_once()
    began = time.perf_counter()
    for _ in range(prints):
        print_once()
    return time.perf_counter() - began
