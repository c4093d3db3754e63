"""What the number inventory owns: a reseller's stock, holds, assignment and quarantine."""

from typing import Literal, Self

from pydantic import Field, model_validator

from contracts.audit import AuditFilter, AuditPage
from contracts.base import Answer, Command, Done, Event, FieldError, Query, Value
from contracts.billing import NUMBERS_PER_PLAN_MAX, PricedNumber
from contracts.compatibility import GROWS
from contracts.tables import ColumnMeaning
from contracts.values import Amount, Country, Moment, PageLimit, PhoneNumber

STOCK_ROWS_MAX = 10_000
NUMBERS_LOOKED_UP_MAX = 1_000
RESERVATION_MINUTES = 15
QUARANTINE_DAYS = 30

NumberFormat = Literal["plus", "without-plus", "national"]
"""`plus`: with + and country code. `without-plus`: with country code only. `national`: as it is
dialled in its own country."""

StockMode = Literal["add", "reprice", "remove"]
"""`add`: new numbers come into the stock, and spare ones that it has get the fees of the list.
`reprice`: only those that it has. `remove`: spare numbers of the list leave the system."""

NumberState = Literal["available", "reserved", "assigned", "quarantine"]

# --- stock ---------------------------------------------------------------------------


class NewNumber(Value):
    """One row of a stock list, as it was uploaded."""

    line: int
    number: str = Field(max_length=64)
    setup_fee: str | None = Field(default=None, max_length=32)
    """None: the list has no such fees, so a number that is there keeps its own; a new one has
    none."""

    monthly_fee: str | None = Field(default=None, max_length=32)


class RefusedNumber(Value):
    """A row that was not taken, and why."""

    line: int
    number: str
    type: Literal["invalid-number", "duplicate-row", "number-taken", "invalid-fee", "not-spare"] = (
        Field(json_schema_extra={GROWS: True})
    )
    detail: str


class NumberDifference(Value):
    """A number whose fees change; the fees of one that is removed have no `after`."""

    number: PhoneNumber
    setup_fee_before: Amount
    setup_fee_after: Amount | None = None
    monthly_fee_before: Amount
    monthly_fee_after: Amount | None = None


class StockReport(Answer):
    """Report on a stock list: the good rows are imported, the refused ones are listed."""

    added: int
    dry_run: bool = False
    """Only looked at: nothing was added, changed or removed."""

    changed: int = 0
    """Spare numbers that have other fees than before."""

    unchanged: int = 0
    """Numbers that the stock has with these fees already, in whatever state."""

    removed: int = 0
    differences: tuple[NumberDifference, ...] = ()
    """The first 100 numbers that are changed or removed, in order."""

    refused: tuple[RefusedNumber, ...] = ()
    columns: tuple[ColumnMeaning, ...] = ()
    """How the columns of a file were read, in order. Long names are cut to 100 characters."""

    mapping_remembered: bool = False
    """Whether they were read as those of an earlier file with the same column names."""


class AddNumbers(Command[StockReport], topic="numbers.add-numbers.v1"):
    """Add numbers to a reseller's stock, or change the fees of its spare numbers, or remove these.

    Only an operator adds. A reseller changes and removes spare numbers of its own.
    """

    reseller_id: str
    country: Country
    """Region of numbers in the format `national`."""

    number_format: NumberFormat = "plus"
    """How all these numbers are written; one with a plus sign is always international."""

    numbers: tuple[NewNumber, ...] = Field(max_length=STOCK_ROWS_MAX)
    mode: StockMode = "add"
    dry_run: bool = False
    """Say what would be done without doing it."""


class StockNumber(Answer):
    """A phone number of a reseller's stock."""

    number: PhoneNumber
    country: Country | None = None
    locality: str = ""
    """City or area, in English, as far as the number tells."""

    state: NumberState
    setup_fee: Amount
    monthly_fee: Amount
    account_id: str | None = None
    until: Moment | None = None
    """When a wizard's hold or the quarantine ends."""


class RepriceNumber(Command[StockNumber], topic="numbers.reprice-number.v1"):
    """Change the fees of a spare number of the asker; refused with `number-not-spare`."""

    number: PhoneNumber
    setup_fee: Amount | None = None
    """None: as it is."""

    monthly_fee: Amount | None = None


class RemoveNumber(Command[Done], topic="numbers.remove-number.v1"):
    """Take a spare number of the asker out of the system; refused with `number-not-spare`."""

    number: PhoneNumber


class StockPage(Answer):
    """Some numbers of the stock, in order of the number."""

    data: tuple[StockNumber, ...]
    next: str | None = None


class ListNumbers(Query[StockPage], topic="numbers.list-numbers.v1"):
    """The asker's stock; `search` is digits of the number, a place or a country's name."""

    state: NumberState | None = None
    search: str = Field(default="", max_length=64)
    country: Country | None = None
    reservation_id: str | None = None
    """With it, numbers held under it count as available: they are the asker's to choose."""

    limit: PageLimit = 50
    cursor: str | None = None


class StockCounts(Answer):
    """How many numbers of the stock are in each state."""

    available: int
    reserved: int
    assigned: int
    quarantine: int


class CountNumbers(Query[StockCounts], topic="numbers.count-numbers.v1"):
    """How many numbers the asker has, by state."""

    reseller_id: str | None = None
    """Whose instead; only an operator may ask for another's."""


class NumberOwner(Value):
    """An account that has a number."""

    number: PhoneNumber
    account_id: str
    since: Moment
    """When the number was assigned to it."""


class NumberOwners(Answer):
    """Those of the numbers that an account has; the others are left out."""

    data: tuple[NumberOwner, ...]


