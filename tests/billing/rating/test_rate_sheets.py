"""Rate sheets: made, renamed, listed, deleted."""

import asyncio

import pytest

from contracts.base import Refused
from contracts.billing import (
    ArchiveRateSheet,
    BillingAccountOpened,
    BillingAccountRefused,
    ChangeRate,
    CopyRateSheet,
    CreateRateSheet,
    DeleteRateSheet,
    FindCountryRates,
    FindPlan,
    FindRateImport,
    FindRateSheet,
    ListRateRevisions,
    ListRates,
    ListRateSheets,
    ListRefusedRows,
    OpenBillingAccount,
    Rate,
    RateCall,
    RateSheet,
    RateSheetChanged,
    RemoveRate,
    RenameRateSheet,
    RestoreRateRevision,
    StartImport,
)
from services.billing.rating.store import rates as rate_store
from services.billing.rating.store import sheets
from tests.billing.conftest import (
    CSV,
    add_sheet,
    find_sheet,
    open_account,
    opened,
    opening,
    plan,
)
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness

# --- sheets ---------------------------------------------------------------------------------


async def test_a_sheet_is_made_in_the_resellers_currency(billing: Harness) -> None:
    sheet = await billing.ask(CreateRateSheet(name="  Standard   A–Z "), OTHER_RESELLER)
    assert (sheet.name, sheet.currency, sheet.version) == ("Standard A–Z", "EUR", 1)
    assert (sheet.rates, sheet.accounts, sheet.lowest_rate, sheet.highest_rate) == (
        0,
        0,
        None,
        None,
    )
    (event,) = await billing.sent(RateSheetChanged)
    assert event == RateSheetChanged(
        rate_sheet_id=sheet.id, reseller_id="acc_r2", name="Standard A–Z", version=1
    )


async def test_only_the_platform_says_the_currency(billing: Harness) -> None:
    made = await billing.ask(CreateRateSheet(name="Wholesale", currency="GBP"), OPERATOR)
    assert made.currency == "GBP"
    for order, by in (
        (CreateRateSheet(name="A"), OPERATOR),
        (CreateRateSheet(name="A", currency="ZZZ"), OPERATOR),
        (CreateRateSheet(name="A", currency="GBP"), RESELLER),
    ):
        problem = await billing.problem(order, by)
        assert [error.pointer for error in problem.errors] == ["/currency"]
    assert (
        await billing.ask(CreateRateSheet(name="A", currency="USD"), RESELLER)
    ).currency == "USD"


async def test_a_sheets_name_is_taken_once_for_each_reseller(billing: Harness) -> None:
    await add_sheet(billing, "Standard")
    problem = await billing.problem(CreateRateSheet(name="STANDARD "), RESELLER)
    assert problem.code == "rate-sheet-name-taken"
    assert [error.pointer for error in problem.errors] == ["/name"]
    await add_sheet(billing, "Standard", by=OTHER_RESELLER)
    answers = await asyncio.gather(
        *(billing.ask(CreateRateSheet(name="Gold"), RESELLER) for _ in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, RateSheet) for answer in answers) == 1
    assert sum(isinstance(answer, Refused) for answer in answers) == 4


async def test_a_sheet_is_renamed_by_whoever_saw_its_latest_version(billing: Harness) -> None:
    sheet = await add_sheet(billing, "Standard", csv="")
    order = RenameRateSheet(rate_sheet_id=sheet.id, version=1, name="Premium")
    renamed = await billing.ask(order, RESELLER)
    assert (renamed.name, renamed.version) == ("Premium", 2)
    assert (await billing.problem(order, RESELLER)).type == "version-conflict"
    # the old name is free again, and only the case of the own name may change
    await add_sheet(billing, "standard", csv="")
    again = RenameRateSheet(rate_sheet_id=sheet.id, version=2, name="PREMIUM")
    assert (await billing.ask(again, RESELLER)).name == "PREMIUM"
    taken = RenameRateSheet(rate_sheet_id=sheet.id, version=3, name="Standard")
    assert (await billing.problem(taken, RESELLER)).type == "rate-sheet-name-taken"


async def test_sheets_are_listed_by_name_in_pages(billing: Harness) -> None:
    for name in ("delta", "Alpha", "charlie", "Bravo"):
        await add_sheet(billing, name, csv="")
    await add_sheet(billing, "Other", by=OTHER_RESELLER, csv="")
    first = await billing.ask(ListRateSheets(limit=3), RESELLER)
    assert [sheet.name for sheet in first.data] == ["Alpha", "Bravo", "charlie"]
    rest = await billing.ask(ListRateSheets(limit=3, cursor=first.next), RESELLER)
    assert ([sheet.name for sheet in rest.data], rest.next) == (["delta"], None)
    problem = await billing.problem(ListRateSheets(cursor="garbage"), RESELLER)
    assert problem.code == "invalid-cursor"


