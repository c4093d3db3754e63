"""What a caller's phone is answered for each reason that a call is refused for (RFC 3261, 21)."""

from typing import Final, NamedTuple


class SipAnswer(NamedTuple):
    """A final answer of SIP."""

    code: int
    phrase: str


UNAVAILABLE: Final = SipAnswer(503, "Service Unavailable")
NOT_KNOWN: Final = SipAnswer(403, "Forbidden")
"""Of a reason that is newer than this table."""

ANSWERS: Final = {
    "account-not-found": SipAnswer(403, "Account not found"),
    "account-closed": SipAnswer(403, "Account closed"),
    "account-disabled": SipAnswer(403, "Account disabled"),
    "account-suspended": SipAnswer(403, "Account suspended"),
    "invalid-destination": SipAnswer(404, "Not a valid number"),
    "destination-not-allowed": SipAnswer(403, "Destination not allowed"),
    "premium-not-allowed": SipAnswer(403, "Premium numbers not allowed"),
    "no-rate": SipAnswer(404, "No rate for this destination"),
    "rate-blocked": SipAnswer(403, "Destination blocked"),
    "too-many-calls": SipAnswer(486, "Too many calls"),
    "insufficient-credit": SipAnswer(402, "Not enough credit"),
    "call-already-charged": SipAnswer(482, "Call ended already"),
    "call-limit-reached": SipAnswer(403, "Call limit reached"),
    "unavailable": UNAVAILABLE,
}


def sip_answer(reason: str) -> SipAnswer:
    """Return the SIP answer to a refused call."""
    return ANSWERS.get(reason, NOT_KNOWN)
