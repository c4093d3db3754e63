"""What a person has typed into the wizard so far, kept until the account is open."""

from typing import Final

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from contracts.accounts import PHONE_CHARACTERS_MAX, Account
from contracts.base import Refused
from contracts.billing import COUNTRIES_PER_PLAN_MAX, PricedNumber
from contracts.values import Moment
from gateway.features.accounts import actions as accounts
from gateway.features.accounts.schemas import CreditBody
from gateway.features.billing_settings.details import DETAILS_FIELDS, details_body, typed_details
from gateway.features.billing_settings.details_views import BillingDetailsFields
from gateway.features.opening.schemas import AccountBody, AdministratorBody, BasicInfoBody, PlanBody
from gateway.features.plans.plan_change import plan_fields, read_policy, read_premium
from gateway.features.plans.schemas import CountryMinutesBody
from gateway.identity.caller import Caller, RequestKey
from gateway.portal.formatting import is_country, place_in_list
from gateway.portal.forms import Form, FormFields, fields_named, new_request_id
from gateway.portal.kept_forms import PLAN
from gateway.portal.limits import RATE_SHEET_ID_CHARACTERS_MAX
from gateway.portal.reading import Reading

KIND: Final = "account"
SUBMITTED: Final = "account-submitted"
PLACE: Final = f"POST {PLAN}"
BASIC_FIELDS: Final = ("name", "email", "first_name", "last_name", "phone")
BASIC_INFO_FIELDS: Final[FormFields] = {
    "/name": "name",
    **fields_named(*BASIC_FIELDS[1:], below="/administrator"),
    **DETAILS_FIELDS,
}
"""The fields of whose account it is: of the wizard's page 1, of a reseller, of a change."""

CREDIT_FIELDS: Final[FormFields] = {
    "/credit/amount": "credit_amount",
    "/credit/note": "credit_note",
}
TYPED: Final = (
    "plan_name",
    "users",
    "cost_per_user",
    "rate_sheet_id",
    "domestic_policy",
    "premium_allowed",
)
"""Fields of page 2 that are kept as they were typed, whatever is done there."""


