"""The reasons of refused calls in sentences, for the logs of switches and whoever reads them."""

from typing import Final

from contracts.billing import CallRefusal

DETAILS: Final[dict[CallRefusal, str]] = {
    "account-not-found": "No account that this switch serves has this ID, realm or number.",
    "account-closed": "The account is closed.",
    "account-disabled": "The account, or one above it, is disabled.",
    "account-suspended": "The account, or one above it, is suspended.",
    "invalid-destination": "The destination isn’t a valid number.",
    "destination-not-allowed": "The account’s plan doesn’t allow calls to this country.",
    "premium-not-allowed": "The account’s plan doesn’t allow premium numbers.",
    "no-rate": "The rate sheet has no rate for this destination.",
    "rate-blocked": "The rate sheet blocks this destination.",
    "too-many-calls": "The account has as many calls as it may have at once.",
    "insufficient-credit": "The account has too little credit for this call.",
    "call-already-charged": "A call with this ID was charged before.",
    "call-limit-reached": "The call has lasted as long as a call may.",
}
