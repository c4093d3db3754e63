"""Importing 100,000 rates over HTTP; the floor parses the file and inserts the documents."""

import random
import time
from statistics import median
from typing import Final

import polars as pl

from benchmarks.callers import database_of
from benchmarks.report import Figure, Results
from benchmarks.reseller import open_reseller
from contracts.billing import IMPORT_ROWS_MAX
from local.client import Client
from local.system import System
from services.billing.rating.store import rates
from services.chassis.database import Database
from services.chassis.mongo import Document

TURNS: Final = 3
DOCUMENTS_PER_INSERT: Final = 1_000
SUFFIX_DIGITS: Final = 5
CODES: Final = ("1212", "1416", "7495", "44", "49", "33", "39", "61", "91", "971", "234", "880")
HEADER: Final = "prefix,country,name,rate,connect_fee,min_duration,increment,effective_from\n"
NOTES: Final = """\
* An import is timed from the upload to the answer, by which its rates are in use. Its floor parses
  the same file with polars and inserts the same documents, 1,000 at a time, into a collection that
  has no other index; it validates, compares and sums up nothing. Both are medians of three turns.
* Read for pricing: the rates of a revision, and the index by prefix that calls are priced by.
"""


def _file(chance: random.Random, count: int) -> str:
    """Return a file of distinct prefixes in some countries, in no order."""
    prefixes: set[str] = set()
    while len(prefixes) < count:
        suffix = chance.randrange(10**SUFFIX_DIGITS)
        prefixes.add(f"{chance.choice(CODES)}{suffix}")
    rows = (
        f'{prefix},,"Destination, {prefix}",0.{chance.randrange(10**6):06d},0.01,30,6,2026-01-01\n'
        for prefix in prefixes
    )
    return HEADER + "".join(rows)


async def measure(system: System) -> Results:
    """Measure a running system."""
    system.start()
    system.wait_until_ready()
    reseller = await open_reseller(system, "prefix,rate\n44,0.01\n")
    database = database_of(system.addresses)
    file = _file(random.Random(7), IMPORT_ROWS_MAX)  # noqa: S311 - rates, no secrets
    ours: list[float] = []
    floors: list[float] = []
    reading: list[float] = []
    async with Client(system.portal_url, reseller.key) as client:
        for turn in range(TURNS):
            sheet = await client.post("/v1/rate-sheets", {"name": f"Sheet {turn}"})
            began = time.perf_counter()
            report = await client.post_csv(f"/v1/rate-sheets/{sheet['id']}/imports", file)
            ours.append(time.perf_counter() - began)
            assert report["added"] == IMPORT_ROWS_MAX, report
            floors.append(await _floor(database, sheet["id"], file))
            reading.append(await _read(database, sheet["id"]))
    what = f"import {IMPORT_ROWS_MAX:,} rates"
    per_second, floor = IMPORT_ROWS_MAX / median(ours), IMPORT_ROWS_MAX / median(floors)
    return Results(
        figures=(
            Figure(what, per_second, "≥ 0.33", "polars parse + insert_many", floor),
            Figure("read them for pricing", IMPORT_ROWS_MAX / median(reading), ""),
        ),
        notes=NOTES,
    )


async def _floor(database: Database, sheet_id: str, file: str) -> float:
    """Return the seconds that parsing the file and inserting its documents takes."""
    documents: list[Document] = [
        document async for document in database.documents(rates.RATES).each({"sheet_id": sheet_id})
    ]
    floor = database.documents("floor")
    began = time.perf_counter()
    parsed = pl.read_csv(file.encode())
    for first in range(0, len(documents), DOCUMENTS_PER_INSERT):
        await floor.insert(*documents[first : first + DOCUMENTS_PER_INSERT])
    seconds = time.perf_counter() - began
    assert parsed.height == len(documents) == IMPORT_ROWS_MAX
    await floor.delete({})
    return seconds


async def _read(database: Database, sheet_id: str) -> float:
    """Return the seconds until calls can be priced by a sheet that nobody has read yet."""
    began = time.perf_counter()
    prices = await rates.price_list(database.reader(), sheet_id, 1)
    assert prices.rates == IMPORT_ROWS_MAX
    return time.perf_counter() - began
