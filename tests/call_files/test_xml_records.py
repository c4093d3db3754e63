"""Records of calls as XML: read as FreeSWITCH's JSON is, or refused, whatever is in the file."""

import json
import time
from contextlib import suppress
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.base import Refused
from contracts.call_files import calls_of
from contracts.call_files.json_records import json_records, leg_of_json
from contracts.call_files.xml_records import looks_like_xml_records, xml_records
from gateway.features.calls.files import CallFileOptions, read_call_file
from gateway.files.tables import MappingNeeded
from tests.call_files.test_json_records import A_LEG, ANSWERED, B_LEG, freeswitch

DECLARATION = '<?xml version="1.0"?>\n'


def cdr(destination: str = "+442079460321", *, encoded: bool = True, **variables: str) -> str:
    """Return a leg as mod_xml_cdr writes it: the one that came in from a phone."""
    told = freeswitch(**variables)["variables"]
    written = "".join(
        f"<{name}>{escape(quote(text, safe='') if encoded else text)}</{name}>\n"
        for name, text in told.items()
    )
    return (
        '<cdr core-uuid="x" switchname="pbx1">\n<channel_data><direction>outbound</direction>'
        f"<flags>0=1;1=1</flags></channel_data>\n<variables>\n{written}</variables>\n"
        '<app_log><application app_name="set" app_data="a=b"></application></app_log>\n'
        f"<callflow><caller_profile><caller_id_number>1004</caller_id_number>"
        f"<destination_number>{destination}</destination_number><originator>"
        "<originator_caller_profile><destination_number>600</destination_number>"
        "</originator_caller_profile></originator></caller_profile></callflow>\n"
        "<callflow><caller_profile><destination_number>9</destination_number></caller_profile>"
        "</callflow>\n</cdr>\n"
    )


def outcomes(*records: str) -> list[tuple[str, int]]:
    """Return what the calls come to, and for how long people talked."""
    found = xml_records("".join(records), 10)
    legs = [leg_of_json("freeswitch-json", record) for record in found]
    return [(call.outcome, call.leg.seconds) for call in calls_of(legs)]


@pytest.mark.parametrize("encoded", [True, False])
def test_a_leg_is_read_as_the_call_that_it_is(encoded: bool) -> None:  # noqa: FBT001 - a parameter
    (record,) = xml_records(DECLARATION + cdr(encoded=encoded, accountcode="a b@c"), 10)
    leg = leg_of_json("freeswitch-json", record)
    assert (leg.call_id, leg.account, leg.caller) == (A_LEG, "a b@c", "1004")
    assert (leg.destination, leg.answered_at, leg.seconds) == ("+442079460321", ANSWERED, 17)


@given(
    values=st.dictionaries(
        st.sampled_from(
            [
                "accountcode",
                "billsec",
                "hangup_cause",
                "direction",
                "answer_epoch",
                "last_bridge_to",
            ]
        ),
        st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=12),
    )
)
def test_xml_and_json_of_the_same_leg_are_the_same_leg(values: dict[str, str]) -> None:
    encoded = {name: quote(text, safe="") for name, text in values.items()}
    (of_json,) = json_records(json.dumps(freeswitch(**encoded)), 1)
    (of_xml,) = xml_records(cdr("%2B442079460321", encoded=True, **values), 1)
    other, found = (leg_of_json("freeswitch-json", one) for one in (of_json, of_xml))
    assert found._replace(line=1) == other._replace(line=1)


def test_the_outbound_leg_is_charged_if_it_is_in_the_file() -> None:
    ringing = cdr(billsec="23")
    talking = cdr("442079460321", uuid=B_LEG, direction="outbound", billsec="17")
    assert outcomes(ringing, talking) == [("answered", 17)]
    assert outcomes(ringing) == [("answered", 23)]
    assert outcomes(cdr(last_bridge_to="")) == [("not-outbound", 17)]
    unanswered = cdr(answer_epoch="0", billsec="0", hangup_cause="NO_ANSWER")
    assert outcomes(unanswered) == [("not-answered", 0)]


