"""What a ledger has charged since its last invoice, added up by the database."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from services.billing.base.model.billing_settings import StoredSettings
from services.billing.invoicing.model.invoice_lines import (
    CHARGED_LINES_MAX,
    INVOICE_CAUSE,
    NOT_BILLED,
    Arrears,
    More,
)
from services.billing.ledger.model.charge import TAX_KEY
from services.billing.ledger.model.ledger import BillingAccount, Entry
from services.billing.ledger.model.usage import CountryUsage
from services.billing.ledger.store.ledger import LEDGER, entry_of
from services.chassis.database import Reader
from services.chassis.mongo import ASCENDING, Document, Int64


async def since_last_invoice(
    db: Reader, account: BillingAccount, settings: StoredSettings, before: datetime | None = None
) -> Arrears:
    """Return what a ledger has charged since its last invoice, up to a time if one is given.

    `settings` are the seller's: they tell the tax percentage of calls by the time of their charge.

    No entry of such a stretch ever changes, so it may be read before the transaction; and it is
    read in one go, so that what is added up is all of it up to its last entry.
    """
    stretch: Document = {"account_id": account.id, "seq": {"$gt": account.invoiced_seq}}
    if before is not None:
        stretch["at"] = {"$lt": before}
    (found,) = await db.documents(LEDGER).aggregate(
        [{"$match": stretch}, {"$facet": _facets(_percent(settings))}]
    )
    charged = [entry_of(document) for document in found["charged"]]
    return Arrears(
        after_seq=account.invoiced_seq,
        up_to_seq=max((last["seq"] for last in found["last"]), default=account.invoiced_seq),
        charged=charged,
        more=_more(found["lines"], charged, settings),
        usage=[_usage(group) for group in found["usage"]],
        taxes={group["_id"]: -group["amount"] for group in found["tax"]},
    )


def _facets(percent: Document) -> Document:
    is_tax = {"$regex": f":{TAX_KEY}(:undone)?$"}
    is_line = {**_CHARGED, "_id": {"$not": is_tax}}
    return {
        "charged": [
            {"$match": is_line},
            {"$sort": {"seq": ASCENDING}},
            {"$limit": CHARGED_LINES_MAX},
        ],
        "lines": [{"$match": is_line}, {"$group": {"_id": percent, **_LINES}}],
        "tax": [
            {"$match": {**_CHARGED, "_id": is_tax}},
            {"$group": {"_id": percent, **_LINES}},
        ],
        "usage": [
            {"$match": {"type": "call"}},
            {"$group": {"_id": {"country": "$call.country", "tax": percent}, **_USAGE}},
        ],
        "last": [{"$group": {"_id": None, "seq": {"$max": "$seq"}}}],
    }


def _more(
    groups: Iterable[Document], charged: Sequence[Entry], settings: StoredSettings
) -> tuple[More, ...]:
    """Return what groups by tax percentage have beyond the entries that are shown."""
    more: list[More] = []
    for group in groups:
        percent = group["_id"]
        shown = [one for one in charged if _percent_of(one, settings) == percent]
        number = group["number"] - len(shown)
        if number:
            amount = sum(entry.amount for entry in shown) - group["amount"]
            tax = sum(entry.tax for entry in shown) - group["tax"]
            more.append(More(number, amount, percent, tax))
    return tuple(more)


def _percent_of(entry: Entry, settings: StoredSettings) -> int:
    return settings.tax_percent_at(entry.at) if entry.tax_percent is None else entry.tax_percent


def _percent(settings: StoredSettings) -> Document:
    """Return the expression for the tax percentage of an entry; calls have no field for it."""
    earlier = [
        {"case": {"$lt": ["$at", tax.until]}, "then": Int64(tax.percent)}
        for tax in settings.earlier_taxes
    ]
    now: object = Int64(settings.tax_percent)
    by_time = {"$switch": {"branches": earlier, "default": now}} if earlier else now
    return {"$ifNull": ["$tax_percent", by_time]}


def _count(field: str) -> Document:
    return {"$sum": {"$cond": [{"$gt": [f"$call.{field}", 0]}, 1, 0]}}


_CHARGED: Final[Document] = {
    "type": {"$nin": ["call", *NOT_BILLED]},
    "cause": {"$not": {"$regex": f"^{INVOICE_CAUSE}"}},
    "amount": {"$ne": 0},
    "billed": {"$ne": False},
}
_LINES: Final[Document] = {
    "number": {"$sum": 1},
    "amount": {"$sum": "$amount"},
    "tax": {"$sum": "$tax"},
}
_USAGE: Final[Document] = {
    "billed_calls": _count("rated_seconds"),
    "rated_seconds": {"$sum": "$call.rated_seconds"},
    "amount": {"$sum": "$amount"},
    "bundle_calls": _count("free_seconds"),
    "free_seconds": {"$sum": "$call.free_seconds"},
}


def _usage(group: Document) -> CountryUsage:
    return CountryUsage(
        country=group["_id"].get("country"),
        tax_percent=group["_id"]["tax"],
        billed_calls=group["billed_calls"],
        rated_seconds=group["rated_seconds"],
        charges=-group["amount"],
        bundle_calls=group["bundle_calls"],
        free_seconds=group["free_seconds"],
    )
