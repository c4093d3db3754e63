"""Bodies of requests: what a person or a program sends, strictly typed.

What the fields may hold is decided by the services, which say it in the person's words; here is
only decided what can be understood at all.
"""

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from contracts.values import realm_key

PASSWORD_CHARACTERS_MAX: Final = 1_000
"""Of what is tried; a password that is set is shorter by far."""

WHOLE_NUMBER_MAX: Final = 2**31 - 1
NUMBER_CHARACTERS_MAX: Final = 64
REALM_CHARACTERS_MAX: Final = 255

WholeNumber = Annotated[int, Field(strict=True, ge=-WHOLE_NUMBER_MAX, le=WHOLE_NUMBER_MAX)]
Yes = Annotated[bool, Field(strict=True)]
NumberText = Annotated[str, Field(max_length=NUMBER_CHARACTERS_MAX, examples=["+14155550142"])]
Email = Annotated[str, Field(max_length=320, examples=["ann@example.com"])]


def _named_realm(realm: str) -> str:
    key = realm_key(realm)
    # lower case may be longer than what was sent
    if not 1 <= len(key) <= REALM_CHARACTERS_MAX:
        message = f"a realm has 1 to {REALM_CHARACTERS_MAX} characters"
        raise ValueError(message)
    return key


RealmText = Annotated[
    str,
    Field(min_length=1, max_length=REALM_CHARACTERS_MAX),
    AfterValidator(_named_realm),
]
"""An account's realm, as it is compared."""


class Body(BaseModel):
    """A body; fields that are not known are refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


# --- accounts ---------------------------------------------------------------------------


def _not_null(value: object) -> object:
    if value is None:
        message = "this cannot be taken away; leave the field out to keep it as it is"
        raise ValueError(message)
    return value


kept_if_absent: Final = AfterValidator(_not_null)
"""For a field that may be left out, but not be taken away by null."""


# --- numbers and rates --------------------------------------------------------------------
