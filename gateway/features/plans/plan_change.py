"""A change of a plan as it is typed: what of it differs, what it would charge, what to say."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, get_args

from pydantic import ValidationError

from contracts.base import Refused
from contracts.billing import COUNTRIES_PER_PLAN_MAX, DomesticPolicy, Plan, PlanChangeQuote
from contracts.values import SUM_DIGITS_MAX, decimal_text, micros
from gateway.features.plans import actions as plans
from gateway.features.plans.schemas import PlanPatch
from gateway.features.plans.views import PlanChangeFields, ShownQuote
from gateway.identity.caller import Caller
from gateway.portal.formatting import is_country, money, place_in_list
from gateway.portal.forms import Form, FormFields, fields_named, form_errors, shown_errors
from gateway.portal.limits import RATE_SHEET_ID_CHARACTERS_MAX
from gateway.portal.reading import Reading

MINUTES: Final = "minutes-"
TEXTS: Final = ("users", "cost_per_user", "rate_sheet_id", "domestic_policy", "premium_allowed")
QUOTE_FAULTS_MAX: Final = 3
PATCH_CHARACTERS_MAX: Final = 20_000
POLICIES: Final[tuple[DomesticPolicy, ...]] = get_args(DomesticPolicy)
PREMIUM: Final = ("no", "yes")
PLAN_TERMS: Final = (*TEXTS, "countries")
UNSEEN: Final = "Look at what it charges today, then press the button again."
NOTHING_CHANGED: Final = "Change something first."


@dataclass(frozen=True, slots=True)
class Typed:
    """The form of a plan, as typed; countries with their minutes, by name."""

    fields: PlanChangeFields
    countries: dict[str, str]


def typed_plan(plan: Plan) -> Typed:
    """Return the form of a plan as it is, with what its next period changes already."""
    fields = PlanChangeFields(
        users=str(plan.users),
        cost_per_user=decimal_text(_cost(plan)),
        apply_now=False,
        rate_sheet_id=plan.rate_sheet_id,
        domestic_policy=plan.domestic_policy,
        premium_allowed=premium_text(allowed=plan.premium_allowed),
    )
    minutes = {country: str(count) if count else "" for country, count in _minutes(plan).items()}
    return Typed(fields, _by_name(minutes))


def _cost(plan: Plan) -> int:
    """Return the cost per user that is planned."""
    return plan.cost_per_user if plan.next_cost_per_user is None else plan.next_cost_per_user


def _minutes(plan: Plan) -> dict[str, int]:
    """Return the countries that are planned to be open, with their minutes."""
    opened = plan.countries if plan.next_countries is None else plan.next_countries
    return {one.country: one.minutes for one in opened}


def texts_of(typed: Typed) -> dict[str, str]:
    """Return the form of a plan by the names of its fields; a country that is closed has none."""
    texts: dict[str, str] = {name: getattr(typed.fields, name) for name in TEXTS}
    apply_now = "yes" if typed.fields.apply_now else ""
    minutes = {f"{MINUTES}{country}": text for country, text in typed.countries.items()}
    return {**texts, "apply_now": apply_now, **minutes}


def typed_form(form: Form) -> Typed:
    """Return the form as it was sent."""
    fields = PlanChangeFields(
        users=form.text("users"),
        cost_per_user=form.text("cost_per_user"),
        apply_now=form.text("apply_now") == "yes",
        rate_sheet_id=form.text("rate_sheet_id", RATE_SHEET_ID_CHARACTERS_MAX),
        domestic_policy=form.text("domestic_policy"),
        premium_allowed=form.text("premium_allowed"),
    )
    codes = form.names(MINUTES, COUNTRIES_PER_PLAN_MAX)
    known = [code for code in codes if is_country(code)]
    return Typed(fields, _by_name({code: form.text(f"{MINUTES}{code}") for code in known}))


def _by_name(countries: Mapping[str, str]) -> dict[str, str]:
    return dict(sorted(countries.items(), key=lambda item: place_in_list(item[0])))


def plan_fields(countries: Iterable[str], below: str = "") -> FormFields:
    """Return the fields of a plan; `countries` are the opened ones in the order of the request."""
    minutes = {
        f"{below}/countries/{position}/minutes": f"{MINUTES}{country}"
        for position, country in enumerate(countries)
    }
    return {**fields_named(*PLAN_TERMS, below=below), **minutes}


def patch_of(typed: Typed, plan: Plan, reading: Reading) -> PlanPatch:
    """Return what differs from what is planned; `reading` notes what cannot be understood."""
    fields = typed.fields
    users = reading.whole_number(
        fields.users, "/users", "the number of users", otherwise=plan.users
    )
    cost = reading.amount(fields.cost_per_user, "/cost_per_user", "the cost per user")
    countries = {
        country: reading.whole_number(
            minutes or "0", f"/countries/{position}/minutes", "the bundled minutes", otherwise=0
        )
        for position, (country, minutes) in enumerate(typed.countries.items())
    }
    policy = read_policy(fields.domestic_policy or plan.domestic_policy, reading)
    typed_premium = fields.premium_allowed or premium_text(allowed=plan.premium_allowed)
    premium = read_premium(typed_premium, reading)
    wanted: dict[str, object] = {
        "users": users,
        "cost_per_user": cost,
        "rate_sheet_id": fields.rate_sheet_id,
        "countries": [
            {"country": country, "minutes": minutes} for country, minutes in countries.items()
        ],
        "domestic_policy": policy,
        "premium_allowed": premium,
    }
    same = {
        "users": users == plan.users,
        "cost_per_user": micros(cost) == (plan.cost_per_user if fields.apply_now else _cost(plan)),
        "rate_sheet_id": fields.rate_sheet_id == plan.rate_sheet_id,
        "countries": countries == _minutes(plan),
        "domestic_policy": policy == plan.domestic_policy,
        "premium_allowed": premium == plan.premium_allowed,
    }
    differs = {name: value for name, value in wanted.items() if not same[name]}
    return PlanPatch.model_validate({**differs, "apply_now": fields.apply_now})


def read_policy(text: str, reading: Reading, pointer: str = "/domestic_policy") -> str:
    """Return whether calls within the home country are free or charged."""
    return reading.choice(text, POLICIES, pointer, "what calls within the home country cost")


def premium_text(*, allowed: bool) -> str:
    """Return how forms say whether premium numbers may be called."""
    return PREMIUM[allowed]


def read_premium(text: str, reading: Reading, pointer: str = "/premium_allowed") -> bool:
    """Return whether premium-rate, shared-cost and personal numbers may be called."""
    words = "whether premium-rate numbers may be called"
    return reading.choice(text, PREMIUM, pointer, words) == premium_text(allowed=True)


# --- what it would charge ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quoted:
    """The quote of a change, or every field that keeps it from being quoted."""

    quote: PlanChangeQuote | None = None
    patch: PlanPatch | None = None
    """What it is about; None for numbers."""

    errors: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def patch_text(self) -> str:
        """What it is about, as the form sends it along."""
        return self.patch.model_dump_json(exclude_none=True) if self.patch else ""

    @property
    def seen(self) -> str:
        """What a person sees of it: the form sends it along, too."""
        quote = self.quote
        if quote is None:
            return ""
        return f"{decimal_text(quote.total)} {decimal_text(quote.monthly_charge)}"


async def quoted(
    ask: Awaitable[PlanChangeQuote],
    fields: FormFields,
    patch: PlanPatch | None = None,
    own: Mapping[str, str] | None = None,
) -> Quoted:
    """Ask for a quote; `own` are errors of fields that could not even be understood."""
    try:
        quote = await ask
    except Refused as refusal:
        return Quoted(errors={**form_errors(refusal, fields), **(own or {})})
    if own:
        return Quoted(errors=own)
    if patch is not None:
        patch = patch.model_copy(update={"expected_total": quote.total})
    return Quoted(quote, patch)


async def quoted_change(caller: Caller, typed: Typed, plan: Plan, fields: FormFields) -> Quoted:
    """Return what differs from a plan, and what it would charge; no quote when nothing differs."""
    reading = Reading(plan.currency)
    patch = patch_of(typed, plan, reading)
    own = shown_errors(reading.errors, fields)
    if not own and not changes(patch):
        return Quoted()
    ask = plans.quote_plan_change(caller, plan.account_id, patch.change())
    return await quoted(ask, fields, patch, own)


def changes(patch: PlanPatch) -> bool:
    """Tell whether a patch changes anything."""
    return bool(patch.model_dump(exclude_none=True, exclude={"apply_now", "expected_total"}))


def seen_patch(form: Form) -> PlanPatch | None:
    """Return the change whose quote the form showed; None when it showed none."""
    try:
        return PlanPatch.model_validate_json(form.text("patch", PATCH_CHARACTERS_MAX))
    except ValidationError:
        return None


def shown_quote(
    found: Quoted, doing: Callable[[PlanChangeQuote | None], str], nothing: str
) -> ShownQuote:
    """Return a quote as it stands beside its form; `doing` says in words what the button does."""
    faults = list(dict.fromkeys(found.errors.values()))[:QUOTE_FAULTS_MAX]
    return ShownQuote(
        quote=found.quote,
        missing=" ".join(faults) or nothing,
        seen=found.seen,
        patch=found.patch_text,
        button=f"{doing(found.quote)}{outcome(found.quote)}",
    )


def outcome(quote: PlanChangeQuote | None) -> str:
    """Say what a change comes to today, for the end of a button's text."""
    if quote is None or quote.total == 0:
        return ""
    if quote.total < 0:
        return f", {money(-quote.total, quote.currency)} credited"
    return f", pay {money(quote.total, quote.currency)}"


def charged(quote: PlanChangeQuote | None) -> str:
    """Say what a change came to, for the toast after it."""
    if quote is None or quote.total == 0:
        return ""
    verb = "charged" if quote.total > 0 else "credited"
    return f" {money(abs(quote.total), quote.currency)} {verb}."


# --- before it is done ------------------------------------------------------------------------


def quoted_total(form: Form) -> int:
    """Return the total that the form showed, in micro-units; who was shown none expects none."""
    try:
        return micros(form.text("seen").split(" ")[0], SUM_DIGITS_MAX)
    except ValueError:
        return 0


def refusals_of(found: Quoted, form: Form) -> dict[str, str]:
    """Return why a change is not made yet: wrong fields, or a charge that was not shown."""
    if found.errors:
        return dict(found.errors)
    if found.quote is None:
        return {"": NOTHING_CHANGED}
    was_seen = (form.text("seen"), form.text("patch", PATCH_CHARACTERS_MAX))
    return {} if was_seen == (found.seen, found.patch_text) else {"": UNSEEN}
