"""What the switch tells: calls that ended. The switch is an owner that is no service of ours."""

from typing import Literal

from pydantic import Field, model_validator

from contracts.base import Event
from contracts.values import KeptMoment, Realm

CALLS_EXCHANGE = "calls"
"""Spreads the records over the billing processes, by the routing key: the account's id."""

CALL_ID_CHARACTERS_MAX = 128
SWITCH_CALL_ID_CHARACTERS_MAX = 255
CARRIER_CHARACTERS_MAX = 64
CALLER_CHARACTERS_MAX = 64
RECORDS_PER_MESSAGE_MAX = 100
RECORD_SECONDS_MAX = 86_400

DialFormat = Literal["national", "e164"]
"""How a switch writes destinations: as dialled in the account's country, or always international.

`national` is `+34…`, the country's own international prefix (`00`, `011`, …) and a number, or a
number of the country. `e164` is `+34…`, `34…` or `0034…`.
"""


class CallEnded(Event, topic="calls.call-ended.v1"):
    """A call has ended. The body is one record, or a JSON array of up to 100 of them.

    Published to the exchange `calls`; the routing key is the account id that the authorisation
    answered. A record that comes twice with the same facts is charged once.
    """

    call_id: str = Field(min_length=1, max_length=CALL_ID_CHARACTERS_MAX)
    account_id: str | None = Field(default=None, max_length=64)
    realm: Realm | None = Field(default=None, max_length=255)
    """Of the account, where its id is not known."""

    caller: str = Field(max_length=CALLER_CHARACTERS_MAX)
    destination: str = Field(max_length=64)
    """As `dial_format` says."""

    dial_format: DialFormat | None = None
    """How `destination` is written; None: as the reseller's settings say."""

    internal: bool = False
    """Whether the switch knows the destination as an extension of the account."""

    answered_at: KeptMoment | None = None
    """None: not answered."""

    seconds: int = Field(ge=0, le=RECORD_SECONDS_MAX)

    @model_validator(mode="after")
    def _names_an_account(self) -> "CallEnded":
        if not self.account_id and not self.realm:
            message = "a record names its account by `account_id` or by `realm`"
            raise ValueError(message)
        if self.seconds and self.answered_at is None:
            message = "a call that lasted was answered: give `answered_at`"
            raise ValueError(message)
        return self
