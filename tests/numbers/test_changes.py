"""Who filled a stock: told once for each list, to the platform and the stock's reseller."""

from contracts.audit import AuditFilter, AuditRecord
from contracts.numbers import ListNumberChanges
from services.chassis.principal import Principal
from tests.harness import CUSTOMER, OPERATOR, OTHER_RESELLER, RESELLER, Harness
from tests.numbers.conftest import LONDON, add, hold_spare


async def trail(numbers: Harness, viewer: Principal) -> list[AuditRecord]:
    """Return what somebody sees."""
    return list((await numbers.ask(ListNumberChanges(filter=AuditFilter()), viewer)).data)


async def test_a_list_of_numbers_is_one_record_and_holds_are_none(empty: Harness) -> None:
    await add(empty, *LONDON)
    await hold_spare(empty, LONDON[0])
    (kept,) = await trail(empty, RESELLER)
    assert (kept.action, kept.actor, kept.actor_account_id) == (
        "numbers.added",
        "usr_operator",
        "platform",
    )
    assert (kept.account_id, kept.after) == ("acc_r1", {"added": "20", "refused": "0"})
    assert kept.subject == ", ".join(LONDON[:10])
    assert await trail(empty, OPERATOR) == [kept]


async def test_another_reseller_never_sees_a_record_and_a_customer_sees_none(
    empty: Harness,
) -> None:
    await add(empty, LONDON[0])
    assert await trail(empty, OTHER_RESELLER) == []
    question = ListNumberChanges(filter=AuditFilter())
    assert (await empty.problem(question, CUSTOMER)).type == "forbidden"
