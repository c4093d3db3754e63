"""Every kind of refusal: its stable type, its HTTP status and its title."""

PROBLEMS: dict[str, tuple[int, str]] = {
    # the request itself
    "malformed-request": (400, "The request could not be read"),
    "idempotency-key-required": (400, "This request needs an Idempotency-Key header"),
    "invalid-cursor": (400, "The cursor is not one of ours"),
    "not-signed-in": (401, "Sign in first"),
    "wrong-credentials": (401, "E-mail or password is wrong"),
    "forbidden": (403, "Not allowed"),
    "cross-site-request": (403, "The request came from another site"),
    "not-found": (404, "Not found"),
    "method-not-allowed": (405, "Method not allowed"),
    "not-acceptable": (406, "Not acceptable"),
    "changed-meanwhile": (412, "It was changed meanwhile"),
    "body-too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body has a type that is not accepted here"),
    "invalid-fields": (422, "Some fields need correcting"),
    "idempotency-key-reused": (422, "This Idempotency-Key was used for another request"),
    "if-match-required": (428, "This request needs an If-Match header"),
    "too-many-requests": (429, "Too many requests"),
    "internal-error": (500, "Something went wrong on our side"),
    "unavailable": (503, "A part of the system does not answer at the moment"),
    # accounts
    "account-name-taken": (409, "The account name is taken"),
    "account-not-active": (409, "The account is not in a state that allows this"),
    "account-disabled": (403, "The account is disabled"),
    "name-does-not-match": (422, "The typed name does not match"),
    "link-expired": (410, "The link was used or has expired"),
    "choose-account": (409, "This e-mail and password belong to several accounts"),
    # numbers
    "number-taken": (409, "A number is taken"),
    "hold-expired": (409, "The number hold has expired"),
    # billing
    "plan-name-taken": (409, "The plan name is taken"),
    "insufficient-credit": (402, "The credit does not cover the charges"),
    "rate-sheet-name-taken": (409, "The rate sheet name is taken"),
    "rate-sheet-in-use": (409, "The rate sheet is in use"),
    "currency-mismatch": (409, "The currencies differ"),
    "no-rate": (422, "The rate sheet has no rate for this destination"),
    "rate-blocked": (422, "Calls to this destination are blocked"),
    "invalid-destination": (422, "The destination is not a valid number"),
    "import-refused": (422, "Some rows were refused, so nothing was imported"),
}
