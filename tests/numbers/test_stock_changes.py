"""Spare numbers get other fees or leave the stock; all others are refused with a sentence."""

import pytest

from contracts.audit import AuditFilter
from contracts.base import Refused
from contracts.numbers import (
    AddNumbers,
    ListNumberChanges,
    ListNumbers,
    NewNumber,
    RemoveNumber,
    RepriceNumber,
    StockMode,
    StockReport,
)
from services.chassis.principal import Principal
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness
from tests.numbers.conftest import LONDON, NEW_YORK, assign, hold_spare

Fees = tuple[str | None, str | None]


async def change(
    harness: Harness,
    rows: dict[str, Fees],
    mode: StockMode = "add",
    *,
    dry_run: bool = False,
    by: Principal = OPERATOR,
) -> StockReport:
    """Change the stock of a reseller by a list."""
    numbers = tuple(
        NewNumber(line=line, number=number, setup_fee=setup, monthly_fee=monthly)
        for line, (number, (setup, monthly)) in enumerate(rows.items(), start=2)
    )
    return await harness.ask(
        AddNumbers(reseller_id="acc_r1", country="GB", numbers=numbers, mode=mode, dry_run=dry_run),
        by,
    )


async def fees(harness: Harness) -> dict[str, tuple[int, int]]:
    """Return the fees of each number of the stock, in micro-units."""
    page = await harness.ask(ListNumbers(limit=100), RESELLER)
    return {one.number: (one.setup_fee, one.monthly_fee) for one in page.data}


async def trail(harness: Harness, by: Principal = RESELLER) -> list[str]:
    """Return what the audit trail calls the changes that somebody may see, the newest first."""
    page = await harness.ask(ListNumberChanges(filter=AuditFilter()), by)
    return [one.action for one in page.data]


async def test_a_list_adds_new_numbers_and_reprices_spare_ones(numbers: Harness) -> None:
    rows: dict[str, Fees] = {
        LONDON[0]: ("2", "2.50"),
        LONDON[1]: ("1", "2.50"),
        "+442079461234": ("3", None),
    }
    looked = await change(numbers, rows, dry_run=True)
    assert (await fees(numbers))[LONDON[0]] == (1_000_000, 2_500_000)
    report = await change(numbers, rows)
    assert (report.added, report.changed, report.unchanged, report.refused) == (1, 1, 1, ())
    assert report.model_copy(update={"dry_run": True}) == looked
    (one,) = report.differences
    assert (one.number, one.setup_fee_before, one.setup_fee_after) == (
        LONDON[0],
        1_000_000,
        2_000_000,
    )
    found = await fees(numbers)
    assert found[LONDON[0]] == (2_000_000, 2_500_000)
    assert found["+442079461234"] == (3_000_000, 0)
    assert (await trail(numbers))[:2] == ["numbers.repriced", "numbers.added"]


async def test_a_fee_that_the_list_does_not_have_stays_as_it_is(numbers: Harness) -> None:
    await change(numbers, {LONDON[0]: (None, "3"), LONDON[1]: (None, None), LONDON[2]: ("", "")})
    found = await fees(numbers)
    assert found[LONDON[0]] == (1_000_000, 3_000_000)
    assert found[LONDON[1]] == (1_000_000, 2_500_000)
    assert found[LONDON[2]] == (0, 0)


@pytest.mark.parametrize("mode", ["add", "reprice", "remove"])
async def test_numbers_in_use_are_refused_with_a_sentence(
    numbers: Harness, mode: StockMode
) -> None:
    await assign(numbers, LONDON[0])
    await hold_spare(numbers, LONDON[1])
    report = await change(numbers, dict.fromkeys(LONDON[:3], ("9", "9")), mode)
    causes = [(row.line, row.type, row.detail) for row in report.refused]
    assert [(line, kind) for line, kind, _ in causes] == [(2, "not-spare"), (3, "not-spare")]
    assert "belongs to an account" in causes[0][2]
    assert "held" in causes[1][2]
    assert report.changed + report.removed == 1
    found = await fees(numbers)
    assert found[LONDON[0]] == found[LONDON[1]] == (1_000_000, 2_500_000)


async def test_a_list_with_the_fees_that_numbers_have_changes_nothing(numbers: Harness) -> None:
    await assign(numbers, LONDON[0])
    before = await fees(numbers)
    report = await change(numbers, dict.fromkeys(LONDON, ("1.00", "2.50")), "reprice")
    assert (report.unchanged, report.changed, report.refused) == (20, 0, ())
    assert await fees(numbers) == before
    assert "numbers.repriced" not in await trail(numbers)


async def test_numbers_leave_only_by_the_mode_that_says_so(numbers: Harness) -> None:
    report = await change(numbers, {LONDON[0]: (None, None), NEW_YORK: (None, None)}, "remove")
    assert (report.removed, [row.type for row in report.refused]) == (1, ["not-spare"])
    assert LONDON[0] not in await fees(numbers)
    assert len(await fees(numbers)) == 19
    assert (await trail(numbers))[0] == "numbers.removed"
    again = await change(numbers, {LONDON[0]: ("4", "5")})
    assert again.added == 1
    assert (await fees(numbers))[LONDON[0]] == (4_000_000, 5_000_000)


async def test_a_hold_that_has_ended_keeps_no_number_from_being_removed(numbers: Harness) -> None:
    await hold_spare(numbers, LONDON[0])
    numbers.clock.forward(minutes=15)
    assert (await change(numbers, {LONDON[0]: (None, None)}, "remove")).removed == 1


async def test_a_reseller_changes_its_own_spare_numbers_and_adds_none(numbers: Harness) -> None:
    rows: dict[str, Fees] = {LONDON[0]: ("5", None), "+442079461234": ("5", None)}
    with pytest.raises(Refused, match="Only operators can add"):
        await change(numbers, rows, by=RESELLER)
    report = await change(numbers, rows, "reprice", by=RESELLER)
    assert (report.changed, [row.detail for row in report.refused]) == (
        1,
        ["+442079461234 is not in the stock."],
    )
    for stranger in (OTHER_RESELLER, CUSTOMER):
        with pytest.raises(Refused) as refused:
            await change(numbers, rows, "remove", by=stranger)
        assert refused.value.problem.code in ("not-found", "forbidden")
    assert "numbers.repriced" in await trail(numbers, OPERATOR)


async def test_one_number_is_repriced_and_removed(numbers: Harness) -> None:
    shown = await numbers.ask(RepriceNumber(number=LONDON[0], monthly_fee=7_000_000), RESELLER)
    assert (shown.setup_fee, shown.monthly_fee) == (1_000_000, 7_000_000)
    await numbers.ask(RemoveNumber(number=LONDON[0]), RESELLER)
    assert LONDON[0] not in await fees(numbers)
    assert (await trail(numbers))[:2] == ["numbers.removed", "numbers.repriced"]


async def test_one_number_that_is_not_spare_or_not_ones_own_stays(numbers: Harness) -> None:
    await assign(numbers, LONDON[0])
    for number, kind in ((LONDON[0], "number-not-spare"), (NEW_YORK, "not-found")):
        for command in (RepriceNumber(number=number, setup_fee=0), RemoveNumber(number=number)):
            with pytest.raises(Refused) as refused:
                await numbers.ask(command, RESELLER)
            assert refused.value.problem.code == kind
    assert (await fees(numbers))[LONDON[0]] == (1_000_000, 2_500_000)
