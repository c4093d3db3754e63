"""Rates in answers over HTTP: with all of their decimals, up to 8, in the field itself.

Messages keep to the form of 6 decimals that they were published with, and have the exact rate
beside it in `…_exact` (`contracts.exact_rates`).
"""

from collections.abc import Mapping
from typing import Any, Final, cast

from fastapi.responses import JSONResponse

_EXACT: Final = "_exact"
_FIRST_DECIMALS: Final = "; its first 6 decimals where `rate_exact` has more"


class ExactRates(JSONResponse):
    """An answer in JSON whose rates have all of their decimals."""

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - JSON of any kind
        """Return the answer as bytes."""
        return super().render(with_exact_rates(content))


def with_exact_rates(content: Any) -> Any:  # noqa: ANN401 - JSON of any kind
    """Return JSON in which each `rate` that has an exact one beside it is that one."""
    if isinstance(content, list):
        return [with_exact_rates(item) for item in cast("list[object]", content)]
    if not isinstance(content, dict):
        return content
    fields = cast("Mapping[str, object]", content)
    exact = {
        name.removesuffix(_EXACT): value
        for name, value in fields.items()
        if name.endswith(_EXACT) and value is not None
    }
    return {name: exact.get(name) or with_exact_rates(value) for name, value in fields.items()}


def widen_rates(schemas: Mapping[str, Any]) -> None:
    """Let schemas of answers say that rates have as many decimals as their exact ones."""
    for schema in schemas.values():
        fields = schema.get("properties", {})
        for name in [name for name in fields if name.endswith(_EXACT)]:
            (exact,) = _texts(fields[name])
            rate = fields[name.removesuffix(_EXACT)]
            for text in _texts(rate):
                text.update(pattern=exact["pattern"], examples=exact["examples"])
            if "description" in rate:
                rate["description"] = rate["description"].replace(_FIRST_DECIMALS, "")


def _texts(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the parts of a field's schema that are texts."""
    return [one for one in schema.get("anyOf", [schema]) if one.get("type") == "string"]
