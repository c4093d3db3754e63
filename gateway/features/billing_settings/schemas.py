"""Bodies of requests about how invoices look."""

from typing import Annotated

from pydantic import Field

from contracts.calls import DialFormat
from contracts.values import AmountInput
from gateway.http.schemas import Body, WholeNumber, kept_if_absent


class BillingSettingsPatch(Body):
    """What changes of how your invoices look (RFC 7396: what is left out stays)."""

    seller_name: Annotated[str | None, Field(max_length=200), kept_if_absent] = None
    """Empty: your account's name."""

    seller_address: Annotated[str | None, Field(max_length=1_000), kept_if_absent] = None
    """Lines of text."""

    invoice_prefix: Annotated[
        str | None, Field(max_length=32, examples=["ACME"]), kept_if_absent
    ] = None
    """Of the numbers of invoices that are issued from now on, such as ACME-000123."""

    tax_name: Annotated[str | None, Field(max_length=64, examples=["VAT"]), kept_if_absent] = None
    tax_percent: Annotated[AmountInput | None, Field(examples=["19.00"]), kept_if_absent] = None
    """Per cent; 0: no tax."""

    invoice_footer: Annotated[str | None, Field(max_length=500), kept_if_absent] = None
    dial_format: Annotated[DialFormat | None, kept_if_absent] = None
    """How destinations are written in calls over AMQP that don't say it themselves; a switch with
    an API key dials as its key says."""

    slice_seconds: Annotated[WholeNumber | None, kept_if_absent] = None
    """How much of a call over AMQP is held at a time, from 10 to 3,600 seconds; likewise."""
