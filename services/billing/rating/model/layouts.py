"""The columns of rate files: ours, and those of four other systems, told apart by their header."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from services.billing.rating.model.cells import CELLS, Cell, Form, seconds_from

_CURRENCY = re.compile(r"(?P<name>.*?)\s*\((?P<currency>[a-z]{3})\)")
"""As in `Cost / Min (USD)`."""


class Column(NamedTuple):
    """What a column of a file becomes: our columns of these names, or none if it is only read."""

    becomes: tuple[str, ...]
    cell: Cell
    also: tuple[tuple[str, Cell], ...] = ()
    """Further columns of ours that the same texts give, where `cell` could read them."""

    @property
    def ours(self) -> tuple[str, ...]:
        """All our columns that it becomes."""
        return *self.becomes, *(name for name, _ in self.also)


class Layout(NamedTuple):
    """How one system writes its rates; `ignored` columns say nothing about what a call costs."""

    system: str
    prefix: str
    rate: str
    columns: Mapping[str, Column]
    ignored: frozenset[str] = frozenset()

    @property
    def required(self) -> tuple[str, str]:
        """The columns that every row needs, and that the layout is known by."""
        return self.prefix, self.rate


class Header(NamedTuple):
    """A header that was understood, or what is wrong with it: column and sentence."""

    layout: Layout
    names: tuple[str, ...]
    faults: tuple[tuple[str, str], ...]

    @property
    def absent(self) -> tuple[str, ...]:
        """Our columns that none of these columns becomes."""
        columns = self.layout.columns
        found = {ours for name in self.names if name in columns for ours in columns[name].ours}
        return tuple(name for name in CELLS if name not in found)


def _becomes(*ours: str) -> Column:
    return Column(ours, CELLS[ours[0]])


def _kazoo_grace(text: str, form: Form) -> int:
    """Return our grace: Kazoo's time is the first second that is charged, ours the last free."""
    return max(seconds_from(0)(text, form) - 1, 0)


def _outbound(text: str, _: Form) -> None:
    if "outbound" not in text.casefold():
        raise ValueError("This rate is for incoming calls. Remove it from the file.")


def _only(wanted: str, detail: str) -> Callable[[str, Form], None]:
    """Return what refuses every number but one."""

    def check(text: str, _: Form) -> None:
        if re.fullmatch(rf"0*{wanted}([.,]0+)?", text) is None:
            raise ValueError(detail)

    return check


def _a2billing_block(text: str, form: Form) -> int:
    """Return our increment: a block of 0 means to the second there."""
    return max(seconds_from(0)(text, form), 1)


def _checked(check: Callable[[str, Form], None]) -> Column:
    return Column((), Cell(CELLS["name"].kind, check))


_NOTHING: Final = _checked(
    _only("0", "Our rates have no such charge, so it would be lost; make it 0 first.")
)
_ALL_WEEK: Final = "Our rates hold all week; one for some hours of it cannot be taken over."
_SECONDS: Final = CELLS["grace"].kind

OURS: Final = Layout("ours", "prefix", "rate", {name: _becomes(name) for name in CELLS})

KAZOO: Final = Layout(
    "Kazoo",
    "prefix",
    "rate_cost",
    {
        "prefix": _becomes("prefix"),
        "rate_cost": _becomes("rate"),
        "rate_increment": _becomes("increment"),
        "rate_minimum": _becomes("min_duration"),
        "rate_surcharge": _becomes("connect_fee"),
        "rate_nocharge_time": Column(("grace",), Cell(_SECONDS, _kazoo_grace)),
        "rate_name": _becomes("name"),
        "iso_country_code": _becomes("country"),
        "direction": _checked(_outbound),
    },
    frozenset(
        (
            *("description", "weight", "carrier", "ratedeck_id", "ratedeck_name", "rate_version"),
            *("internal_rate_cost", "pvt_rate_cost", "pvt_rate_surcharge"),
        )
    ),
)

ASTPP: Final = Layout(
    "ASTPP",
    "code",
    "cost / min",
    {
        "code": _becomes("prefix"),
        "destination": _becomes("name"),
        "connection cost": _becomes("connect_fee"),
        "grace time": _becomes("grace"),
        "cost / min": _becomes("rate"),
        "initial increment": _becomes("min_duration"),
        "increment": _becomes("increment"),
    },
)

A2BILLING: Final = Layout(
    "A2Billing",
    "dialprefix",
    "rateinitial",
    {
        "dialprefix": _becomes("prefix"),
        "destination": _becomes("name"),
        "rateinitial": _becomes("rate"),
        "initblock": _becomes("min_duration"),
        "billingblock": Column(("increment",), Cell(_SECONDS, _a2billing_block)),
        "connectcharge": _becomes("connect_fee"),
        "startdate": _becomes("effective_from"),
        "starttime": _checked(_only("0", _ALL_WEEK)),
        "endtime": _checked(_only("10079", _ALL_WEEK)),
        "announce_time_correction": _checked(
            _only("1", "Our rates stretch no call, so this would be lost; make it 1 first.")
        ),
        **dict.fromkeys(
            (
                *("disconnectcharge", "additional_block_charge", "minimal_cost"),
                *("stepchargea", "chargea", "stepchargeb", "chargeb", "stepchargec", "chargec"),
                *("rounding_calltime", "rounding_threshold"),
            ),
            _NOTHING,
        ),
    },
    frozenset(
        (
            *("buyrate", "buyrateinitblock", "buyrateincrement", "stopdate", "id_trunk"),
            *("musiconhold", "tag", "is_merged", "disconnectcharge_after"),
            *("timechargea", "billingblocka", "timechargeb", "billingblockb"),
            *("timechargec", "billingblockc", "additional_block_charge_time", "additional_grace"),
        )
    ),
)

IVOZPROVIDER: Final = Layout(
    "ivozprovider",
    "prefix",
    "per minute charge",
    {
        "target pattern name": _becomes("name"),
        "prefix": _becomes("prefix"),
        "per minute charge": _becomes("rate"),
        "connection charge": _becomes("connect_fee"),
        "charge period": _becomes("increment", "min_duration"),
    },
)

LAYOUTS: Final = (OURS, KAZOO, ASTPP, A2BILLING, IVOZPROVIDER)


def header_of(cells: Sequence[str], currency: str) -> Header:
    """Return the layout that a header is of; prices in another currency than ours are a fault."""
    names: list[str] = []
    faults: list[tuple[str, str]] = []
    for cell in cells:
        name = " ".join(cell.casefold().split())
        if found := _CURRENCY.fullmatch(name):
            name = found["name"]
            if found["currency"].upper() != currency:
                detail = f"These prices are not in {currency}, the currency of the rate sheet."
                faults.append((cell.strip(), detail))
        names.append(name)
    layout = next((one for one in LAYOUTS if {*one.required} <= {*names}), None)
    others = ", ".join(one.system for one in LAYOUTS[1:])
    hint = "" if layout else f" Or take a file of one of these systems as it is: {others}."
    layout = layout or OURS
    known = f"{', '.join(layout.columns)}.{hint}"
    for name in layout.required:
        if name not in names:
            detail = f"The header needs the column {name}. Columns are: {known}"
            faults.append((name, detail))
    for position, name in enumerate(names):
        if name in names[:position]:
            faults.append((name, "This column is in the header twice."))
        elif name not in layout.columns and name not in layout.ignored:
            faults.append((name, f"This column is not known. Columns are: {known}"))
    return Header(layout, tuple(names), tuple(faults))