async def names_of(harness: Harness) -> list[str]:
    """Return the names of the reseller's sheets in the order of the list, page by page."""
    names: list[str] = []
    question = ListRateSheets(limit=2)
    while True:
        page = await harness.ask(question, RESELLER)
        names += [sheet.name for sheet in page.data]
        if page.next is None:
            return names
        question = question.model_copy(update={"cursor": page.next})


async def test_sheets_are_listed_by_the_resellers_alphabet(billing: Harness) -> None:
    for name in ("zebra", "Åland", "Öst", "éclair", "Eclairs", "Ärla"):
        await add_sheet(billing, name)
    assert await names_of(billing) == ["Åland", "Ärla", "éclair", "Eclairs", "Öst", "zebra"]
    stored = billing.database.documents("rate_sheets")
    accounts = billing.database.documents("wallets")
    await accounts.update({"_id": RESELLER.account_id}, {"$set": {"country": "SE"}})
    old = {"name_sort": "", "country": "", "keys_version": ""}
    found = await stored.find({}, limit=100)
    await stored.update_each([({"_id": one["_id"]}, {"$unset": old}) for one in found])
    await sheets.prepare(billing.database)
    in_swedish = ["éclair", "Eclairs", "zebra", "Åland", "Ärla", "Öst"]
    assert await names_of(billing) == in_swedish


