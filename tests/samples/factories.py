"""Factories of samples: defaults once, so that a sample says only what matters to it."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, replace
from datetime import date
from typing import Any, Final, TypeVar, cast

from pydantic import BaseModel

from contracts.accounts import Role
from contracts.tables import MEANINGS, TableKind
from gateway.portal.pages import Page
from gateway.portal.views.parts import (
    Choice,
    ListQuery,
    MappingColumn,
    MappingQuestion,
    Segment,
)
from tests.samples.names import AMARA, HEAD, NAME, NOW, REALM, SELLER, UNIT, ZONE

NONE: Final[Mapping[str, Page]] = {}
Made = TypeVar("Made")
Pages = Mapping[str, tuple[Role | None, Page]]
"""Who looks at a page, and the page, by its name in the gallery."""

DEFAULTS: Final[Mapping[str, object]] = {
    "id": "a4",
    "name": NAME,
    "account_name": NAME,
    "realm": REALM,
    "administrator": AMARA,
    "email": AMARA.email,
    "head": HEAD,
    "parent": SELLER,
    "zone": ZONE,
    "currency": "USD",
    "status": "active",
    "request": "0193-key",
    "version": "3",
    "at": NOW,
    "opened_at": NOW,
    "users": 12,
    "cost_per_user": 14 * UNIT,
    "setup_fee": UNIT,
    "monthly_fee": 2_200_000,
    "available": 327_300_000,
    "next_renewal": date(2026, 12, 22),
    "first_day": "1 Nov 2026",
    "last_day": "22 Nov 2026",
}
"""What a field holds that its class leaves open, when a sample doesn't say."""


def _left_open(kind: type[object]) -> tuple[str, ...]:
    if issubclass(kind, BaseModel):
        return tuple(name for name, one in kind.model_fields.items() if one.is_required())
    own = fields(cast("Any", kind))
    return tuple(
        one.name for one in own if one.default is MISSING and one.default_factory is MISSING
    )


def made(kind: type[Made], /, **said: object) -> Made:
    """Return something with these fields, and with the usual ones that its class leaves open."""
    usual = {name: DEFAULTS[name] for name in _left_open(kind) if name in DEFAULTS}
    return cast("Callable[..., Made]", kind)(**{**usual, **said})


def table(
    kind: type[Made], names: str, /, *rows: tuple[object, ...], **same: object
) -> tuple[Made, ...]:
    """Return something for each row, with the columns' names and with what is the same in all."""
    columns = names.split()
    return tuple(made(kind, **{**same, **dict(zip(columns, row, strict=True))}) for row in rows)


def wrong(page: Made, /, **errors: str) -> Made:
    """Return a page with errors, by the names of its fields."""
    return cast("Made", replace(cast("Any", page), errors=errors))


def choices(labels: Mapping[str, str]) -> tuple[Choice, ...]:
    """Return what a list offers, by value."""
    return tuple(Choice(value=value, label=label) for value, label in labels.items())


def segments(
    query: ListQuery, parameter: str, labels: Mapping[str, str], *counts: int
) -> tuple[Segment, ...]:
    """Return the filters of a list, by their value in its address."""
    found = counts or (None,) * len(labels)
    return tuple(
        query.segment(parameter, value, label, count)
        for (value, label), count in zip(labels.items(), found, strict=True)
    )


def meanings(kind: TableKind) -> tuple[Choice, ...]:
    """Return what columns of a file may mean."""
    return choices({one.name: one.label for one in MEANINGS[kind]})


def question(offered: tuple[Choice, ...], *columns: tuple[str, str, str]) -> MappingQuestion:
    """Return the question what columns mean: of each its name, samples and suggestion."""
    shown = table(MappingColumn, "name samples value", *columns)
    return MappingQuestion(columns=shown, meanings=offered, has_header=True)


def seen_by(
    *,
    operator: Mapping[str, Page] = NONE,
    reseller: Mapping[str, Page] = NONE,
    customer: Mapping[str, Page] = NONE,
    nobody: Mapping[str, Page] = NONE,
) -> Pages:
    """Return pages by their names, with who looks at them; nobody is who isn't signed in."""
    roles: tuple[tuple[Role | None, Mapping[str, Page]], ...] = (
        ("operator", operator),
        ("reseller", reseller),
        ("customer", customer),
        (None, nobody),
    )
    return {name: (role, page) for role, pages in roles for name, page in pages.items()}
