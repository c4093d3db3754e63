"""Billing accounts: what is known of an account, with a projection of its ledger for lists only."""

from datetime import UTC, datetime
from typing import Final

from services.billing.ledger.model.ledger import BillingAccount, CallTerms, LedgerHead
from services.billing.ledger.model.runway import SOON
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, Document, IndexModel, Int64

BILLING_ACCOUNTS: Final = "wallets"
BELOW_A_SELLER: Final = (("parent_id", ASCENDING), ("open", ASCENDING))
LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
HOLDS_SOMETHING: Final = {"holds.call_id": {"$gt": ""}}
RENEWS: Final = {"renews_at": {"$type": "date"}}


async def prepare(database: Database) -> None:
    """Create the indexes."""
    await database.documents(BILLING_ACCOUNTS).ensure_indexes(
        IndexModel(
            [
                *BELOW_A_SELLER,
                ("balance", ASCENDING),
                ("_id", ASCENDING),
                # the totals are read from the index alone
                *((name, ASCENDING) for name in ("monthly_charge", "credit_limit")),
                *((name, ASCENDING) for name in ("pace", "renews_at")),
            ],
            name="by_balance",
        ),
        IndexModel(
            [*BELOW_A_SELLER, ("renews_at", ASCENDING), ("_id", ASCENDING)], name="by_renewal"
        ),
        IndexModel("pace_due", name="pace_due", partialFilterExpression={"open": True}),
        IndexModel(
            "realm",
            name="realm",
            unique=True,
            partialFilterExpression={"realm": {"$gt": ""}},
        ),
        IndexModel("balance", name="closed", partialFilterExpression={"open": False}),
        IndexModel(
            [("renews_at", ASCENDING), ("_id", ASCENDING)],
            name="due",
            partialFilterExpression=RENEWS,
        ),
        IndexModel("holds.call_id", name="held_calls", partialFilterExpression=HOLDS_SOMETHING),
    )
    stored = database.documents(BILLING_ACCOUNTS)
    # before, an index had nothing but the totals, and nobody estimated how long credit lasts
    await stored.drop_index("totals")
    await stored.update_all(
        {"pace": {"$exists": False}}, {"$set": {"pace": Int64(0), "pace_due": LONG_AGO}}
    )


def projection_of(head: LedgerHead) -> Document:
    """Return what a billing account's document holds of its ledger."""
    return {
        "seq": Int64(head.seq),
        "at": head.at,
        "balance": Int64(head.balance),
        "seconds": dict(head.seconds),
        "seconds_left": Int64(head.seconds_left),
        "rated_seconds": Int64(head.rated_seconds),
        "call_charges": Int64(head.call_charges),
        "last_bundles": head.last_bundles.model_dump() if head.last_bundles else None,
    }


def billing_account_of(document: Document) -> BillingAccount:
    """Return a billing account from its document."""
    return BillingAccount.model_validate({**document, "id": document["_id"]})


def _terms_document(terms: CallTerms) -> Document:
    return {**terms.model_dump(), "countries": sorted(terms.countries)}


async def add(tx: Transaction, account: BillingAccount, head: LedgerHead) -> None:
    """Keep a new billing account."""
    document = account.model_dump(exclude={"id", "parent_path"})
    document |= {
        "_id": account.id,
        "parent_path": list(account.parent_path),
        "parent_id": account.reseller_id,
        "open": account.status != "closed",
        "monthly_charge": Int64(account.monthly_charge),
        "credit_limit": Int64(account.credit_limit),
        "terms": [_terms_document(terms) for terms in account.terms],
        "invoiced_seq": Int64(account.invoiced_seq),
        "holds": [],
        "revision": 0,
        "pace": Int64(0),
        "pace_due": account.opened_at + SOON,
        **projection_of(head),
    }
    await tx.documents(BILLING_ACCOUNTS).insert(document)


async def save_status(tx: Transaction, account: BillingAccount) -> None:
    """Keep the state of the account."""
    change = {
        "status": account.status,
        "open": account.status != "closed",
        "account_version": account.account_version,
    }
    found = await tx.documents(BILLING_ACCOUNTS).update(
        {"_id": account.id}, {"$set": change, "$inc": {"revision": 1}}
    )
    assert found, f"{account.id} is saved before it was added"


async def save_credit_limit(tx: Transaction, account: BillingAccount) -> None:
    """Keep a billing account's credit limit; whoever has seen the account as it was looks again."""
    change = {"credit_limit": Int64(account.credit_limit)}
    found = await tx.documents(BILLING_ACCOUNTS).update(
        {"_id": account.id}, {"$set": change, "$inc": {"revision": 1}}
    )
    assert found, f"{account.id} is saved before it was added"


async def save_terms(tx: Transaction, account: BillingAccount) -> None:
    """Keep what a changed plan means for calls and lists."""
    change = {
        "terms": [_terms_document(terms) for terms in account.terms],
        "bundle_minutes": account.bundle_minutes,
        "monthly_charge": Int64(account.monthly_charge),
    }
    found = await tx.documents(BILLING_ACCOUNTS).update(
        {"_id": account.id}, {"$set": change, "$inc": {"revision": 1}}
    )
    assert found, f"{account.id} is saved before it was added"


async def save_plan_start(tx: Transaction, account: BillingAccount) -> None:
    """Keep when the periods of a billing account begin that had no plan."""
    change = {
        "plan_started_at": account.plan_started_at,
        "anchor_day": account.anchor_day,
        "renews_at": account.renews_at,
    }
    found = await tx.documents(BILLING_ACCOUNTS).update(
        {"_id": account.id, "renews_at": None}, {"$set": change, "$inc": {"revision": 1}}
    )
    assert found, f"{account.id} has a plan, or was never added"


async def find(db: Reader, account_id: str) -> BillingAccount | None:
    """Return any billing account, for a message of another service."""
    document = await db.documents(BILLING_ACCOUNTS).find_one({"_id": account_id})
    return billing_account_of(document) if document else None


async def find_seen_by(db: Reader, asker_id: str, account_id: str) -> BillingAccount | None:
    """Return the billing account of an account that is the asker's own or directly below it."""
    query: Document = {"_id": account_id}
    if account_id != asker_id:
        query["parent_id"] = asker_id
    document = await db.documents(BILLING_ACCOUNTS).find_one(query)
    return billing_account_of(document) if document else None
