"""Forms that no page of ours sends: each is answered with a page, and none is our fault."""

import re
from collections.abc import Mapping

import httpx
import pytest

from tests.gateway.world import Json, World

PAGE = {"Accept": "text/html,*/*;q=0.8"}
LONG = "9" * 100
HOSTILE = {
    "long": "x" * 300,
    "many digits": LONG,
    "the world": "001",
    "first day": "0001-01-01",
    "first moment": "0001-01-01T00:00:00+14:00",
    "dots": "x.y",
    "operator": "$set",
    "nothing printable": "\x00\u202e",
    "digits of elsewhere": "\u0663",
    "below zero": "-1",
}
PLAN = {"users": "2", "cost_per_user": "10.00"}
RATE = {"rate": "0.05", "min_duration": "60", "increment": "60", "grace": "0", "rate_name": "x"}
NEW_RATE = {**RATE, "is_new": "yes", "prefix": "4420"}
OLD_RATE = {**RATE, "is_new": "no", "prefix": "44"}
WIZARD = "/accounts/new/plan"


@pytest.fixture(scope="module")
async def east(world: World) -> Json:
    """Give a reseller whose day begins before that of UTC, with an account and a rate sheet."""
    order = world.reseller_order("East", time_zone="Asia/Tokyo")
    reseller = await world.opened(world["operator"].program, "/v1/resellers", order)
    await world.first_password(reseller["administrator"]["email"])
    person = await world.sign_in(reseller["administrator"]["email"])
    person.headers.update(PAGE)
    sheet = await person.post("/v1/rate-sheets", json={"name": "Standard"})
    order = world.order("Tampered")
    account = await world.opened(world.program(await world.make_key(person)), "/v1/accounts", order)
    return {
        "person": person,
        "account": f"/accounts/{account['id']}",
        "sheet": f"/rates/{sheet.json()['id']}",
    }


@pytest.fixture
async def person(east: Json) -> httpx.AsyncClient:
    """Give that reseller's browser, with a draft whose first page is in order."""
    person: httpx.AsyncClient = east["person"]
    basic = {
        "name": "Tampered draft",
        "email": "ann@customer.example",
        "first_name": "Ann",
        "last_name": "Archer",
        "phone": "+14155550142",
        "action": "next",
    }
    answer = await person.post("/accounts/new/basic", data=basic)
    assert (answer.status_code, answer.headers["location"]) == (303, WIZARD), answer.text
    return person


async def answered(person: httpx.AsyncClient, path: str, form: Mapping[str, str]) -> str:
    """Send a form and return the page that answers it; the page's own address works, too."""
    answer = await person.post(path, data=dict(form))
    assert answer.status_code < 500, f"{path} {form}: {answer.status_code}"
    if answer.status_code == 303:
        answer = await person.get(answer.headers["location"])
    assert answer.headers["content-type"].startswith("text/html"), path
    page = answer.text
    home = re.search(r'name="next" value="([^"]*)"', page)
    assert home, f"{path}: no page of the portal"
    again = await person.get(home.group(1))
    assert again.status_code == 200, f"{path}: {home.group(1)} answers {again.status_code}"
    return page


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("{account}/plan", {**PLAN, "action": "quote", "domestic_policy": "bogus"}),
        ("{account}/plan", {**PLAN, "action": "quote", "premium_allowed": "bogus"}),
        ("{account}/plan", {**PLAN, "action": "change", "premium_allowed": "bogus"}),
        ("{account}/plan", {**PLAN, "action": "change", "domestic_policy": "bogus"}),
        ("{account}/plan", {**PLAN, "action": "quote", "minutes-001": "5"}),
        ("{account}/plan", {**PLAN, "action": "open-country", "open_country": "001"}),
        ("{account}/numbers", {"action": "quote", "choose_number": LONG}),
        (WIZARD, {**PLAN, "action": "quote", "domestic_policy": "bogus"}),
        (WIZARD, {**PLAN, "action": "quote", "premium_allowed": "bogus"}),
        (WIZARD, {"action": "countries", "choose_country": "x.y"}),
        (WIZARD, {"action": "countries", "choose_country": "001"}),
        (WIZARD, {"action": "numbers", "choose_number": LONG}),
        (WIZARD, {"action": "search-numbers", "choose_number": LONG}),
        ("{sheet}/rate", {**NEW_RATE, "effective_from": "0001-01-01"}),
        ("{sheet}/rate", {**OLD_RATE, "effective_from": "0001-01-01T00:00:00+14:00"}),
        ("{sheet}/rate", {**NEW_RATE, "prefix": LONG}),
        ("{sheet}/remove", {"prefix": LONG}),
        ("{sheet}/rename", {"name": ""}),
        ("{sheet}/delete", {"confirm_name": "Another"}),
        ("{account}/disable", {"reason": "\x00"}),
        ("/accounts/bulk", {"action": "ask-disable", "account": "x", "back": "/accounts"}),
        ("/accounts/bulk", {"account": "x"}),
        ("/keys", {"name": "x", "expires_on": "1970-01-01"}),
        ("/keys", {"name": "x", "expires_on": "8999-12-31"}),
        ("/keys", {"name": "x", "expires_on": "9999-12-31"}),
    ],
)
async def test_a_tampered_form_is_answered_with_a_page_never_a_500(
    east: Json, person: httpx.AsyncClient, path: str, form: Mapping[str, str]
) -> None:
    await answered(person, path.format(**east), form)


