"""Call records from files: checked, priced as charging does it, and handed over like any others."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, NamedTuple

from pydantic import JsonValue

from contracts.base import Refused
from contracts.billing import CallPreview, PreviewCalls, RejectedRecord
from contracts.call_files import ACCOUNT_IGNORED, FileCall, Leg, Outcome
from contracts.call_files.accounts import e164_of, field_of
from contracts.calls import CallEnded
from contracts.numbers import NUMBERS_LOOKED_UP_MAX, FindNumberOwners, NumberOwner
from gateway.features.calls.files import CallFile, CallFileOptions, read_call_file
from gateway.features.calls.import_schemas import (
    CallImport,
    ImportedCall,
    ImportedCallStatus,
    ImportedSum,
)
from gateway.features.calls.records import Taken, hand_over, read_record, sort_records
from gateway.features.calls.reports import rows_of
from gateway.features.calls.schemas import RECORDS_PER_BATCH_MAX
from gateway.identity.caller import Caller, action

PREVIEW_SECONDS: Final = 30.0
REJECTED_CALLS_MAX: Final = 1_000
"""Per import: each is stored for a person to review, and more than these is never reviewed."""

ID_CHARACTERS_MAX: Final = 64
_NO_OWNERS: Final[Mapping[str, NumberOwner]] = {}


class ImportedFile(NamedTuple):
    """What became of a file, and what was in it."""

    report: CallImport
    file: CallFile


@action("operator", "reseller", "switch", changes=True)
async def import_calls(
    caller: Caller, content: bytes, options: CallFileOptions, *, dry_run: bool
) -> ImportedFile:
    """Charge the calls of a file, or say what would be charged and what rejected.

    A call that is charged already stays as it is, so a file may be sent again. What can't be
    charged becomes a rejected call of whom the sender belongs to.
    """
    file = await read_call_file(content, options, caller.mappings())
    owners = await _owners_of_callers(caller, file.calls, options)
    entries = [_Entry(call, record_of(call, options, owners)) for call in file.calls]
    sent = [entry.record for entry in entries if entry.record is not None]
    taken = [
        one
        for start in range(0, len(sent), RECORDS_PER_BATCH_MAX)
        for one in await sort_records(caller, sent[start : start + RECORDS_PER_BATCH_MAX])
    ]
    previews = await _previews(caller, taken)
    if not dry_run:
        _refuse_many_rejections(taken, previews)
        new = [
            one
            for one, preview in zip(taken, previews, strict=True)
            if preview is None or preview.status != "charged"
        ]
        for start in range(0, len(new), RECORDS_PER_BATCH_MAX):
            await hand_over(caller, new[start : start + RECORDS_PER_BATCH_MAX])
    report = _report(file, entries, list(zip(taken, previews, strict=True)), dry_run=dry_run)
    report_id = await caller.gateway.call_reports.keep(caller.account_id, rows_of(report.data))
    return ImportedFile(report.model_copy(update={"id": report_id}), file)


@action("operator", "reseller", "switch")
async def export_report(caller: Caller, import_id: str) -> AsyncIterator[str]:
    """Return the calls of a file that aren't charged, each with its cause, as CSV text."""
    found = None
    if len(import_id) <= ID_CHARACTERS_MAX:
        found = await caller.gateway.call_reports.find(caller.account_id, import_id)
    if found is None:
        raise Refused("not-found", "There is no such report. Reports are kept for a week.")
    text = found

    async def pieces() -> AsyncIterator[str]:
        yield text

    return pieces()


def _refuse_many_rejections(taken: Sequence[Taken], previews: Sequence[CallPreview | None]) -> None:
    """Refuse a file of which so much would be rejected that the file is what is wrong."""
    rejected = sum(
        one.rejected is not None or (preview is not None and preview.status == "rejected")
        for one, preview in zip(taken, previews, strict=True)
    )
    if rejected > REJECTED_CALLS_MAX:
        detail = (
            f"{rejected:,} calls of the file would be rejected, so nothing was imported. Check the "
            f"file, fix the causes, and import it again. Up to {REJECTED_CALLS_MAX:,} may be "
            "rejected at once."
        )
        raise Refused("import-refused", detail)


class _Entry(NamedTuple):
    """A call of the file, and its record; none where there is nothing to charge."""

    call: FileCall
    record: CallEnded | RejectedRecord | None


async def _owners_of_callers(
    caller: Caller, calls: Sequence[FileCall], options: CallFileOptions
) -> dict[str, NumberOwner]:
    """Return whose the callers' numbers are, where they say the account, by number."""
    if options.naming.by != "caller" or options.naming.account:
        return {}
    legs = [call.leg for call in calls if call.outcome in {"answered", "unclear"}]
    wanted = {
        e164_of(leg.caller, options.dial_format)
        for leg in legs
        if leg.caller not in options.naming.codes
    }
    numbers = sorted(wanted - {""})
    found: dict[str, NumberOwner] = {}
    for start in range(0, len(numbers), NUMBERS_LOOKED_UP_MAX):
        some = tuple(numbers[start : start + NUMBERS_LOOKED_UP_MAX])
        answer = await caller.ask(FindNumberOwners(numbers=some))
        found |= {owner.number: owner for owner in answer.data}
    return found


