"""E-mail addresses: which of them are the same, however they are written."""

import unicodedata
from typing import Final

_ENCODED: Final = "xn--"
"""What a label of a domain begins with that is written in ASCII (RFC 5890)."""


def email_key(text: str) -> str:
    """Return what all ways to write an address share.

    They differ in case, in Unicode form, and in the form of the domain: `xn--mnchen-3ya.example`
    is `münchen.example`. A domain by itself, or a part of an address, has a key in the same way.
    """
    local, at, domain = text.strip().rpartition("@")
    labels = unicodedata.normalize("NFKC", domain).casefold().split(".")
    whole = f"{local}{at}{'.'.join(map(_decoded, labels))}"
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", whole).casefold())


def _decoded(label: str) -> str:
    if not label.startswith(_ENCODED):
        return label
    try:
        return label.removeprefix(_ENCODED).encode("ascii").decode("punycode")
    except UnicodeError:
        return label
