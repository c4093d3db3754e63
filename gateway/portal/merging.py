"""A form that someone else overtook: what its person typed, put over what is stored now.

The form carries what it was shown with. A field that is as it was shown was not typed, so it takes
what is stored: saving again changes nothing of anyone else's.
"""

from collections.abc import Mapping
from typing import Final

from pydantic import TypeAdapter, ValidationError

from gateway.portal.forms import Form

Fields = Mapping[str, str]
_FIELDS: Final = TypeAdapter(dict[str, str])
SHOWN_CHARACTERS_MAX: Final = 30_000


def shown_text(fields: Fields) -> str:
    """Return what a form is shown with, for its hidden field `shown`."""
    return _FIELDS.dump_json(dict(fields)).decode()


def shown_by(form: Form) -> dict[str, str]:
    """Return what a form was shown with; empty when it says nothing we wrote."""
    try:
        return _FIELDS.validate_json(form.text("shown", SHOWN_CHARACTERS_MAX))
    except ValidationError:
        return {}


def merged(typed: Fields, shown: Fields, stored: Fields) -> dict[str, str]:
    """Return what is stored, with what was typed over it; a field may be added or taken away."""
    fields: dict[str, str] = {}
    for name in {**stored, **typed}:
        changed = typed.get(name) != shown.get(name)
        value = (typed if changed else stored).get(name)
        if value is not None:
            fields[name] = value
    return fields


VERSION_DIGITS_MAX: Final = 9


def version_of(form: Form) -> int:
    """Return the version of the plan that the form showed; 0 is none."""
    seen = form.text("version")
    return int(seen) if seen.isdecimal() and len(seen) < VERSION_DIGITS_MAX else 0