@pytest.mark.parametrize(
    "form",
    [
        "{one}{two}",
        "{declaration}{one}{declaration}{two}",
        "{declaration}<cdrs>{one}{two}</cdrs>",
        "{declaration}<a><b>{one}</b><!-- x -->{two}</a>",
        "\ufeff{declaration}{one}\r\n{two}",
    ],
)
def test_records_may_stand_alone_one_after_the_other_or_in_an_element(form: str) -> None:
    text = form.format(declaration=DECLARATION, one=cdr(), two=cdr(uuid=B_LEG))
    assert looks_like_xml_records(text.removeprefix("\ufeff"))
    found = xml_records(text, 10)
    lines = [text[: text.index("<cdr ")].count("\n") + 1]
    lines.append(text[: text.rindex("<cdr ")].count("\n") + 1)
    assert [record.line for record in found] == lines


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "no <cdr> records"),
        ("<cdrs></cdrs>", "no <cdr> records"),
        (cdr()[:-8], r"isn't valid XML \(line \d+\)"),
        (f"{cdr()}</records>", "isn't valid XML"),
        (f"<cdrs>{cdr()}", "isn't valid XML"),
        ("<cdr>\x00</cdr>", "isn't valid XML"),
        ("<cdr>\x01</cdr>", "isn't valid XML"),
        ("<cdr><variables>&nbsp;</variables></cdr>", "an entity that XML doesn't have"),
        ("<cdr/>" * 11, "more than 10 records"),
        (f"<cdr>{'<a>' * 100_000}", "nested 30 deep"),
        ("<a" * 100_000, "isn't valid XML"),
        ("<?xml" * 200_000, "isn't valid XML"),
    ],
)
def test_a_file_that_is_no_such_xml_names_the_cause(text: str, cause: str) -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match=cause):
        xml_records(text, 10)
    assert time.process_time() - began < 2


BOMB = "".join(
    f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' if n else '<!ENTITY a0 "aaaaaaaaaa">'
    for n in range(10)
)


@pytest.mark.parametrize(
    "text",
    [
        f"<!DOCTYPE cdr [{BOMB}]><cdr><variables><uuid>&a9;</uuid></variables></cdr>",
        '<!DOCTYPE cdr [<!ENTITY x SYSTEM "file:///etc/passwd">]><cdr>&x;</cdr>',
        '<!DOCTYPE cdr SYSTEM "http://127.0.0.1:1/x.dtd">' + cdr(),
        f"<records><!DOCTYPE x []>{cdr()}</records>",
    ],
)
def test_entities_and_document_types_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="has a document type"):
        xml_records(DECLARATION + text, 10)


def test_a_large_record_keeps_only_what_a_call_is_read_from() -> None:
    filler = "".join(f"<v{n}>{'x' * 20}</v{n}>" for n in range(100_000))
    (record,) = xml_records(cdr().replace("<variables>", f"<variables>{filler}"), 1)
    assert len(str(record.value)) < 2_000
    assert leg_of_json("freeswitch-json", record).seconds == 17


def test_a_record_without_variables_is_no_call() -> None:
    (record,) = xml_records("<cdr><callflow/></cdr>", 1)
    assert leg_of_json("freeswitch-json", record).fault


@given(st.text(st.sampled_from("<>/cdrvariblesuu &;!?[]\"='\n x1"), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for content in (text, f"<cdr>{text}</cdr>", f"<cdr><variables>{text}</variables></cdr>"):
        with suppress(ValueError):
            for record in xml_records(content, 10):
                leg = leg_of_json("freeswitch-json", record)
                assert leg.fault or not leg.seconds or leg.answered_at is not None


# --- as files -----------------------------------------------------------------------------------


async def test_a_file_that_looks_like_it_is_suggested_and_never_guessed() -> None:
    with pytest.raises(MappingNeeded) as needed:
        await read_call_file((DECLARATION + cdr()).encode(), CallFileOptions())
    assert needed.value.members["format"] == "freeswitch-xml"


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (cdr().encode("utf-16"), "isn't UTF-8"),
        (cdr(accountcode="é", encoded=False).encode("cp1252"), "isn't UTF-8"),
        (b"<cdr></cdr>", "None of the records is of the format `freeswitch-xml`"),
        (json.dumps(freeswitch()).encode(), "isn't valid XML|no <cdr> records"),
    ],
)
async def test_a_file_in_another_form_is_refused_with_the_cause(content: bytes, cause: str) -> None:
    with pytest.raises(Refused, match=cause):
        await read_call_file(content, CallFileOptions(format="freeswitch-xml"))


async def test_other_xml_is_told_from_records() -> None:
    with pytest.raises(Refused, match="This is an XML file"):
        await read_call_file(DECLARATION.encode() + b"<a/>", CallFileOptions())