FORMS = {
    WIZARD: (
        "plan_name users cost_per_user rate_sheet_id domestic_policy premium_allowed minutes-IN "
        "credit_amount credit_note choose_number number_search choose_country country_search "
        "request person"
    ),
    "/accounts/new/basic": "person name email first_name last_name phone send_welcome",
    "{account}/credits": "request credit_amount credit_note",
    "{account}/adjustments": "request adjust_amount adjust_reason entry_seq",
    "{account}/credit-limit": "credit_limit",
    "{account}/delete": "request confirm_name write_off",
    "{account}/edit": "version shown name email first_name last_name phone",
    "{account}/plan": (
        "request version shown seen patch users cost_per_user apply_now rate_sheet_id "
        "domestic_policy premium_allowed minutes-IN open_country"
    ),
    "{account}/numbers": "request seen number_search choose_number",
    "{account}/numbers/remove": "request number",
    "{account}/numbers/take-back": "request number charge",
    "{account}/plan/new": "request seen plan_name users cost_per_user rate_sheet_id",
    "{account}/invoices/pay": "request unpaid",
    "{sheet}/rate": (
        "version is_new prefix effective_from country rate_name rate connect_fee min_duration "
        "increment grace blocked"
    ),
    "{sheet}/remove": "version prefix effective_from",
    "{sheet}/copy": "request copy_name margin",
    "{sheet}/rename": "version name",
    "{sheet}/import": "checked mode action",
    "{sheet}/restore": "revision",
    "/rates": "request name",
    "/keys": "request name scope",
    "/settings": (
        "version shown seller_name seller_address invoice_prefix tax_name tax_percent "
        "invoice_footer"
    ),
    "/my/plan": "request version seen patch users",
    "/my/user/password": "current new confirm",
    "/theme": "theme next",
}
ACTIONS = {
    WIZARD: "quote credit numbers search-numbers countries search-countries close-country:x submit",
    "{account}/plan": "quote change open-country close-country:001",
    "{account}/numbers": "search quote add",
}


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_form_full_of_nonsense_is_answered_with_a_page(
    east: Json, person: httpx.AsyncClient, path: str, hostile: str
) -> None:
    for action in ACTIONS.get(path, "").split() or [""]:
        fields = dict.fromkeys(FORMS[path].split(), hostile)
        form = {**fields, "action": action} if action else fields
        answer = await person.post(path.format(**east), data=form)
        assert answer.status_code < 500, f"{path} {action}"


@pytest.mark.parametrize("charset", ["undefined", "utf-7", "idna", "utf-16", "no-such", ""])
@pytest.mark.parametrize("path", ["/login", "/forgot", "/theme", "/reset/x"])
async def test_a_form_in_another_charset_is_refused(world: World, path: str, charset: str) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n+2AA-\r\n--x--\r\n'
    bodies = {
        f"multipart/form-data; boundary=x; charset={charset}": part,
        f'multipart/form-data; charset="{charset}"; boundary=x': part,
        f"application/x-www-form-urlencoded; charset={charset}": b"email=+2AA-",
    }
    for content_type, body in bodies.items():
        headers = {"Content-Type": content_type, **PAGE}
        answer = await world.browser().post(path, content=body, headers=headers)
        assert answer.status_code == 415, content_type
        assert "accepted here" in answer.text


@pytest.mark.parametrize("charset", ["", "; charset=utf-8", '; charset="UTF-8"'])
async def test_a_form_in_utf_8_is_read(world: World, charset: str) -> None:
    part = (
        '--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n\u00e9@x.example\r\n--x--\r\n'
    )
    headers = {"Content-Type": f"multipart/form-data; boundary=x{charset}", **PAGE}
    answer = await world.browser().post("/login", content=part.encode(), headers=headers)
    assert (answer.status_code, "\u00e9@x.example" in answer.text) == (401, True)


# --- what is typed is kept whole, or refused --------------------------------------------------


SETTINGS = {"invoice_prefix": "INV", "tax_name": "Tax", "tax_percent": "0"}


async def test_a_text_may_be_as_long_as_the_browser_lets_it_be_typed(
    person: httpx.AsyncClient,
) -> None:
    shown = (await person.get("/v1/billing-settings")).json()
    lines = ["x" * 124] * 8
    form = {
        **SETTINGS,
        "version": str(shown["version"]),
        "seller_address": "\r\n".join(lines) + "y",
        "invoice_footer": "\r\n".join(line[:61] for line in lines) + "yy",
    }
    answer = await person.post("/settings", data=form)
    assert answer.status_code == 303, answer.text
    kept = (await person.get("/v1/billing-settings")).json()
    assert kept["seller_address"] == "\n".join(lines) + "y"
    assert kept["invoice_footer"] == form["invoice_footer"].replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("field", "characters_max"),
    [
        ("seller_name", 200),
        ("seller_address", 1_000),
        ("invoice_prefix", 32),
        ("tax_name", 64),
        ("invoice_footer", 500),
    ],
)
async def test_a_text_that_is_too_long_is_refused_and_not_cut(
    person: httpx.AsyncClient, field: str, characters_max: int
) -> None:
    typed = "x" * (characters_max + 1)
    answer = await person.post("/settings", data={**SETTINGS, "version": "1", field: typed})
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert typed in answer.text
