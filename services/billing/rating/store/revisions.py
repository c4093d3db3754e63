"""Write the next revision of a sheet, outside of transactions: nobody reads it before it is whole.

What is written twice is the same, and is there once.
"""

from typing import Final

import polars as pl

from services.billing.rating.model.rows import ROWS
from services.billing.rating.store.rates import NO_END, RATES, RATES_PER_SWEEP, in_revision
from services.chassis.database import Writer
from services.chassis.mongo import Document, Int64

ROWS_PER_BATCH: Final = 1_000
"""So few that what else the process does waits for milliseconds only."""

ROWS_PER_READ: Final = 2_000
BEGIN_FORMAT: Final = "%Y-%m-%dT%H:%M:%SZ"
_KEPT_ROWS: Final = {**ROWS, "since": pl.Int64}


async def rows_of(db: Writer, sheet_id: str, revision: int) -> pl.DataFrame:
    """Return the rates of a revision as a table, with `since`."""
    batches = db.documents(RATES).batches(
        in_revision(sheet_id, revision), fields=tuple(_KEPT_ROWS), size=ROWS_PER_READ
    )
    tables = [pl.DataFrame(batch, schema=_KEPT_ROWS) async for batch in batches]
    rows = pl.concat([pl.DataFrame(schema=_KEPT_ROWS), *tables])
    # rates that were stored before they had a fraction have none
    return rows.with_columns(pl.col("rate_fraction").fill_null(0))


async def put_rows(db: Writer, sheet_id: str, since: int, rows: pl.DataFrame) -> None:
    """Write some rates that begin with a revision."""
    since_then = rows.with_columns(since=pl.lit(since, pl.Int64))
    documents = since_then.with_columns(
        _id_of(sheet_id),
        # without its zone, which is MongoDB's own: such times are made five times faster
        pl.col("effective_from").dt.replace_time_zone(None),
        sheet_id=pl.lit(sheet_id),
        until=pl.lit(NO_END, pl.Int64),
    ).to_dicts()
    for document in documents:
        document["rate"] = Int64(document["rate"])
        document["connect_fee"] = Int64(document["connect_fee"])
    await db.documents(RATES).insert_missing(*documents)


async def end_rows(db: Writer, sheet_id: str, until: int, rows: pl.DataFrame) -> None:
    """Say of some rates, given with `since`, that a revision has them no more."""
    ids = rows.select(_id_of(sheet_id)).to_series().to_list()
    await db.documents(RATES).update_all({"_id": {"$in": ids}}, {"$set": {"until": until}})


async def undo(db: Writer, sheet_id: str, revision: int) -> None:
    """Leave nothing of what was written towards the revision after this one."""
    newer = {"sheet_id": sheet_id, "until": NO_END, "since": {"$gt": revision}}
    await _delete(db, newer)
    ended = {"sheet_id": sheet_id, "until": revision + 1}
    await db.documents(RATES).update_all(ended, {"$set": {"until": NO_END}})


async def remove_before(db: Writer, sheet_id: str, revision: int) -> None:
    """Remove the rates that no revision from this one on has."""
    await _delete(db, {"sheet_id": sheet_id, "until": {"$lte": revision}})


async def _delete(db: Writer, query: Document) -> None:
    rates = db.documents(RATES)
    while found := await rates.find(query, fields=["_id"], limit=RATES_PER_SWEEP):
        await rates.delete({"_id": {"$in": [rate["_id"] for rate in found]}})


def _id_of(sheet_id: str) -> pl.Expr:
    moment = pl.col("effective_from").dt.strftime(BEGIN_FORMAT).fill_null("")
    return pl.format("{}/{}/{}/{}", pl.lit(sheet_id), "prefix", moment, "since").alias("_id")
