"""Rate sheets: making, importing and asking them, in life order."""

from pydantic import Field, model_validator

from contracts.base import Answer, Command, Done, Event, Query, Value
from contracts.billing.calls import DestinationKindField
from contracts.exact_rates import FRACTIONS_PER_MICRO, ExactRate, whole_exact
from contracts.tables import ColumnMeaning
from contracts.values import (
    PAGE_ITEMS_MAX,
    Amount,
    Country,
    Currency,
    KeptMoment,
    Moment,
    PageLimit,
)

IMPORT_BYTES_MAX = 10_000_000
"""Of a file in UTF-8: 100,000 rows that use every column."""

IMPORT_ROWS_MAX = 100_000
RATES_PER_SHEET_MAX = 250_000
RATES_PER_PAGE_MAX = 1_000
PREFIX_CHARACTERS_MAX = 16


class RateSheet(Answer):
    """A reseller's price list; its rates are listed with `ListRates`."""

    id: str
    name: str
    currency: Currency
    rates: int
    """How many rates it has."""

    accounts: int
    """How many plans use it."""

    archived_at: Moment | None = None
    """Since when new plans cannot choose it; those that have it keep it."""

    revision: int = 0
    """Which of its contents is in use; each change of rates makes the next one."""

    import_id: str | None = None
    """The change of its rates that is under way."""

    lowest_rate: Amount | None = None
    lowest_rate_exact: ExactRate | None = None
    highest_rate: Amount | None = None
    highest_rate_exact: ExactRate | None = None
    created_at: Moment
    changed_at: Moment
    version: int


class CreateRateSheet(Command[RateSheet], topic="billing.create-rate-sheet.v1"):
    """Make an empty rate sheet for the asking reseller."""

    name: str = Field(max_length=200)
    currency: Currency | None = None
    """Only the platform says it; a reseller's sheets have the reseller's currency."""


class RenameRateSheet(Command[RateSheet], topic="billing.rename-rate-sheet.v1"):
    """Give a rate sheet another name, if it is still at `version`."""

    rate_sheet_id: str
    version: int
    name: str = Field(max_length=200)


class DeleteRateSheet(Command[Done], topic="billing.delete-rate-sheet.v1"):
    """Delete a rate sheet that no plan uses."""

    rate_sheet_id: str
    confirm_name: str | None = Field(default=None, max_length=500)
    """The sheet's name, as a person types it to confirm. Without it, nothing is deleted."""


class ArchiveRateSheet(Command[RateSheet], topic="billing.archive-rate-sheet.v1"):
    """Keep new plans from choosing a rate sheet, or let them choose it again."""

    rate_sheet_id: str
    archived: bool = True


class FindRateSheet(Query[RateSheet], topic="billing.find-rate-sheet.v1"):
    """One rate sheet of the asking reseller."""

    rate_sheet_id: str


class RateSheetPage(Answer):
    """Some rate sheets, by name."""

    data: tuple[RateSheet, ...]
    next: str | None = None


class ListRateSheets(Query[RateSheetPage], topic="billing.list-rate-sheets.v1"):
    """The rate sheets of the asking reseller, by name."""

    archived: bool | None = None
    """Only those that are archived, or only those that are not; None: all."""

    limit: PageLimit = PAGE_ITEMS_MAX
    cursor: str | None = None


class Rate(Value):
    """The price of calls to one dialled prefix."""

    prefix: str
    """Digits after the plus sign."""

    country: Country | None = None
    name: str = ""
    rate: Amount
    """Per 60 seconds; its first 6 decimals where `rate_exact` has more."""

    rate_exact: ExactRate | None = None
    """The rate with all of its decimals, up to 8; None where `rate` has them all."""

    connect_fee: Amount = 0
    min_duration: int = 60
    """Seconds."""

    increment: int = 60
    """Seconds."""

    grace: int = 0
    """Seconds that cost nothing."""

    effective_from: KeptMoment | None = None
    """None: since ever."""

    blocked: bool = False

    @model_validator(mode="after")
    def _says_one_price(self) -> "Rate":
        if self.rate_exact is not None and self.rate_exact // FRACTIONS_PER_MICRO != self.rate:
            message = "rate and rate_exact must be one price: rate has its first 6 decimals"
            raise ValueError(message)
        return self

    @property
    def rate_fraction(self) -> int:
        """The hundredths of a micro-unit that the exact rate has beyond `rate`, 0 to 99."""
        return whole_exact(self.rate, self.rate_exact) % FRACTIONS_PER_MICRO


