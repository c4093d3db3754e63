"""What a person typed into a form, and which field of it a refusal speaks of."""

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile

from contracts.base import FieldError, Refused
from contracts.billing import IMPORT_BYTES_MAX
from contracts.problems import PROBLEMS
from gateway.http.checking import unread_in
from gateway.http.schemas import PASSWORD_CHARACTERS_MAX
from gateway.portal.limits import CHARACTERS_MAX

Word = TypeVar("Word", bound=str)
Field = tuple[str, str]
"""The name of a field and what was typed into it."""

FIELDS_MAX: Final = 1_000
SUM_CHARACTERS_MAX: Final = 18
TEXT_CHARACTERS_MAX: Final = 200
"""As much is read of any field, so that whoever owns its rule refuses it in words of its own."""

REQUEST_CHARACTERS_MAX: Final = 64
WORDS_CHARACTERS_MAX: Final = 40
BY_NAME: Final = "#"
"""Before the name of a form's field, where an error would have a pointer into a body."""

MEDIA_TYPES: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
CHARSETS: Final = (b"utf-8", b"utf8")

FormFields = Mapping[str, str]
"""What a form calls its fields, by JSON pointers into the request that it becomes.

An error belongs to the nearest pointer above its own: in a list, to the list's field. The empty
pointer is the place of every other error; without it, that is the head of the form.
"""

_UNTYPED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
"""Control characters but for tabs and ends of lines, and what turns the direction of a text."""


class Form:
    """A form that was sent.

    What can't be read is noted in `unread`, once for each field, with its field's name after a `#`.
    """

    def __init__(self, data: FormData, unread: list[FieldError] | None = None) -> None:
        self._data = data
        self.unread: list[FieldError] = [] if unread is None else unread

    @classmethod
    def empty(cls) -> "Form":
        """Return the form of a page that is only looked at."""
        return cls(FormData())

    @classmethod
    def of(cls, fields: Iterable[Field]) -> "Form":
        """Return a form with these fields."""
        return cls(FormData(list(fields)))

    def __contains__(self, name: str) -> bool:
        """Tell whether the form has the field."""
        return name in self._data

    def text(self, name: str, characters_max: int = 0) -> str:
        """Return what was typed into a field; empty when there is no such field.

        It can't be read when it's a file, holds what can't be typed or shown, or is longer than
        `characters_max`; without it, than fields are in general and this one may be. What can be
        shown of it is returned.
        """
        return self._read(name, self._data.get(name, ""), characters_max)

    def secret(self, name: str) -> str:
        """Return a password, exactly as it was typed; one that is far too long stays too long."""
        return self._text(name, self._data.get(name, ""))[:PASSWORD_CHARACTERS_MAX]

    def texts(self, name: str, count_max: int, characters_max: int = 0) -> tuple[str, ...]:
        """Return the values of a field that may come several times, each of them once."""
        read = (self._read(name, value, characters_max) for value in self._data.getlist(name))
        return tuple(dict.fromkeys(read))[:count_max]

    def names(self, beginning: str, count_max: int) -> tuple[str, ...]:
        """Return what follows this beginning in the names of fields, each of them once."""
        found = (name for name in self._data if name.startswith(beginning))
        return tuple(dict.fromkeys(name.removeprefix(beginning) for name in found))[:count_max]

    def fields(self, beginning: str = "", count_max: int = FIELDS_MAX) -> tuple[Field, ...]:
        """Return the texts whose names begin so, with the rest of their names; no files."""
        found = (
            (name.removeprefix(beginning), value)
            for name, value in self._data.multi_items()
            if name.startswith(beginning) and isinstance(value, str)
        )
        return tuple(found)[:count_max]

    def request_id(self) -> str:
        """Return the form's own idempotency key."""
        return self.text("request", REQUEST_CHARACTERS_MAX) or new_request_id()

    def filename(self, name: str) -> str:
        """Return what a chosen file is called, as far as a line shows it."""
        value = self._data.get(name)
        called = value.filename or "" if isinstance(value, UploadFile) else ""
        return "".join(filter(str.isprintable, called))[:TEXT_CHARACTERS_MAX]

    def _read(self, name: str, value: str | UploadFile, characters_max: int) -> str:
        # browsers send two characters for the end of a line and count it as one
        text = self._text(name, value).replace("\r\n", "\n").strip()
        most = characters_max or max(CHARACTERS_MAX.get(name, 0), TEXT_CHARACTERS_MAX)
        if len(text) > most:
            detail = f"Shorten “{_words(name)}” to {most:,} characters. It has {len(text):,}."
            self._note(name, "too-long", detail)
        if _UNTYPED.search(text):
            detail = f"Retype “{_words(name)}”. It has characters that can't be shown."
            self._note(name, "invalid-characters", detail)
        return _UNTYPED.sub("", text)[:most]

    def _text(self, name: str, value: str | UploadFile) -> str:
        if isinstance(value, str):
            return value
        self._note(name, "not-a-text", f"Type “{_words(name)}” as text. It was sent as a file.")
        return ""

    def _note(self, name: str, kind: str, detail: str) -> None:
        error = FieldError(pointer=f"{BY_NAME}{name}", type=kind, detail=detail)
        if error.pointer not in {known.pointer for known in self.unread}:
            self.unread.append(error)

    async def upload(self, *names: str) -> bytes:
        """Return the bytes of the first of these fields that holds something: a file, or text."""
        for name in names:
            value = self._data.get(name)
            content = await value.read() if isinstance(value, UploadFile) else b""
            if isinstance(value, str):
                content = value.encode()
            if content.strip():
                return content
        return b""


