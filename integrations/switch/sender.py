"""Sends records to billing: oldest first, in batches, each kept until RabbitMQ has it."""

import asyncio
from collections import defaultdict
from typing import Final

import structlog

from contracts.calls import RECORDS_PER_MESSAGE_MAX
from integrations.switch.broker import BROKER_ERRORS, Broker
from integrations.switch.spool import Spool, SpooledRecord

BATCH_RECORDS_MAX: Final = 1_000
MESSAGES_IN_FLIGHT_MAX: Final = 50
AGAIN_SECONDS: Final = 0.5
AGAIN_SECONDS_MAX: Final = 5.0

log = structlog.get_logger()


class Sender:
    """Empties a spool for as long as it runs."""

    def __init__(self, spool: Spool, broker: Broker) -> None:
        self._spool = spool
        self._broker = broker
        self._turns = asyncio.Semaphore(MESSAGES_IN_FLIGHT_MAX)

    async def run(self) -> None:
        """Send whatever there is, until cancelled; a broker that is away is tried again."""
        pause = AGAIN_SECONDS
        if self._spool.records:
            self._spool.grown.set()  # what was begun may have failed
        while True:
            await self._spool.grown.wait()
            self._spool.grown.clear()
            records = await self._spool.oldest(BATCH_RECORDS_MAX)
            if not records:
                continue
            self._spool.grown.set()  # there may be more
            sent = await self._send(records)
            if sent:
                await self._spool.remove(sent)
            if len(sent) == len(records):
                pause = AGAIN_SECONDS
                continue
            await asyncio.sleep(pause)
            pause = min(pause * 2, AGAIN_SECONDS_MAX)

    async def _send(self, records: list[SpooledRecord]) -> list[SpooledRecord]:
        """Return the records that RabbitMQ has."""
        by_key: defaultdict[str, list[SpooledRecord]] = defaultdict(list)
        for record in records:
            by_key[record.routing_key].append(record)
        messages = [
            some[start : start + RECORDS_PER_MESSAGE_MAX]
            for some in by_key.values()
            for start in range(0, len(some), RECORDS_PER_MESSAGE_MAX)
        ]
        outcomes = await asyncio.gather(*map(self._send_one, messages))
        return [record for some in outcomes for record in some]

    async def _send_one(self, records: list[SpooledRecord]) -> list[SpooledRecord]:
        try:
            async with self._turns:
                bodies = [record.body for record in records]
                await self._broker.send_records(records[0].routing_key, bodies)
        except BROKER_ERRORS as error:
            log.info("records not sent", number=len(records), reason=type(error).__name__)
            return []
        return records
