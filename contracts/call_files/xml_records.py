"""Records of calls as XML: what mod_xml_cdr of FreeSWITCH writes, a `<cdr>` for each leg."""

import re
from collections.abc import Mapping
from typing import Final
from xml.parsers import expat

from pydantic import JsonValue

from contracts.call_files.json_records import JsonRecord

DEPTH_MAX: Final = 30
_CHUNK_CHARACTERS: Final = 65_536
_BEGINNING_CHARACTERS: Final = 10_000
_DECLARATION: Final = re.compile(r"<\?xml[^<>]*\?>")
_RECORD: Final = re.compile(r"<cdr[\s>]")
_VARIABLES: Final = ("variables",)
_PROFILE: Final = ("callflow", "caller_profile")
_WANTED: Final[Mapping[tuple[str, ...], frozenset[str]]] = {
    _VARIABLES: frozenset(
        (
            *("call_uuid", "uuid", "accountcode", "domain_name", "sip_auth_realm"),
            *("caller_id_number", "destination_number", "answer_epoch", "answer_stamp", "billsec"),
            *("hangup_cause", "direction", "bridge_uuid", "last_bridge_to", "signal_bond"),
        )
    ),
    _PROFILE: frozenset(("caller_id_number", "destination_number")),
}
"""What a leg is read from, by where it stands in a record. All else is passed over."""

_ENTITY_ERRORS: Final = frozenset(
    (expat.errors.XML_ERROR_UNDEFINED_ENTITY, expat.errors.XML_ERROR_RECURSIVE_ENTITY_REF)
)


def looks_like_xml_records(text: str) -> bool:
    """Tell whether a text seems to have records of mod_xml_cdr."""
    beginning = text[:_BEGINNING_CHARACTERS]
    return beginning.lstrip().startswith("<") and _RECORD.search(beginning) is not None


def xml_records(text: str, records_max: int) -> list[JsonRecord]:
    """Return the records of a text in the form that mod_json_cdr gives them.

    One record, several one after the other, or all of them in an element of any name. ValueError
    with a sentence for anything else. Document types are refused, so entities expand to nothing.
    """
    if "<!DOCTYPE" in text:
        message = "The file has a document type, which call records don't have. Export it again."
        raise ValueError(message)
    reader = _Reader(records_max)
    # each record may have a declaration, and only one can begin a document
    plain = _DECLARATION.sub(lambda found: "\n" * found[0].count("\n"), text)
    try:
        reader.read(plain)
    except expat.ExpatError as error:
        why = " It uses an entity that XML doesn't have." if _is_about_entities(error) else ""
        message = f"The file isn't valid XML (line {error.lineno}).{why} Export it again."
        raise ValueError(message) from None
    if not reader.records:
        message = "The file has no <cdr> records. Choose the file that has the calls."
        raise ValueError(message)
    return reader.records


def _is_about_entities(error: expat.ExpatError) -> bool:
    return expat.ErrorString(error.code) in _ENTITY_ERRORS


class _Reader:
    """Handlers of the XML, which add each record when it ends."""

    def __init__(self, records_max: int) -> None:
        self.records: list[JsonRecord] = []
        self._records_max = records_max
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._path: list[str] = []
        self._begins_at = 0
        """How deep the elements of the record are; 0 outside of records."""

        self._line = 0
        self._found: dict[tuple[str, ...], dict[str, JsonValue]] = {}
        self._texts: list[str] | None = None

    def read(self, text: str) -> None:
        """Read the records of a text; raises ExpatError, and ValueError beyond a limit."""
        self._parser.Parse("<records>")
        for start in range(0, len(text), _CHUNK_CHARACTERS):
            self._parser.Parse(text[start : start + _CHUNK_CHARACTERS])
        self._parser.Parse("</records>", True)  # noqa: FBT003 - expat takes it by position only

    def _start(self, name: str, _: Mapping[str, str]) -> None:
        where = tuple(self._path[self._begins_at :]) if self._begins_at else None
        self._path.append(name)
        if len(self._path) > DEPTH_MAX:
            message = f"The file isn't of this format: elements are nested {DEPTH_MAX} deep."
            raise ValueError(message)
        if where is None:
            if name == "cdr":
                self._begins_at = len(self._path)
                self._line = self._parser.CurrentLineNumber
                self._found = {}
            return
        self._texts = [] if name in _WANTED.get(where, ()) else None

    def _text(self, text: str) -> None:
        if self._texts is not None:
            self._texts.append(text)

    def _end(self, name: str) -> None:
        self._path.pop()
        if not self._begins_at:
            return
        if len(self._path) < self._begins_at:
            self._add()
        elif self._texts is not None:
            # the newest profile comes first
            values = self._found.setdefault(tuple(self._path[self._begins_at :]), {})
            values.setdefault(name, "".join(self._texts).strip())
            self._texts = None

    def _add(self) -> None:
        self._begins_at = 0
        if len(self.records) == self._records_max:
            message = f"The file has more than {self._records_max:,} records. Split it."
            raise ValueError(message)
        record: dict[str, JsonValue] = {}
        if _VARIABLES in self._found:
            record["variables"] = self._found[_VARIABLES]
        if _PROFILE in self._found:
            record["callflow"] = {"caller_profile": self._found[_PROFILE]}
        self.records.append(JsonRecord(self._line, record))
