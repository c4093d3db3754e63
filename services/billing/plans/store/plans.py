"""Service plans: one to an account, kept for good, so that their names are never used again."""

from collections.abc import Collection

from contracts.billing import PricedNumber
from contracts.names import name_key
from services.billing.plans.model.plan import StoredPlan
from services.billing.rating.store.sheet_use import PLANS
from services.chassis.database import Database, Reader, Transaction
from services.chassis.mongo import ASCENDING, Document, IndexModel, Int64


async def prepare(database: Database) -> None:
    """Create the indexes."""
    await database.documents(PLANS).ensure_indexes(
        IndexModel([("reseller_id", ASCENDING), ("name_key", ASCENDING)], name="name", unique=True),
        IndexModel([("rate_sheet_id", ASCENDING), ("closed", ASCENDING)], name="rate_sheet"),
        IndexModel("numbers.number", name="numbers"),
    )


def _plan_document(plan: StoredPlan) -> Document:
    document = {"_id": plan.account_id, **plan.model_dump(exclude={"account_id"})}
    document["name_key"] = name_key(plan.name)
    document["cost_per_user"] = Int64(plan.cost_per_user)
    if plan.next_cost_per_user is not None:
        document["next_cost_per_user"] = Int64(plan.next_cost_per_user)
    document["numbers"] = [_priced_document(priced) for priced in plan.numbers]
    document["given_up"] = [
        {
            "priced": _priced_document(one.priced),
            "until": one.until,
            "paid_until": one.paid_until.isoformat(),
        }
        for one in plan.given_up
    ]
    return document


def _priced_document(priced: PricedNumber) -> Document:
    return {
        "number": priced.number,
        "setup_fee": Int64(priced.setup_fee),
        "monthly_fee": Int64(priced.monthly_fee),
    }


async def add(tx: Transaction, plan: StoredPlan) -> None:
    """Keep a new plan."""
    await tx.documents(PLANS).insert(_plan_document(plan))


async def save(tx: Transaction, plan: StoredPlan) -> None:
    """Keep the next version of a plan."""
    found = await tx.documents(PLANS).replace(
        {"_id": plan.account_id, "version": plan.version - 1}, _plan_document(plan)
    )
    assert found, f"the plan of {plan.account_id} was changed by somebody else"


async def close(tx: Transaction, account_id: str) -> None:
    """Note that the plan of an account, if it has one, is not used any more."""
    await tx.documents(PLANS).update({"_id": account_id}, {"$set": {"closed": True}})


async def find(db: Reader, account_id: str) -> StoredPlan | None:
    """Return the plan of an account whose billing account the asker may see."""
    document = await db.documents(PLANS).find_one({"_id": account_id})
    return StoredPlan.model_validate({**document, "account_id": account_id}) if document else None


async def is_name_taken(db: Reader, reseller_id: str, name: str) -> bool:
    """Tell whether a plan of the reseller, also of a closed account, has this name."""
    query = {"reseller_id": reseller_id, "name_key": name_key(name)}
    return await db.documents(PLANS).find_one(query, fields=["_id"]) is not None


async def names_taken(db: Reader, reseller_id: str, names: Collection[str]) -> set[str]:
    """Return the keys of those names that plans of the reseller have, also of closed accounts."""
    keys = sorted({name_key(name) for name in names})
    query = {"reseller_id": reseller_id, "name_key": {"$in": keys}}
    limit = max(len(keys), 1)
    found = await db.documents(PLANS).find(query, limit=limit, fields=["name_key"])
    return {document["name_key"] for document in found}