class Draft(BaseModel):
    """The wizard's two pages, as typed; the request id makes submitting it twice harmless."""

    model_config = ConfigDict(frozen=True)

    request: str
    name: str = ""
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    billing: BillingDetailsFields = BillingDetailsFields()
    send_welcome: bool = True
    checked: bool = False
    """Whether page 1 was in order when it was left."""

    plan_name: str = ""
    users: str = "1"
    cost_per_user: str = ""
    rate_sheet_id: str = ""
    domestic_policy: str = "included"
    premium_allowed: str = "no"
    credit_amount: str = ""
    credit_note: str = ""
    numbers: tuple[PricedNumber, ...] = ()
    reservation_id: str | None = Field(
        default=None, validation_alias=AliasChoices("reservation_id", "hold_id")
    )
    reserved_until: Moment | None = Field(
        default=None, validation_alias=AliasChoices("reserved_until", "held_until")
    )
    """Both are read as drafts of the first release have them, too."""

    countries: dict[str, str] = {}
    """Opened countries with their minutes, as typed."""

    @property
    def request_key(self) -> RequestKey:
        """The idempotency key under which the account is opened."""
        return RequestKey(PLACE, self.request)

    @property
    def form_fields(self) -> FormFields:
        """The fields of both pages."""
        return {
            **BASIC_INFO_FIELDS,
            "/plan/name": "plan_name",
            "/plan/numbers": "numbers",
            **plan_fields(self.countries, below="/plan"),
            **CREDIT_FIELDS,
        }

    @property
    def basic_info(self) -> BasicInfoBody:
        """Page 1 as a request has it."""
        return BasicInfoBody(
            name=self.name, administrator=self._administrator, **details_body(self.billing)
        )

    @property
    def _administrator(self) -> AdministratorBody:
        return AdministratorBody(
            email=self.email,
            first_name=self.first_name,
            last_name=self.last_name,
            phone=self.phone[:PHONE_CHARACTERS_MAX],
        )

    def typed_plan(self, form: Form) -> dict[str, object]:
        """Return the fields that page 2 was sent with, as they were typed."""
        typed: dict[str, object] = {name: form.text(name) for name in TYPED if name in form}
        if any(f"minutes-{country}" in form for country in self.countries):
            typed["countries"] = {
                country: form.text(name) if (name := f"minutes-{country}") in form else minutes
                for country, minutes in self.countries.items()
            }
        return typed

    def typed_basic(self, form: Form) -> "Draft":
        """Return the draft with page 1 as it was sent, still to be checked."""
        typed: dict[str, object] = {name: form.text(name) for name in BASIC_FIELDS}
        return self.model_copy(
            update={
                **typed,
                "phone": form.text("phone", PHONE_CHARACTERS_MAX),
                "billing": typed_details(form),
                "send_welcome": form.text("send_welcome") == "yes",
                "checked": False,
            }
        )

    def with_countries(self, opened: tuple[str, ...]) -> dict[str, str]:
        """Return the opened countries with more of them, these without minutes."""
        known = filter(is_country, opened)
        countries = {**dict.fromkeys(known, ""), **self.countries}
        by_name = sorted(countries.items(), key=lambda item: place_in_list(item[0]))
        return dict(by_name[:COUNTRIES_PER_PLAN_MAX])

    def without_country(self, country: str) -> dict[str, str]:
        """Return the opened countries without one of them."""
        return {code: minutes for code, minutes in self.countries.items() if code != country}

    def to_body(self, reading: Reading) -> AccountBody:
        """Return the account to open; `reading` notes what of the draft cannot be understood."""
        return AccountBody(
            name=self.name,
            administrator=self._administrator,
            **details_body(self.billing),
            plan=self._plan(reading),
            credit=read_credit(self.credit_amount, self.credit_note, reading),
            reservation_id=self.reservation_id,
            send_welcome=self.send_welcome,
        )

    def _plan(self, reading: Reading) -> PlanBody:
        countries = tuple(
            CountryMinutesBody(
                country=country,
                minutes=reading.whole_number(
                    minutes or "0",
                    f"/plan/countries/{position}/minutes",
                    "the bundled minutes",
                    otherwise=0,
                ),
            )
            for position, (country, minutes) in enumerate(self.countries.items())
        )
        return PlanBody.model_validate(
            {
                "name": self.plan_name,
                "users": reading.whole_number(
                    self.users, "/plan/users", "the number of users", otherwise=1
                ),
                "cost_per_user": reading.amount(
                    self.cost_per_user, "/plan/cost_per_user", "the cost per user"
                ),
                "rate_sheet_id": self.rate_sheet_id[:RATE_SHEET_ID_CHARACTERS_MAX],
                "numbers": tuple(priced.number for priced in self.numbers),
                "countries": countries,
                "domestic_policy": read_policy(
                    self.domestic_policy, reading, "/plan/domestic_policy"
                ),
                "premium_allowed": read_premium(
                    self.premium_allowed, reading, "/plan/premium_allowed"
                ),
            }
        )


def read_credit(typed: str, note: str, reading: Reading) -> CreditBody | None:
    """Return the credit that was typed into the form of a new account; None when none was."""
    if not typed:
        return None
    amount = reading.amount(typed, "/credit/amount", "the credit")
    return CreditBody.model_validate({"amount": amount, "note": note})


# --- keeping -----------------------------------------------------------------------------------


def new_draft() -> Draft:
    """Return an empty draft."""
    return Draft(request=new_request_id())


async def find_draft(caller: Caller) -> Draft | None:
    """Return what the person has typed so far."""
    fields = await caller.gateway.drafts.find(caller.user.id, KIND)
    return Draft.model_validate(fields) if fields else None


async def keep_draft(caller: Caller, draft: Draft) -> None:
    """Keep what was typed."""
    await caller.gateway.drafts.save(caller.user.id, KIND, draft.model_dump(mode="json"))


async def change_draft(caller: Caller, draft: Draft, **fields: object) -> Draft:
    """Return a kept draft with some fields changed; what else changes meanwhile stays as well."""
    changed = draft.model_copy(update=fields)
    dumped = changed.model_dump(mode="json", include=set(fields))
    await caller.gateway.drafts.change(caller.user.id, KIND, dumped)
    return changed


async def drop_draft(caller: Caller) -> None:
    """Forget what was typed."""
    await caller.gateway.drafts.drop(caller.user.id, KIND)


async def note_submitted(caller: Caller, draft: Draft, account: Account) -> None:
    """Remember which account the draft became."""
    became = {"request": draft.request, "account_id": account.id}
    await caller.gateway.drafts.save(caller.user.id, SUBMITTED, {**became})


async def account_of(caller: Caller, request: str) -> Account | None:
    """Return the account that the draft with this request id became; None when it is a draft."""
    became = await caller.gateway.drafts.find(caller.user.id, SUBMITTED)
    if became.get("request") != request:
        return None
    try:
        return await accounts.find_account(caller, str(became["account_id"]))
    except Refused as refusal:
        if refusal.problem.code != "not-found":
            raise
        return None
