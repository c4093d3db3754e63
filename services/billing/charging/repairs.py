"""Records that cannot be charged are set aside, each once, and told."""

import hashlib
import json
from typing import Final

from contracts.billing import CallUnrated, RepairReason
from contracts.calls import CALL_ID_CHARACTERS_MAX
from services.billing.charging.records import Malformed, Record
from services.billing.store import repairs
from services.billing.store.repairs import KeptRecord
from services.chassis.database import Cause, Transaction
from services.chassis.service import Running

ID_CHARACTERS: Final = 24
ACCOUNT_ID_CHARACTERS_MAX: Final = 64


async def set_aside(
    running: Running,
    record: Record,
    reseller_id: str,
    fault: tuple[RepairReason, str],
    attempt: str,
) -> None:
    """Keep a record that cannot be charged in the repair list, and say so.

    The same record makes the same entry; `attempt` tells its replays apart.
    """
    body = record.record if isinstance(record, Malformed) else record.model_dump(mode="json")
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:ID_CHARACTERS]
    reason, detail = fault
    kept = KeptRecord(
        id=f"rep_{digest}",
        reason=reason,
        detail=detail,
        call_id=str(body.get("call_id") or "")[:CALL_ID_CHARACTERS_MAX],
        account_id=str(body.get("account_id") or "")[:ACCOUNT_ID_CHARACTERS_MAX],
        reseller_id=reseller_id,
        record=body,
        received_at=running.clock(),
    )

    async def keep(tx: Transaction) -> None:
        await repairs.keep(tx, kept)
        tx.announce(
            CallUnrated(
                repair_id=kept.id,
                call_id=kept.call_id,
                account_id=kept.account_id,
                reseller_id=kept.reseller_id,
                reason=kept.reason,
                detail=kept.detail,
            )
        )

    cause = Cause(message_id=f"{kept.id}:{attempt}", correlation_id=kept.id)
    await running.database.once(f"{running.name}.repairs", cause, keep)