class FindNumberOwners(Query[NumberOwners], topic="numbers.find-number-owners.v1"):
    """Whose these numbers are: for operators and the platform's switch, of all; else of the stock.

    Records of calls may name an account by its number.
    """

    numbers: tuple[PhoneNumber, ...] = Field(max_length=NUMBERS_LOOKED_UP_MAX)


# --- choosing and pricing -----------------------------------------------------------------


class Reservation(Answer):
    """Numbers that are reserved until `expires_at`."""

    id: str
    numbers: tuple[PricedNumber, ...]
    expires_at: Moment


class ReserveNumbers(Command[Reservation], topic="numbers.reserve-numbers.v1"):
    """Hold spare numbers for 15 minutes while an order is filled in: all of them or none.

    With the id of an earlier hold, that hold becomes exactly these numbers, for 15 minutes more.
    """

    reservation_id: str | None = None
    numbers: tuple[str, ...] = Field(max_length=NUMBERS_PER_PLAN_MAX)


class PricedNumbers(Answer):
    """Numbers with their fees, in the order that was asked for."""

    numbers: tuple[PricedNumber, ...]


class PriceNumbers(Query[PricedNumbers], topic="numbers.price-numbers.v1"):
    """What these numbers of the asker cost; refused when one is not to be had."""

    numbers: tuple[str, ...] = Field(max_length=NUMBERS_PER_PLAN_MAX)
    reservation_id: str | None = None


NUMBER_ORDERS_AT_ONCE_MAX = 100


class PricedOrder(Value):
    """What the numbers of one order cost, or which of them are not to be had."""

    numbers: tuple[PricedNumber, ...] = ()
    errors: tuple[FieldError, ...] = ()


class PricedOrders(Answer):
    """Orders of numbers with their fees, in the order that was asked for."""

    data: tuple[PricedOrder, ...]


class PriceNumberOrders(Query[PricedOrders], topic="numbers.price-number-orders.v1"):
    """What the numbers of some orders cost, each as `numbers.price-numbers.v1` says it."""

    orders: tuple[PriceNumbers, ...] = Field(max_length=NUMBER_ORDERS_AT_ONCE_MAX)


# --- the opening of an account --------------------------------------------------------------


class ReserveAccountNumbers(Command[Done], topic="numbers.reserve-account-numbers.v1"):
    """Hold every number that a new account wants, or none, until they are assigned or released.

    Answered by the event `NumbersReserved` or `NumbersRefused`.
    """

    account_id: str
    reseller_id: str
    numbers: tuple[PhoneNumber, ...]
    reservation_id: str | None = None


class NumbersReserved(Event, topic="numbers.numbers-reserved.v1"):
    """The numbers that a new account wants are kept for it."""

    account_id: str
    reseller_id: str
    numbers: tuple[PricedNumber, ...]


class NumbersRefused(Event, topic="numbers.numbers-refused.v1"):
    """Not all numbers that a new account wants were to be had; none is held."""

    account_id: str
    reseller_id: str
    numbers: tuple[PhoneNumber, ...]
    """Those that were not to be had."""

    reason: str
    """A problem type."""

    detail: str
    order_id: str = ""
    """Of the order of an account that is open already."""


class AssignNumbers(Command[Done], topic="numbers.assign-numbers.v1"):
    """Give the held numbers to the account that opened."""

    account_id: str
    reseller_id: str


class NumbersAssigned(Event, topic="numbers.numbers-assigned.v1"):
    """Numbers were given to an account."""

    account_id: str
    reseller_id: str
    numbers: tuple[PhoneNumber, ...]
    """All that it has now."""

    version: int = 0
    """Of the account's numbers; of two events that tell of them, the higher one is newer."""


class CancelReservation(Command[Done], topic="numbers.cancel-reservation.v1"):
    """Put the numbers held for an account that failed to open back among the spare ones."""

    account_id: str
    reseller_id: str


class NumberReleased(Event, topic="numbers.number-released.v1"):
    """A number left its account: to the spare ones, or to quarantine until `available_at`."""

    account_id: str
    reseller_id: str
    number: PhoneNumber
    state: NumberState
    available_at: Moment | None = None
    remaining: tuple[PhoneNumber, ...] | None = None
    """What the account still has."""

    version: int = 0
    """Of the account's numbers; of two events that tell of them, the higher one is newer."""


# --- changes of an open account -----------------------------------------------------------------


class AssignPlanNumbers(Command[Done], topic="numbers.assign-plan-numbers.v1"):
    """Give an open account the numbers held under `reservation_id`, which it has paid for.

    Answered by the event `NumbersAssigned` or, with the order's id, `NumbersRefused`.
    """

    account_id: str
    reseller_id: str
    order_id: str
    reservation_id: str
    numbers: tuple[PhoneNumber, ...]
    from_quarantine: bool = False
    """Whether they are numbers that were taken from this account, and are in quarantine since."""

    back_from_rest: bool = False
    """The same under its first name, until version 1.0. Read `from_quarantine`."""

    @model_validator(mode="after")
    def _fill_both_names(self) -> Self:
        """Fill in what was sent under one of the names alone."""
        known = self.from_quarantine or self.back_from_rest
        object.__setattr__(self, "from_quarantine", known)
        object.__setattr__(self, "back_from_rest", known)
        return self


class UnassignNumber(Command[Done], topic="numbers.unassign-number.v1"):
    """Put a number of an open account in quarantine; answered by the event `NumberReleased`."""

    account_id: str
    reseller_id: str
    number: PhoneNumber
    order_id: str = ""
    """Of the order that it came with: if that is still under way, the number is not taken."""


class ListNumberChanges(Query[AuditPage], topic="numbers.list-changes.v1"):
    """The changes that the inventory keeps, of the asker's own account and those below it."""

    filter: AuditFilter
