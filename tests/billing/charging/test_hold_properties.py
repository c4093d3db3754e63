"""Whatever a switch asks in whatever order, no more is held than can be paid."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from services.billing.charging.model.call import EndedCall, charge
from services.billing.charging.model.hold import CallAccount, Hold
from services.billing.charging.model.slices import (
    CALL_SECONDS_MAX,
    Asked,
    AskedMore,
    Dialled,
    Grant,
    Tariff,
    another_slice,
    calls_at_once,
    first_slice,
)
from services.billing.ledger.model.ledger import BillingAccount, CallTerms, LedgerHead
from services.billing.rating.model.call_rate import FREE
from services.billing.rating.model.destination import destination_of
from services.billing.rating.model.price import SheetRate, settled

HOME: Final = "US"
BEGAN: Final = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
CENT: Final = 10_000
RATES: Final = {
    "+442079460321": SheetRate("44", 5 * CENT, connect_fee=15 * CENT, min_duration=1, increment=1),
    "+447912345678": SheetRate("4479", 100 * CENT, min_duration=1, increment=1),
    "+493012345678": SheetRate("49", 10 * CENT),
    "+919876543210": SheetRate("91", 3 * CENT, rate_fraction=7, grace=5, min_duration=30),
    "+12125550142": FREE,
    "1001": FREE,
    "911": FREE,
}
CALLS: Final = tuple(f"call-{number}" for number in range(13))


class Step(NamedTuple):
    """Something that happens to a call, or the time that passes."""

    what: Literal["authorise", "extend", "settle", "pass"]
    call_id: str
    destination: str
    seconds: int
    elapsed_seconds: int | None
    slice_seconds: int
    at_once: bool


steps = st.builds(
    Step,
    what=st.sampled_from(["authorise", "authorise", "extend", "extend", "settle", "pass"]),
    call_id=st.sampled_from(CALLS),
    destination=st.sampled_from(sorted(RATES)),
    seconds=st.integers(1, 20_000) | st.integers(1, 900),
    elapsed_seconds=st.none() | st.integers(0, 900) | st.integers(0, 86_400),
    slice_seconds=st.integers(10, 3_600),
    at_once=st.booleans(),
)


@dataclass
class Book:
    """An account as the handlers keep it, and what must be true of it."""

    account: CallAccount
    now: datetime = BEGAN
    goes_to: dict[str, str] = field(default_factory=dict[str, str])
    """Where each call was granted to go last."""

    def do(self, step: Step) -> None:
        """Do a step, and the same question a second time."""
        if step.what == "pass":
            self.now += timedelta(seconds=step.seconds % 1_000)
        elif step.what == "settle":
            self._settle(step)
        else:
            ask = self._authorise if step.what == "authorise" else self._extend
            first = ask(step)
            if first is None or (step.what == "extend" and not step.at_once):
                return
            again = ask(step)
            assert isinstance(again, Grant) == isinstance(first, Grant)
            if isinstance(first, Grant) and isinstance(again, Grant):
                assert again.hold == first.hold
            else:
                assert again == first

    def _authorise(self, step: Step) -> object:
        begins_at = self.now - timedelta(seconds=step.elapsed_seconds or 0)
        asked = Asked(
            call_id=step.call_id,
            dialled=Dialled(step.destination, begins_at),
            seconds=step.seconds,
            elapsed_seconds=step.elapsed_seconds,
            slice_seconds=step.slice_seconds,
        )
        tariff = self._tariff(step.destination)
        outcome = first_slice(self.account, asked, tariff, self.now)
        if isinstance(outcome, Grant):
            assert outcome.hold.destination == tariff.destination.number
            self.goes_to[step.call_id] = step.destination
            self._keep(outcome)
        return outcome

    def _extend(self, step: Step) -> object:
        hold = self.account.hold_of(step.call_id, self.now)
        if hold is None:
            return None
        assert hold.destination == self.goes_to[step.call_id]
        asked = AskedMore(step.seconds, step.at_once, step.elapsed_seconds, step.slice_seconds)
        outcome = another_slice(self.account, hold, asked, self._tariff(hold.destination), self.now)
        if isinstance(outcome, Grant):
            assert outcome.hold.seconds >= hold.seconds
            self._keep(outcome)
        return outcome

    def _settle(self, step: Step) -> None:
        """End a call within what it was granted, as switches see to."""
        hold = self.account.hold_of(step.call_id, self.now)
        if hold is None:
            return
        seconds = min(step.seconds, hold.seconds)
        tariff = self._tariff(hold.destination)
        ended = EndedCall(step.call_id, "104", hold.began_at, seconds)
        entry = charge(self.account.head, ended, tariff.destination, tariff.rate, self.now)
        others = self.account.other_holds(step.call_id, self.now)
        self.account = self.account._replace(head=entry.head, holds=others)

    def _tariff(self, destination: str) -> Tariff:
        found = destination_of(destination, HOME)
        terms = self.account.billing_account.terms[0]
        return Tariff(found, found.call_kind(HOME), RATES[destination], terms)

    def _keep(self, grant: Grant) -> None:
        hold = grant.hold
        others = self.account.other_holds(hold.call_id, self.now)
        self.account = self.account._replace(holds=(*others, hold))
        assert grant.max_seconds >= hold.seconds
        assert 0 < hold.seconds <= CALL_SECONDS_MAX
        cost = settled(hold.seconds, hold.free_seconds, RATES[self.goes_to[hold.call_id]]).cost
        assert cost == hold.money

    def check(self) -> None:
        """Check what must be true after every step."""
        open_holds = [hold for hold in self.account.holds if hold.until > self.now]
        assert len({hold.call_id for hold in open_holds}) == len(open_holds)
        counted = [hold for hold in open_holds if not hold.is_always_allowed]
        assert len(counted) <= calls_at_once(self.account.billing_account.terms[0])
        for hold in open_holds:
            begins = hold.answered_at or hold.began_at + timedelta(seconds=180)
            assert hold.until == begins + timedelta(seconds=hold.seconds + 30)
        held = sum(hold.money for hold in open_holds)
        assert held <= self.account.head.balance + self.account.billing_account.credit_limit


def book(balance: int, credit_limit: int, free: dict[str, int]) -> Book:
    terms = CallTerms(
        since=BEGAN,
        rate_sheet_id="sheet",
        countries=frozenset({"GB", "DE", "IN"}),
        domestic_policy="included",
        users=1,
    )
    billing_account = BillingAccount(
        id="acc_c1",
        parent_path=("platform", "acc_r1"),
        currency="USD",
        country=HOME,
        time_zone="UTC",
        opened_at=BEGAN,
        anchor_day=22,
        credit_limit=credit_limit,
        terms=(terms,),
    )
    head = LedgerHead("acc_c1", BEGAN, free, balance=balance)
    return Book(CallAccount(billing_account, head, (), 0))


@settings(max_examples=300, deadline=None)
@given(
    balance=st.integers(0, 2_000 * CENT),
    credit_limit=st.just(0) | st.integers(0, 500 * CENT),
    happens=st.lists(steps, max_size=40),
)
def test_no_more_is_held_than_can_be_paid_whatever_is_asked(
    balance: int, credit_limit: int, happens: list[Step]
) -> None:
    kept = book(balance, credit_limit, {})
    for step in happens:
        kept.do(step)
        kept.check()


@settings(max_examples=200, deadline=None)
@given(
    balance=st.integers(0, 300 * CENT),
    free=st.fixed_dictionaries({"GB": st.integers(0, 900), "DE": st.integers(0, 900)}),
    happens=st.lists(steps.filter(lambda step: step.what != "settle"), max_size=40),
)
def test_free_seconds_are_held_for_one_call_only(
    balance: int, free: dict[str, int], happens: list[Step]
) -> None:
    kept = book(balance, 0, free)
    for step in happens:
        kept.do(step)
        kept.check()
        open_holds: list[Hold] = [h for h in kept.account.holds if h.until > kept.now]
        for country, seconds in free.items():
            held = sum(hold.free_seconds for hold in open_holds if hold.country == country)
            assert held <= seconds
