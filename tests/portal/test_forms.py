"""What typed texts become, which field a refusal is shown at, and where nobody is sent."""

from io import BytesIO

import pytest
from starlette.datastructures import FormData, UploadFile

from contracts.base import FieldError, Refused
from gateway.features.opening.draft import Draft
from gateway.features.plans.plan_change import plan_fields
from gateway.portal.forms import Form, fields_named, form_errors, one_of, shown_errors
from gateway.portal.frame import own_path
from gateway.portal.reading import Reading


@pytest.mark.parametrize(
    ("typed", "read"),
    [("12.50", "12.50"), ("1,200", "1200"), ("1,234,567.8901", "1234567.8901"), ("-5", "-5")],
)
def test_an_amount_is_read_as_people_write_it(typed: str, read: str) -> None:
    reading = Reading()
    assert reading.amount(typed, "/amount", "the credit") == read
    assert reading.errors == []


@pytest.mark.parametrize("typed", ["", "12,50", "$5", "1e3", "٣", "12.1234567", "1,20"])
def test_what_is_no_amount_is_an_error_and_no_charge(typed: str) -> None:
    reading = Reading()
    assert reading.amount(typed, "/amount", "the credit") == "0.00"
    assert shown_errors(reading.errors, {"/amount": "credit_amount"}) == {
        "credit_amount": "Enter the credit as an amount such as 12.50."
    }


def test_a_whole_number_is_digits_only() -> None:
    reading = Reading()
    assert reading.whole_number("12", "/plan/users", "the number of users", otherwise=1) == 12
    for typed in ("", "1.5", "-1", "٣", "9" * 10):
        assert reading.whole_number(typed, "/plan/users", "the users", otherwise=1) == 1
    assert set(shown_errors(reading.errors, fields_named("users", below="/plan"))) == {"users"}


def test_a_refusal_is_shown_at_its_field_the_first_of_each_only() -> None:
    errors = [
        FieldError(pointer="/administrator/email", type="invalid", detail="Enter an address."),
        FieldError(pointer="/administrator/email", type="taken", detail="Another one."),
        FieldError(pointer="/plan/numbers/3", type="number-taken", detail="Taken."),
        FieldError(pointer="/plan/countries/1/minutes", type="range", detail="Too many."),
        FieldError(pointer="/plan/countries/0/country", type="no-rate", detail="No rate."),
        FieldError(pointer="/nowhere", type="other", detail="Whatever."),
    ]
    draft = Draft(request="r", countries={"IN": "", "AE": ""})
    assert shown_errors(errors, draft.form_fields) == {
        "email": "Enter an address.",
        "numbers": "Taken.",
        "minutes-AE": "Too many.",
        "countries": "No rate.",
        "": "Whatever.",
    }


def test_a_refusal_of_a_country_that_was_not_sent_is_shown_at_all_of_them() -> None:
    error = FieldError(pointer="/countries/7/minutes", type="range", detail="Too many.")
    assert shown_errors([error], plan_fields(("IN",))) == {"countries": "Too many."}


def test_what_a_form_has_no_field_for_stands_at_its_head_each_sentence_once() -> None:
    errors = [
        FieldError(pointer="/plan/users", type="range", detail="Too many users."),
        FieldError(pointer="/credit/amount", type="range", detail="Too much credit."),
        FieldError(pointer="/administrator", type="required", detail="This is required."),
        FieldError(pointer="/name", type="required", detail="This is required."),
    ]
    head = "Too much credit. This is required."
    fields = {"/plan/users": "users"}
    assert shown_errors(errors, fields) == {"": head, "users": "Too many users."}
    at_the_file = {**fields, "": "file"}
    assert shown_errors(errors, at_the_file) == {"file": head, "users": "Too many users."}
    refusal = Refused("invalid-fields", "Correct the fields.")
    assert form_errors(refusal, at_the_file) == {"file": "Correct the fields."}


def test_only_what_is_about_the_form_is_shown_beside_it() -> None:
    assert form_errors(Refused("account-not-active", "It is closed."), {}) == {"": "It is closed."}
    assert form_errors(Refused("account-disabled", "Ask."), {}) == {"": "Ask."}
    for kind in ("not-found", "forbidden", "not-signed-in", "unavailable", "internal-error"):
        with pytest.raises(Refused):
            form_errors(Refused(kind, "Not about the form."), {})


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("x" * 501, "Shorten “credit note” to 500 characters. It has 501."),
        ("A\x00B", "Retype “credit note”. It has characters that can't be shown."),
        ("A\u202eB", "Retype “credit note”. It has characters that can't be shown."),
        (UploadFile(BytesIO(b"1")), "Type “credit note” as text. It was sent as a file."),
    ],
)
def test_what_cannot_be_read_whole_is_refused_with_the_name_of_its_field(
    value: str | UploadFile, sentence: str
) -> None:
    form = Form(FormData([("credit_note", value)]))
    for read in (lambda: form.text("credit_note"), lambda: form.texts("credit_note", 9)):
        form.unread.clear()
        read()
        assert shown_errors(form.unread, {}) == {"credit_note": sentence}


def test_of_what_cannot_be_read_whole_the_rest_is_kept() -> None:
    form = Form(FormData([("credit_note", "A\x00B"), ("reason", "x" * 501), ("name", "Acme")]))
    assert form.text("credit_note") == form.text("credit_note") == "AB"
    assert form.text("reason") == "x" * 500
    assert form.text("name") == "Acme"
    assert list(shown_errors(form.unread, {})) == ["credit_note", "reason"]


def test_a_text_may_have_lines_and_be_as_long_as_its_field() -> None:
    form = Form(FormData([("credit_note", " A\r\nB\tC "), ("email", "x" * 254)]))
    assert form.text("credit_note") == "A\nB\tC"
    assert form.text("email") == "x" * 254


def test_one_of_a_few_words_or_none() -> None:
    assert one_of(("name", "-name"), "-name") == "-name"
    assert one_of(("name", "-name"), "password") is None


@pytest.mark.parametrize(
    ("address", "led_to"),
    [
        ("/accounts?q=a%20b", "/accounts?q=a%20b"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("https://elsewhere.example", "/"),
        ("/a\nSet-Cookie: x", "/"),
        ("", "/"),
    ],
)
def test_nobody_is_led_to_another_site(address: str, led_to: str) -> None:
    assert own_path(address, "/") == led_to
