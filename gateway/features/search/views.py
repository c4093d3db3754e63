"""What one search over everything found."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.portal.views.parts import ListQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One thing that was found: where it is, what it is called, and what tells it from others."""

    label: str
    url: str
    note: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What was found of one kind; `more_url` lists all of it where there is more."""

    label: str
    icon: str
    hits: tuple[Hit, ...]
    more_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage:
    """`/search`: what was found, by kind; kinds of which nothing was found are left out."""

    template: ClassVar[str] = "search/results.html"
    title: str = "Search"
    section: str = ""
    query: ListQuery
    groups: tuple[Group, ...]
    kinds: str
    """What can be searched for, in words."""