class RatePage(Answer):
    """Some rates, by prefix."""

    data: tuple[Rate, ...]
    next: str | None = None
    revision: int = 0
    """The content that they are from; ask for it to read all pages of one and the same."""


class ListRates(Query[RatePage], topic="billing.list-rates.v1"):
    """The rates of a sheet; `search` is the beginning of a prefix or of a country's name."""

    rate_sheet_id: str
    search: str = Field(default="", max_length=64)
    revision: int | None = None
    """None: the one in use; an earlier one is `not-found` once it is no longer kept."""

    limit: int = Field(default=PAGE_ITEMS_MAX, ge=1, le=RATES_PER_PAGE_MAX)
    cursor: str | None = None


class RefusedRow(Value):
    """A row of an uploaded file that cannot be taken, and why."""

    line: int
    """Line of the file, the header being line 1."""

    column: str
    value: str
    detail: str


class RateFieldChange(Value):
    """One field of a rate before and after a change, as the texts that a rate file has."""

    field: str
    """Its column, such as `increment`."""

    before: str
    after: str


class RateDifference(Value):
    """One rate before and after a change; None: there was none, or will be none."""

    prefix: str
    effective_from: KeptMoment | None = None
    rate_before: Amount | None = None
    """Per 60 seconds."""

    rate_before_exact: ExactRate | None = None
    """With all of its decimals, where it has more than 6; likewise after."""

    rate_after: Amount | None = None
    rate_after_exact: ExactRate | None = None
    changes: tuple[RateFieldChange, ...] = ()
    """Every field that changes. A new row is compared with the one it follows in its prefix."""


class ImportReport(Answer):
    """What an import did, or (dry run) would do. With refused rows nothing is imported."""

    dry_run: bool
    added: int
    changed: int
    unchanged: int
    removed: int
    refused: tuple[RefusedRow, ...] = ()
    """The first 100."""

    refused_count: int = 0
    differences: tuple[RateDifference, ...] = ()
    """Some of them: the first of those that are changed, removed and added."""

    cheaper: int = 0
    """Rows that charge less in any field than the row of their prefix did from that day on."""

    dearer: int = 0
    """Rows that charge more in any field. A row can be both."""

    unblocked: int = 0
    """Rows that allow calls where the row of their prefix blocked them."""

    columns: tuple[ColumnMeaning, ...] = ()
    """How the columns of the file were read, in order. Long names are cut to 100 characters."""

    mapping_remembered: bool = False
    """Whether they were read as those of an earlier file with the same column names."""


class RateSheetChanged(Event, topic="billing.rate-sheet-changed.v1"):
    """A rate sheet was made, renamed, changed or deleted."""

    rate_sheet_id: str
    reseller_id: str
    name: str
    version: int
    deleted: bool = False


class CountryRate(Value):
    """What calls to a country cost on a sheet: its lowest and highest rate per 60 seconds."""

    country: Country
    lowest_rate: Amount
    lowest_rate_exact: ExactRate | None = None
    """With all of its decimals, where it has more than 6; likewise the highest."""

    highest_rate: Amount
    highest_rate_exact: ExactRate | None = None


class CountryRates(Answer):
    """The countries that a sheet prices, by country code."""

    currency: Currency
    data: tuple[CountryRate, ...]


class FindCountryRates(Query[CountryRates], topic="billing.find-country-rates.v1"):
    """Which countries a sheet of the asking reseller prices, and for how much."""

    rate_sheet_id: str


CALL_SECONDS_MAX = 86_400


class CallPrice(Answer):
    """What a call would cost on a sheet, without any bundle."""

    kind: DestinationKindField = "number"
    premium: bool = False
    """Whether only plans that allow premium numbers can call it."""

    prefix: str
    """Of the rate that applies: the longest one of the number; empty for a call that is free."""

    country: Country | None = None
    """Of the number; None for satellite and international networks."""

    rate: Amount
    """Per 60 seconds."""

    rate_exact: ExactRate | None = None
    """As in `Rate`."""

    billed_seconds: int
    cost: Amount
    currency: Currency


class RateCall(Query[CallPrice], topic="billing.rate-call.v1"):
    """What a call to a number would cost on a sheet of the asking reseller."""

    rate_sheet_id: str
    destination: str = Field(max_length=64)
    """E.164, or as it is dialled in the reseller's country."""

    seconds: int = Field(ge=0, le=CALL_SECONDS_MAX)
    at: Moment | None = None
    """When the call is answered; None: now."""
