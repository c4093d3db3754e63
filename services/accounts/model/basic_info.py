"""Page 1 of a new account, checked: the account's name, its administrator, its billing details."""

from collections.abc import Collection
from typing import NamedTuple

from contracts.accounts import (
    Administrator,
    BillingDetails,
    CheckAccount,
    OpenAccount,
    ResellerProfile,
)
from contracts.base import FieldError
from contracts.names import name_key
from services.accounts.model import checks
from services.accounts.model.billing_details import check_billing_details


class BasicInfo(NamedTuple):
    """What an order says of whose account it is, as it is kept."""

    name: str
    administrator: Administrator
    billing_details: BillingDetails


def check_basic_info(
    order: CheckAccount | OpenAccount, profile: ResellerProfile, taken: Collection[str]
) -> BasicInfo | tuple[FieldError, ...]:
    """Return the basic info of an order, or every field of it that needs correcting.

    `profile` is the one that the account will live under; `taken` are the keys of names that
    other accounts have.
    """
    name, errors = checks.check_name(order.name)
    if not errors and name_key(name) in taken:
        errors = [checks.name_taken()]
    administrator, wrong = checks.check_administrator(order.administrator, profile.country)
    details, details_wrong = check_billing_details(order.billing_details, profile.country)
    own = checks.check_profile(order.reseller) if order.reseller else []
    errors = [*errors, *wrong, *details_wrong, *own]
    if errors or administrator is None:
        return tuple(errors)
    return BasicInfo(name, administrator, details)
