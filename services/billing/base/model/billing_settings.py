"""How a seller's invoices look, and what tax is on them."""

import unicodedata
from datetime import datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

from contracts.base import FieldError
from contracts.billing import (
    INVOICE_PREFIX_CHARACTERS_MAX,
    SLICE_SECONDS,
    SLICE_SECONDS_MAX,
    SLICE_SECONDS_MIN,
    ChangeBillingSettings,
)
from contracts.calls import DialFormat
from contracts.values import MICROS_PER_UNIT, KeptMoment, decimal_text, is_readable

PREFIX_CHARACTERS: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"
)
TAX_PERCENT_MAX: Final = 100 * MICROS_PER_UNIT
TAX_PERCENT_STEP: Final = 100
"""Four decimals."""

TAX_KEPT: Final = timedelta(days=400)
"""How long an earlier percentage is remembered: far longer than a charge waits for its invoice."""

TAX_CHANGES_MAX: Final = 100
"""Earlier percentages that settings remember at a time."""

LINES_MAX: Final = 8
"""Of an address or a footer: they stand on the first page of an invoice."""


class EarlierTax(BaseModel):
    """A tax percentage that was in force before the current one."""

    model_config = ConfigDict(frozen=True)

    percent: int
    """In micro-units."""

    until: KeptMoment
    """It applies to what was charged before this moment."""


class StoredSettings(BaseModel):
    """The settings of one seller: a reseller, or the platform."""

    model_config = ConfigDict(frozen=True)

    seller_name: str = ""
    """Empty: the name of the seller's account."""

    seller_address: str = ""
    invoice_prefix: str = "INV"
    tax_name: str = "Tax"
    tax_percent: int = 0
    """In micro-units: 19 per cent are 19,000,000."""

    earlier_taxes: tuple[EarlierTax, ...] = ()
    """The oldest first. The percentage of a call is found by the time it was charged at."""

    invoice_footer: str = ""
    dial_format: DialFormat = "national"
    """How destinations are written in calls over AMQP that don't say it themselves."""

    slice_seconds: int = SLICE_SECONDS
    """How much of a call is held at a time, likewise."""

    version: int = 1

    def tax_percent_at(self, moment: datetime) -> int:
        """Return the percentage, in micro-units, of what was charged at a moment."""
        for tax in self.earlier_taxes:
            if moment < tax.until:
                return tax.percent
        return self.tax_percent

    def tax_text(self, percent: int) -> str:
        """Return the tax at a percentage in micro-units as people write it: `VAT 7.5 %`."""
        return f"{self.tax_name} {decimal_text(percent).rstrip('0').rstrip('.')} %"

    def changed(self, change: ChangeBillingSettings, now: datetime) -> "StoredSettings":
        """Return the settings after a change; another percentage applies from now on."""
        typed = change.model_dump(exclude={"version"}, exclude_none=True)
        kept = {
            field: _tidy(value) if isinstance(value, str) else value
            for field, value in typed.items()
        }
        if "invoice_prefix" in kept:
            # numbers have a dash of their own behind it
            kept["invoice_prefix"] = str(kept["invoice_prefix"]).rstrip("-")
        percent = kept.get("tax_percent", self.tax_percent)
        if percent != self.tax_percent:
            earlier = [tax for tax in self.earlier_taxes if tax.until > now - TAX_KEPT]
            # a clock that went back must not put one percentage in front of another
            until = max((now, *(tax.until for tax in earlier)))
            last = EarlierTax(percent=self.tax_percent, until=until)
            kept["earlier_taxes"] = (*earlier, last)
        return self.model_copy(update=kept)


def _tidy(text: str) -> str:
    """Return a text in normal form, without space at the ends of its lines."""
    lines = unicodedata.normalize("NFC", text).splitlines()
    return "\n".join(" ".join(line.split()) for line in lines).strip()


def check_settings(settings: StoredSettings) -> list[FieldError]:
    """Return every field that needs correcting."""
    errors: list[FieldError] = []
    prefix = settings.invoice_prefix
    if not 1 <= len(prefix) <= INVOICE_PREFIX_CHARACTERS_MAX:
        most = INVOICE_PREFIX_CHARACTERS_MAX
        detail = f"Enter 1 to {most} characters that invoice numbers begin with."
        errors.append(_error("invoice_prefix", "out-of-range", detail))
    elif not set(prefix) <= PREFIX_CHARACTERS:
        detail = "Use letters A to Z, digits and - in what invoice numbers begin with."
        errors.append(_error("invoice_prefix", "invalid-characters", detail))
    if not 0 <= settings.tax_percent <= TAX_PERCENT_MAX:
        detail = "Enter the tax as a percentage from 0 to 100."
        errors.append(_error("tax_percent", "out-of-range", detail))
    elif settings.tax_percent % TAX_PERCENT_STEP:
        detail = "Enter the tax percentage with at most 4 decimals."
        errors.append(_error("tax_percent", "too-many-decimals", detail))
    if len(settings.earlier_taxes) > TAX_CHANGES_MAX:
        detail = "The tax was changed too often to change it again. Keep the percentage as it is."
        errors.append(_error("tax_percent", "too-many", detail))
    if settings.tax_percent and not settings.tax_name:
        detail = "Enter what the tax is called, such as VAT."
        errors.append(_error("tax_name", "required", detail))
    if not SLICE_SECONDS_MIN <= settings.slice_seconds <= SLICE_SECONDS_MAX:
        detail = f"Enter {SLICE_SECONDS_MIN} to {SLICE_SECONDS_MAX:,} seconds."
        errors.append(_error("slice_seconds", "out-of-range", detail))
    return errors + _check_texts(settings)


def _check_texts(settings: StoredSettings) -> list[FieldError]:
    errors: list[FieldError] = []
    lines_max = {
        "seller_name": 1,
        "tax_name": 1,
        "seller_address": LINES_MAX,
        "invoice_footer": LINES_MAX,
    }
    for field, most in lines_max.items():
        text: str = getattr(settings, field)
        lines = text.split("\n")
        if len(lines) > most:
            what = "in one line" if most == 1 else f"in at most {most} lines"
            errors.append(_error(field, "too-long", f"Write this {what}."))
        if not is_readable("".join(lines)):
            detail = "Retype this. It has characters that can't be shown."
            errors.append(_error(field, "invalid-characters", detail))
    return errors


def _error(field: str, kind: str, detail: str) -> FieldError:
    return FieldError(pointer=f"/{field}", type=kind, detail=detail)