def _words(name: str) -> str:
    """Return how a sentence calls a field: by the words of its name."""
    return name[:WORDS_CHARACTERS_MAX].replace("_", " ").replace("-", " ")


async def form_of(request: Request) -> Form:
    """Read the form that was sent; Refused when it isn't one."""
    # read as Starlette reads it, which takes every charset that Python knows, and its texts then
    # hold what is no character at all
    kind, parameters = parse_options_header(request.headers.get("content-type"))
    charset = parameters.get(b"charset", b"utf-8").lower()
    if kind.decode("latin-1") not in MEDIA_TYPES or charset not in CHARSETS:
        raise Refused("unsupported-media-type", "Send the form of this page, in UTF-8.")
    data = await request.form(max_files=1, max_fields=FIELDS_MAX, max_part_size=IMPORT_BYTES_MAX)
    return Form(data, unread_in(request))


SentForm = Annotated[Form, Depends(form_of)]


def new_request_id() -> str:
    """Return the idempotency key of a form that is shown for the first time."""
    return uuid.uuid4().hex


def one_of(choices: Sequence[Word], text: str) -> Word | None:
    """Return which of a few words a text is; None when it is none of them."""
    return choices[choices.index(text)] if text in choices else None


def seen_total(form: Form) -> int:
    """Return the total of the quote that a form of an opening showed, in micro-units.

    Who was shown no charge expects none.
    """
    seen = form.text("seen")
    return int(seen) if seen.isdecimal() and len(seen) <= SUM_CHARACTERS_MAX else 0


# --- showing what was refused ------------------------------------------------------------------


def fields_named(*names: str, below: str = "") -> dict[str, str]:
    """Return the fields of a form that have the names which the request has, below a pointer."""
    return {f"{below}/{name}": name for name in names}


def shown_errors(errors: Iterable[FieldError], fields: FormFields) -> dict[str, str]:
    """Return the first error of each field, by the field's name in the form.

    Errors of what the form has no field for are said together, at its head.
    """
    shown: dict[str, str] = {}
    others: list[str] = []
    for error in errors:
        if name := _field(error.pointer, fields):
            shown.setdefault(name, error.detail)
        else:
            others.append(error.detail)
    if not others:
        return shown
    return {fields.get("", ""): " ".join(dict.fromkeys(others)), **shown}


def _field(pointer: str, fields: FormFields) -> str:
    if pointer.startswith(BY_NAME):
        return pointer.removeprefix(BY_NAME)
    place = pointer
    while place and place not in fields:
        place = place.rpartition("/")[0]
    return fields[place] if place else ""


def form_errors(refusal: Refused, fields: FormFields) -> dict[str, str]:
    """Return what to show beside the form; raises the refusal again when it is not about the form.

    A refusal that names no field is shown where errors are that the form has no field for.
    """
    problem = refusal.problem
    status = status_of(refusal)
    about_the_form = problem.code == "account-disabled" or (
        HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
        and status not in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
    )
    if not about_the_form:
        raise refusal
    return shown_errors(problem.errors, fields) or {fields.get("", ""): problem.detail}


def status_of(refusal: Refused) -> int:
    """Return the HTTP status of a refusal."""
    return PROBLEMS[refusal.problem.code][0]
