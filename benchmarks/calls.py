"""Calls: charged, authorised, priced and shown."""

from benchmarks.authorizing import measure_authorizing, measure_over_http
from benchmarks.call_pages import measure_pages
from benchmarks.callers import RATES, database_of, put_in_callers
from benchmarks.charging import measure_charging
from benchmarks.pricing import measure_pricing
from benchmarks.report import Results
from benchmarks.reseller import open_reseller
from local.system import System


async def measure(system: System) -> Results:
    """Measure, with no more of the system running than each measurement is about.

    What is reached at a fixed pace, or has no floor, comes first: minutes of full load make a
    machine slower, and then a fixed pace leaves less of it than it left the floor.
    """
    results = measure_pricing()
    system.start()
    system.wait_until_ready()
    reseller = await open_reseller(system, RATES)
    database = database_of(system.addresses)
    await put_in_callers(database, reseller)
    system.stop()
    results += await measure_authorizing(system, database)
    results += await measure_charging(system, database, reseller)
    system.start()
    system.wait_until_ready()
    assert system.operate("audit").strip() == "0 faults", "the ledgers have faults"
    results += await measure_over_http(system, reseller.switch_key)
    results += await measure_pages(system.portal_url, database, reseller)
    database.client.close()
    return results
