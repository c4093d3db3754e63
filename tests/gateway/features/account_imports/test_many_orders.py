"""Rows of a file are checked with a few questions, however many there are."""

from typing import Any, cast

from contracts.accounts import AccountCheck, AccountChecks, CheckAccounts, OpenAccount
from contracts.base import FieldError, Refused
from contracts.billing import OpeningQuote, OpeningQuotes, QuoteOpenings
from contracts.numbers import PricedOrder, PricedOrders, PriceNumberOrders
from gateway.features.opening.actions import PreparedOrder, check_orders
from gateway.identity.caller import Caller
from tests.accounts.opened import administrator

WRONG = FieldError(pointer="/name", type="account-name-taken", detail="It is taken.")


class Asked:
    """Answers that every account is wrong, and counts what it was asked."""

    def __init__(self) -> None:
        self.questions: list[str] = []

    async def ask(self, question: Any) -> Any:  # noqa: ANN401 - any question
        """Answer a question."""
        self.questions.append(question.topic)
        if isinstance(question, CheckAccounts):
            checks = tuple(AccountCheck(errors=(WRONG,)) for _ in question.accounts)
            return AccountChecks(data=checks)
        if isinstance(question, PriceNumberOrders):
            return PricedOrders(data=tuple(PricedOrder() for _ in question.orders))
        assert isinstance(question, QuoteOpenings)
        return OpeningQuotes(data=tuple(OpeningQuote() for _ in question.openings))


async def test_five_hundred_accounts_are_fifteen_questions() -> None:
    asked = Asked()
    command = OpenAccount(name="Acme", administrator=administrator())
    orders = [PreparedOrder(command, "USD", "UTC")] * 500
    found = await check_orders(cast("Caller", asked), orders)
    assert len(found) == 500
    assert all(isinstance(one, Refused) and one.problem.errors == (WRONG,) for one in found)
    assert len(asked.questions) == 15
