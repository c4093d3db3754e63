"""Previews of calls: what charging records would come to, before anything is charged."""

from typing import Annotated, Literal

from pydantic import Field

from contracts import compatibility
from contracts.base import Answer, Query, Value
from contracts.billing.rejected_calls import RejectionReasonField
from contracts.calls import CallEnded
from contracts.exact_rates import ExactRate
from contracts.values import Amount, Country, Currency

PREVIEWED_RECORDS_MAX = 20_000

CallPreviewStatus = Literal["chargeable", "charged", "rejected", "not-answered"]

CallPreviewStatusField = Annotated[
    CallPreviewStatus,
    Field(
        description="`charged`: by an earlier record with the same facts. New ones may be added:"
        " treat one that you don't know as a record to look at.",
        json_schema_extra={compatibility.GROWS: True},
    ),
]


class CallPreview(Value):
    """What becomes of one record."""

    status: CallPreviewStatusField
    reason: RejectionReasonField | None = None
    """Why it would be rejected."""

    detail: str = ""
    account_id: str = ""
    """Empty when it isn't known."""

    destination: str = ""
    """E.164 for a number, otherwise as it was dialled."""

    country: Country | None = None
    rated_seconds: int = 0
    rate: Amount = 0
    """Per 60 seconds."""

    rate_exact: ExactRate | None = None
    """With all of its decimals, where it has more than 6."""

    cost: Amount = 0
    """What is charged or would be: with the bundled minutes that are left, in this order."""

    currency: Currency | None = None


class CallPreviews(Answer):
    """One for each record, in their order."""

    data: tuple[CallPreview, ...]


class PreviewCalls(Query[CallPreviews], topic="billing.preview-calls.v1"):
    """What charging these records would come to now. Nothing is charged or kept.

    Records of accounts that the asker doesn't serve are rejected as of an unknown account.
    """

    records: tuple[CallEnded, ...] = Field(max_length=PREVIEWED_RECORDS_MAX)