async def test_a_sheet_counts_the_accounts_that_use_it(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    await open_account(billing, "acc_c1", plan=plan("One", rate_sheet_id=sheet.id))
    await open_account(billing, "acc_c2", plan=plan("Two", rate_sheet_id=sheet.id))
    assert (await find_sheet(billing, sheet)).accounts == 2
    (listed,) = (await billing.ask(ListRateSheets(), RESELLER)).data
    assert listed.accounts == 2


async def test_a_sheet_in_use_is_not_deleted(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    await open_account(billing, plan=plan(rate_sheet_id=sheet.id))
    problem = await billing.problem(
        DeleteRateSheet(rate_sheet_id=sheet.id, confirm_name=sheet.name), RESELLER
    )
    assert problem.code == "rate-sheet-in-use"


async def test_an_archived_sheet_keeps_its_plans_and_gets_no_new_ones(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    await open_account(billing, plan=plan("One", rate_sheet_id=sheet.id))
    await billing.sent(RateSheetChanged)
    for _ in range(2):  # archived twice is archived
        answer = await billing.ask(ArchiveRateSheet(rate_sheet_id=sheet.id), RESELLER)
        assert (answer.archived_at, answer.accounts, answer.version) == (billing.clock.now, 1, 3)
    (event,) = await billing.sent(RateSheetChanged)
    assert (event.version, event.deleted) == (3, False)
    await billing.ask(opening("acc_c2", plan=plan("Two", rate_sheet_id=sheet.id)))
    (refused,) = await billing.sent(BillingAccountRefused)
    assert (refused.account_id, "archived" in refused.detail) == ("acc_c2", True)
    price = RateCall(rate_sheet_id=sheet.id, destination="+919812345678", seconds=60)
    assert (await billing.ask(price, RESELLER)).rate == 21_000
    await add_sheet(billing, "Other", csv="")

    async def names(*, archived: bool | None) -> list[str]:
        page = await billing.ask(ListRateSheets(archived=archived), RESELLER)
        return [found.name for found in page.data]

    assert await names(archived=True) == ["Standard"]
    assert await names(archived=False) == ["Other"]
    assert await names(archived=None) == ["Other", "Standard"]
    back = ArchiveRateSheet(rate_sheet_id=sheet.id, archived=False)
    assert (await billing.ask(back, RESELLER)).archived_at is None
    await open_account(billing, "acc_c3", plan=plan("Three", rate_sheet_id=sheet.id))
    assert (await find_sheet(billing, sheet)).accounts == 2


async def test_a_deleted_sheet_is_gone_at_once_and_its_rates_a_little_later(
    billing: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_store, "RATES_PER_SWEEP", 2)
    sheet = await add_sheet(billing)
    await billing.sent(RateSheetChanged)
    await billing.ask(DeleteRateSheet(rate_sheet_id=sheet.id, confirm_name=sheet.name), RESELLER)
    (event,) = await billing.sent(RateSheetChanged)
    assert (event.deleted, event.version) == (True, 3)
    query = FindRateSheet(rate_sheet_id=sheet.id)
    assert (await billing.problem(query, RESELLER)).type == "not-found"
    assert (await billing.ask(ListRateSheets(), RESELLER)).data == ()
    await add_sheet(billing, "Standard", csv="")  # its name is free

    async def left() -> tuple[int, int]:
        documents = billing.database.documents
        return (
            await documents("rates").count({"sheet_id": sheet.id}),
            await documents("rate_sheets").count({"_id": sheet.id}),
        )

    await billing.run_jobs()
    assert await left() == (3, 1)
    billing.clock.forward(minutes=1)
    await billing.run_jobs()
    assert await left() == (1, 1)
    await billing.run_jobs()
    assert await left() == (0, 0)


async def test_an_account_opened_while_its_sheet_is_deleted_keeps_the_sheet(
    billing: Harness,
) -> None:
    sheet = await add_sheet(billing)
    order: OpenBillingAccount = opening(plan=plan(rate_sheet_id=sheet.id, countries=opened("IN")))
    await billing.sent(BillingAccountOpened)
    answers = await asyncio.gather(
        billing.ask(order),
        billing.ask(DeleteRateSheet(rate_sheet_id=sheet.id, confirm_name=sheet.name), RESELLER),
        return_exceptions=True,
    )
    assert all(
        answer is None or not isinstance(answer, Exception) or isinstance(answer, Refused)
        for answer in answers
    )
    if await billing.sent(BillingAccountOpened):
        for _ in range(3):
            billing.clock.forward(minutes=2)
            await billing.run_jobs()
        assert await billing.database.documents("rates").count({"sheet_id": sheet.id}) == 3
        found = await billing.ask(FindPlan(account_id="acc_c1"), RESELLER)
        assert found.rate_sheet_name == "Standard"


async def test_a_raced_deletion_waits_until_the_account_is_closed(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    await open_account(billing, plan=plan(rate_sheet_id=sheet.id))
    # what the race leaves behind: a deleted sheet that a plan uses
    sheets = billing.database.documents("rate_sheets")
    deleted = {"deleted_at": billing.clock.now, "name_taken": None}
    await sheets.update({"_id": sheet.id}, {"$set": deleted})
    billing.clock.forward(minutes=2)
    await billing.run_jobs()
    assert await billing.database.documents("rates").count({"sheet_id": sheet.id}) == 3
    await billing.database.documents("plans").update({}, {"$set": {"closed": True}})
    await billing.run_jobs()
    assert await billing.database.documents("rates").count({"sheet_id": sheet.id}) == 0


async def test_sheets_of_another_reseller_are_not_found_and_customers_have_none(
    billing: Harness,
) -> None:
    sheet = await add_sheet(billing)
    questions = (
        FindRateSheet(rate_sheet_id=sheet.id),
        RenameRateSheet(rate_sheet_id=sheet.id, version=2, name="Mine"),
        DeleteRateSheet(rate_sheet_id=sheet.id, confirm_name=sheet.name),
        ListRates(rate_sheet_id=sheet.id),
        FindCountryRates(rate_sheet_id=sheet.id),
        StartImport(rate_sheet_id=sheet.id, csv=CSV),
        CopyRateSheet(rate_sheet_id=sheet.id, name="Mine"),
        RestoreRateRevision(rate_sheet_id=sheet.id, revision=1),
        ChangeRate(rate_sheet_id=sheet.id, version=2, rate=Rate(prefix="91", rate=1)),
        RemoveRate(rate_sheet_id=sheet.id, version=2, prefix="91"),
        ArchiveRateSheet(rate_sheet_id=sheet.id),
        ListRateRevisions(rate_sheet_id=sheet.id),
        FindRateImport(rate_sheet_id=sheet.id, import_id="job_none"),
        ListRefusedRows(rate_sheet_id=sheet.id, import_id="job_none"),
        RateCall(rate_sheet_id=sheet.id, destination="+919812345678", seconds=60),
    )
    for question in questions:
        assert (await billing.problem(question, OTHER_RESELLER)).type == "not-found"
        assert (await billing.problem(question, OPERATOR)).type == "not-found"
        assert (await billing.problem(question, CUSTOMER)).type == "forbidden"
    for question in (CreateRateSheet(name="Mine"), ListRateSheets()):
        assert (await billing.problem(question, CUSTOMER)).type == "forbidden"
    assert (await billing.ask(ListRateSheets(), OTHER_RESELLER)).data == ()
