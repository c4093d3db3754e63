"""Who changed what of money and rate sheets: kept with each change, for the seller to see."""

from contracts.audit import AuditFilter, AuditRecord
from contracts.billing import (
    AddCredit,
    ArchiveRateSheet,
    ChangePlan,
    ChangeRate,
    CopyRateSheet,
    CreditOrder,
    DeleteRateSheet,
    FindRateSheet,
    ListBillingChanges,
    PlanChange,
    Rate,
    RemoveRate,
    RenameRateSheet,
    RestoreRateRevision,
)
from contracts.values import micros
from services.chassis.principal import Principal
from tests.billing.conftest import (
    add_sheet,
    change_rates,
    import_rates,
    open_account,
    opened,
    plan,
)
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness


async def trail(billing: Harness, viewer: Principal = RESELLER) -> list[AuditRecord]:
    """Return what somebody sees, oldest first."""
    page = await billing.ask(ListBillingChanges(filter=AuditFilter(limit=100)), viewer)
    return list(reversed(page.data))


async def test_credit_is_told_with_the_balance_before_and_after(billing: Harness) -> None:
    await open_account(billing, plan=None)
    credit = CreditOrder(amount=micros("20.50"), note="Cheque 7")
    for _ in range(2):
        await billing.ask(
            AddCredit(account_id="acc_c1", credit=credit), RESELLER, message_id="one request"
        )
    (added,) = await trail(billing)
    assert (added.action, added.subject) == ("credit.added", "20.50 USD")
    assert (added.actor, added.actor_account_id, added.account_id) == (
        "usr_r1",
        "acc_r1",
        "acc_c1",
    )
    assert added.before == {"balance": "500.00 USD"}
    assert added.after == {"balance": "520.50 USD", "note": "Credit added: Cheque 7"}


async def test_countries_of_a_plan_are_told_by_their_names(billing: Harness) -> None:
    sheet = await add_sheet(billing)
    await open_account(billing, plan=plan(rate_sheet_id=sheet.id, countries=opened("IN", 300)))
    change = PlanChange(countries=opened("IN", 400))
    await billing.ask(ChangePlan(account_id="acc_c1", version=1, change=change), RESELLER)
    changed = (await trail(billing))[-1]
    assert (changed.before["countries"], changed.after["countries"]) == ("India 300", "India 400")


async def test_each_change_of_a_rate_sheet_is_told(billing: Harness) -> None:
    sheet = await add_sheet(billing, "Standard")
    await import_rates(billing, sheet, "prefix,rate\n91,0.03\n", dry_run=True)
    refused = await import_rates(billing, sheet, "prefix,rate\n91,free\n")
    assert refused.refused_count == 1
    sheet = await billing.ask(FindRateSheet(rate_sheet_id=sheet.id), RESELLER)
    rate = Rate(prefix="91", rate=micros("0.05"), name="India")
    await change_rates(
        billing, ChangeRate(rate_sheet_id=sheet.id, version=sheet.version, rate=rate)
    )
    await change_rates(billing, RestoreRateRevision(rate_sheet_id=sheet.id, revision=1))
    await change_rates(billing, CopyRateSheet(rate_sheet_id=sheet.id, name="Copy"))
    sheet = await billing.ask(FindRateSheet(rate_sheet_id=sheet.id), RESELLER)
    rename = RenameRateSheet(rate_sheet_id=sheet.id, version=sheet.version, name="Basic")
    await billing.ask(rename, RESELLER)
    for archived in (True, False):
        await billing.ask(ArchiveRateSheet(rate_sheet_id=sheet.id, archived=archived), RESELLER)
    await billing.ask(DeleteRateSheet(rate_sheet_id=sheet.id, confirm_name="Basic"), RESELLER)
    kept = await trail(billing)
    assert [(one.action, one.subject) for one in kept] == [
        ("rate-sheet.created", "Standard"),
        ("rates.imported", "Standard"),
        ("rates.edited", "Standard"),
        ("rates.restored", "Standard"),
        ("rates.copied", "Copy"),
        ("rate-sheet.renamed", "Basic"),
        ("rate-sheet.archived", "Basic"),
        ("rate-sheet.restored", "Basic"),
        ("rate-sheet.deleted", "Basic"),
    ]
    assert {(one.actor, one.account_id) for one in kept} == {("usr_r1", "acc_r1")}
    told = {one.action: (one.before, one.after) for one in kept}
    assert told["rates.edited"] == (
        {"revision": "1", "+91": "0.021"},
        {"revision": "2", "+91": "0.05"},
    )
    assert told["rates.imported"][0] == {"revision": "0", "rates": "0"}
    assert told["rates.imported"][1]["rates"] == "3"
    assert told["rate-sheet.renamed"] == ({"name": "Standard"}, {"name": "Basic"})


async def test_a_change_of_a_rate_that_leaves_its_price_is_told_as_well(billing: Harness) -> None:
    sheet = await add_sheet(billing, "Standard")
    sheet = await billing.ask(FindRateSheet(rate_sheet_id=sheet.id), RESELLER)
    rate = Rate(prefix="91", rate=micros("0.021"), name="India", increment=1)
    await change_rates(
        billing, ChangeRate(rate_sheet_id=sheet.id, version=sheet.version, rate=rate)
    )
    edited = (await trail(billing))[-1]
    assert edited.action == "rates.edited"
    assert (edited.before["+91"], edited.after["+91"]) == (
        "0.021, increment 60",
        "0.021, increment 1",
    )


async def test_all_fields_of_a_rate_that_is_added_or_removed_are_told(billing: Harness) -> None:
    sheet = await add_sheet(billing, "Standard")
    for order in (
        ChangeRate(
            rate_sheet_id=sheet.id,
            version=0,
            rate=Rate(prefix="39", rate=micros("0.02"), grace=5, blocked=True),
        ),
        RemoveRate(rate_sheet_id=sheet.id, version=0, prefix="39"),
    ):
        sheet = await billing.ask(FindRateSheet(rate_sheet_id=sheet.id), RESELLER)
        await change_rates(billing, order.model_copy(update={"version": sheet.version}))
    added, removed = (await trail(billing))[-2:]
    assert added.after["+39"] == (
        "0.02, connect fee 0.00, min duration 60, increment 60, grace 5, blocked yes"
    )
    assert removed.before["+39"].startswith("0.02, ")
    assert "grace 5" in removed.before["+39"]
    assert "+39" not in {**added.before, **removed.after}


async def test_another_reseller_never_sees_a_record_and_a_customer_sees_none(
    billing: Harness,
) -> None:
    await open_account(billing, plan=None)
    await billing.ask(
        AddCredit(account_id="acc_c1", credit=CreditOrder(amount=micros("1.00"), note="")), RESELLER
    )
    await add_sheet(billing, csv="")
    assert await trail(billing, OTHER_RESELLER) == []
    question = ListBillingChanges(filter=AuditFilter(account_id="acc_c1"))
    assert (await billing.ask(question, OTHER_RESELLER)).data == ()
    assert (await billing.problem(question, CUSTOMER)).type == "forbidden"
    assert [one.action for one in await trail(billing, OPERATOR)] == ["rate-sheet.created"]
