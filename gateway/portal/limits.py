"""How many characters fields of forms take: what the contracts say, once, for all forms.

The macros in `components/field.html` write it as `maxlength`, and `Form.text` reads as much.
"""

from collections.abc import Mapping
from typing import Final

from contracts.accounts import (
    ACCOUNT_NAME_CHARACTERS_MAX,
    ADDRESS_LINE_CHARACTERS_MAX,
    DOMAIN_CHARACTERS_MAX,
    EMAIL_CHARACTERS_MAX,
    LOCALITY_CHARACTERS_MAX,
    PERSON_NAME_CHARACTERS_MAX,
    PHONE_CHARACTERS_MAX,
    POSTAL_CODE_CHARACTERS_MAX,
    REGION_CHARACTERS_MAX,
    TAX_ID_CHARACTERS_MAX,
)
from contracts.billing import (
    CREDIT_REASON_CHARACTERS_MAX,
    FOOTER_CHARACTERS_MAX,
    INVOICE_PREFIX_CHARACTERS_MAX,
    NAME_CHARACTERS_MAX,
    NOTE_CHARACTERS_MAX,
    PAYMENT_NOTE_CHARACTERS_MAX,
    PREFIX_CHARACTERS_MAX,
    REASON_CHARACTERS_MAX,
    SELLER_ADDRESS_CHARACTERS_MAX,
    SELLER_NAME_CHARACTERS_MAX,
    TAX_NAME_CHARACTERS_MAX,
)
from contracts.calls import CALL_ID_CHARACTERS_MAX
from gateway.http.schemas import NUMBER_CHARACTERS_MAX
from gateway.identity.passwords import CHARACTERS_MAX as PASSWORD_CHARACTERS_MAX

SEARCH_CHARACTERS_MAX: Final = 64
KEY_NAME_CHARACTERS_MAX: Final = 64
RATE_SHEET_ID_CHARACTERS_MAX: Final = 64
AMOUNT_CHARACTERS_MAX: Final = 20
"""A sign, nine digits with two commas, the point and six decimals; a sum has three digits more.

A rate has two decimals more."""

SUM_CHARACTERS_MAX: Final = AMOUNT_CHARACTERS_MAX + 4

DAY_CHARACTERS_MAX: Final = 40
"""A day in words; of a rate that is there, its moment."""

CHARACTERS_MAX: Final[Mapping[str, int]] = {
    # accounts
    "name": ACCOUNT_NAME_CHARACTERS_MAX,
    "email": EMAIL_CHARACTERS_MAX,
    "first_name": PERSON_NAME_CHARACTERS_MAX,
    "last_name": PERSON_NAME_CHARACTERS_MAX,
    "phone": PHONE_CHARACTERS_MAX,
    "address_line1": ADDRESS_LINE_CHARACTERS_MAX,
    "address_line2": ADDRESS_LINE_CHARACTERS_MAX,
    "address_locality": LOCALITY_CHARACTERS_MAX,
    "address_region": REGION_CHARACTERS_MAX,
    "address_postal_code": POSTAL_CODE_CHARACTERS_MAX,
    "tax_id": TAX_ID_CHARACTERS_MAX,
    "realm_domain": DOMAIN_CHARACTERS_MAX,
    "confirm_name": ACCOUNT_NAME_CHARACTERS_MAX,
    "reason": REASON_CHARACTERS_MAX,
    # people and keys
    "password": PASSWORD_CHARACTERS_MAX,
    "current": PASSWORD_CHARACTERS_MAX,
    "new": PASSWORD_CHARACTERS_MAX,
    "confirm": PASSWORD_CHARACTERS_MAX,
    "key_name": KEY_NAME_CHARACTERS_MAX,
    # plans and money
    "plan_name": NAME_CHARACTERS_MAX,
    "cost_per_user": AMOUNT_CHARACTERS_MAX,
    "credit_amount": AMOUNT_CHARACTERS_MAX,
    "credit_note": NOTE_CHARACTERS_MAX,
    "adjust_amount": AMOUNT_CHARACTERS_MAX,
    "adjust_reason": REASON_CHARACTERS_MAX,
    "credit_limit": AMOUNT_CHARACTERS_MAX,
    "bundle_minutes": 7,
    # invoices
    "pay_amount": SUM_CHARACTERS_MAX,
    "outside_amount": SUM_CHARACTERS_MAX,
    "outside_note": PAYMENT_NOTE_CHARACTERS_MAX,
    "note_amount": SUM_CHARACTERS_MAX,
    "seller_name": SELLER_NAME_CHARACTERS_MAX,
    "seller_address": SELLER_ADDRESS_CHARACTERS_MAX,
    "invoice_prefix": INVOICE_PREFIX_CHARACTERS_MAX,
    "tax_name": TAX_NAME_CHARACTERS_MAX,
    "tax_percent": AMOUNT_CHARACTERS_MAX,
    "invoice_footer": FOOTER_CHARACTERS_MAX,
    # rates
    "copy_name": NAME_CHARACTERS_MAX,
    "margin": 16,
    "setup_fee": AMOUNT_CHARACTERS_MAX,
    "monthly_fee": AMOUNT_CHARACTERS_MAX,
    "prefix": PREFIX_CHARACTERS_MAX,
    "rate_name": NAME_CHARACTERS_MAX,
    "rate": AMOUNT_CHARACTERS_MAX + 2,
    "connect_fee": AMOUNT_CHARACTERS_MAX,
    "min_duration": 4,
    "increment": 4,
    "grace": 4,
    "minutes": 4,
    # calls
    "account": 255,
    "codes": 20_000,
    "call_id": CALL_ID_CHARACTERS_MAX,
    "caller": NUMBER_CHARACTERS_MAX,
    "destination": NUMBER_CHARACTERS_MAX,
    "seconds": 5,
    "slice_seconds": 4,
    "balance_from": AMOUNT_CHARACTERS_MAX,
    "balance_to": AMOUNT_CHARACTERS_MAX,
    # days
    "renews_from": DAY_CHARACTERS_MAX,
    "renews_to": DAY_CHARACTERS_MAX,
    "from": DAY_CHARACTERS_MAX,
    "to": DAY_CHARACTERS_MAX,
    "expires_on": DAY_CHARACTERS_MAX,
    "effective_from": DAY_CHARACTERS_MAX,
    # what is searched for
    "q": SEARCH_CHARACTERS_MAX,
    "number_search": SEARCH_CHARACTERS_MAX,
    "country_search": SEARCH_CHARACTERS_MAX,
}
"""By the name of the field. A field whose name has two meanings tells its macro which it is."""

assert ACCOUNT_NAME_CHARACTERS_MAX == NAME_CHARACTERS_MAX, "`name` is that of a rate sheet, too"
assert REASON_CHARACTERS_MAX == CREDIT_REASON_CHARACTERS_MAX, "`reason` is that of a note, too"