def record_of(
    call: FileCall, options: CallFileOptions, owners: Mapping[str, NumberOwner] = _NO_OWNERS
) -> CallEnded | RejectedRecord | None:
    """Return the record of a call, or why it's rejected; None where there is nothing to charge."""
    if call.outcome in {"not-answered", "not-outbound"}:
        return None
    account = options.naming.account_of(call.leg)
    if account == ACCOUNT_IGNORED:
        return None
    owner = owners.get(e164_of(call.leg.caller, options.dial_format))
    if not account and owner and _had_number(owner, call.leg):
        account = owner.account_id
    item = _item(call, account, options)
    if call.outcome == "unclear":
        reason = "malformed" if call.leg.fault else "conflict"
        return RejectedRecord(record=item, reason=reason, detail=call.detail)
    if not account:
        return RejectedRecord(
            record=item, reason="unknown-account", detail=_unnamed(call, options, owner)
        )
    return read_record(item)


def _item(call: FileCall, account: str, options: CallFileOptions) -> dict[str, JsonValue]:
    """Return a record as a body of the API has it; what can't be read stays as the file has it."""
    leg = call.leg
    item: dict[str, JsonValue] = {
        "call_id": leg.call_id,
        "caller": leg.caller,
        "destination": leg.destination,
        "answered_at": leg.answered_at.isoformat() if leg.answered_at else leg.answered_text,
        "seconds": leg.seconds or leg.seconds_text,
    }
    if account:
        item[field_of(account)] = account
    if options.dial_format:
        item["dial_format"] = options.dial_format
    if leg.row:
        item["row"] = list(leg.row)
    return item


def _had_number(owner: NumberOwner, leg: Leg) -> bool:
    """Tell whether an account had a number already when a call was answered by it."""
    return leg.answered_at is not None and leg.answered_at >= owner.since


def _unnamed(call: FileCall, options: CallFileOptions, owner: NumberOwner | None) -> str:
    if options.naming.by != "caller":
        return "The row names no account."
    number = options.naming.code_of(call.leg)
    if owner is not None:
        return f"The account of today got the caller's number “{number}” after the call."
    if not e164_of(number, options.dial_format):
        return (
            f"The caller “{number}” is no international number. Explain it as a code, or write "
            "callers with + and country code."
        )
    return f"No account has the caller's number “{number}”."


async def _previews(caller: Caller, taken: Sequence[Taken]) -> list[CallPreview | None]:
    """Return what charging each record would come to; None for those that are rejected here."""
    records = tuple(one.record for one in taken if one.record is not None)
    if not records:
        return [None] * len(taken)
    query = PreviewCalls(records=records)
    found = iter((await caller.ask(query, timeout_seconds=PREVIEW_SECONDS)).data)
    return [None if one.record is None else next(found) for one in taken]


# --- the report -------------------------------------------------------------------------------


def _report(
    file: CallFile,
    entries: Sequence[_Entry],
    results: Sequence[tuple[Taken, CallPreview | None]],
    *,
    dry_run: bool,
) -> CallImport:
    found = iter(results)
    data = [
        _untold(entry.call) if entry.record is None else _told(entry.call, *next(found))
        for entry in entries
    ]
    counts: Counter[ImportedCallStatus] = Counter(one.status for one in data)
    return CallImport(
        dry_run=dry_run,
        format=file.format,
        rows=file.rows,
        calls=len(data),
        accepted=counts["accepted"],
        already_charged=counts["already-charged"],
        rejected=counts["rejected"],
        not_answered=counts["not-answered"],
        not_outbound=counts["not-outbound"],
        ignored=counts["ignored"],
        sums=_sums(data),
        columns=file.mapped.columns if file.mapped else (),
        mapping_remembered=file.mapped is not None and file.mapped.is_remembered,
        data=tuple(data),
    )


def _sums(data: Sequence[ImportedCall]) -> tuple[ImportedSum, ...]:
    by_currency: defaultdict[str, list[int]] = defaultdict(list)
    for one in data:
        if one.status == "accepted" and one.currency:
            by_currency[one.currency].append(one.cost)
    return tuple(
        ImportedSum(currency=currency, calls=len(costs), cost=sum(costs))
        for currency, costs in sorted(by_currency.items())
    )


_UNTOLD: Final[Mapping[Outcome, ImportedCallStatus]] = {
    "not-answered": "not-answered",
    "not-outbound": "not-outbound",
}


def _untold(call: FileCall) -> ImportedCall:
    """Return a call of which nothing is sent on."""
    leg = call.leg
    return ImportedCall(
        lines=call.lines,
        call_id=leg.call_id,
        status=_UNTOLD.get(call.outcome, "ignored"),
        detail=call.detail,
        account=leg.account,
        caller=leg.caller,
        destination=leg.destination,
        answered_at=leg.answered_at,
        seconds=leg.seconds,
    )


def _told(call: FileCall, taken: Taken, preview: CallPreview | None) -> ImportedCall:
    leg = call.leg
    shown = ImportedCall(
        lines=call.lines,
        call_id=leg.call_id,
        status="rejected",
        account=leg.account,
        caller=leg.caller,
        destination=leg.destination,
        answered_at=leg.answered_at,
        seconds=leg.seconds,
    )
    if taken.rejected is not None:
        rejected = {"reason": taken.rejected.reason, "detail": taken.rejected.detail}
        return shown.model_copy(update=rejected)
    assert preview is not None, "what is not rejected here was previewed"
    account = preview.account_id or leg.account
    if preview.status == "rejected":
        rejected = {"reason": preview.reason, "detail": preview.detail, "account": account}
        return shown.model_copy(update=rejected)
    status = {"chargeable": "accepted", "charged": "already-charged"}
    return shown.model_copy(
        update={
            "status": status.get(preview.status, "not-answered"),
            "detail": call.detail,
            "account": account,
            "destination": preview.destination or leg.destination,
            "country": preview.country,
            "rated_seconds": preview.rated_seconds,
            "rate": preview.rate,
            "rate_exact": preview.rate_exact,
            "cost": preview.cost,
            "currency": preview.currency,
        }
    )
