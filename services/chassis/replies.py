"""Answers to questions and to commands without a receipt: no transaction, nothing kept."""

from collections.abc import Mapping
from typing import Any, Final

import structlog
from aio_pika import IncomingMessage
from pydantic import ValidationError

from contracts.base import Answer, Ask, Command, Done, Problem, Refused
from services.chassis import mongo
from services.chassis.database import Database
from services.chassis.delivered import answer_at_once, explain, settle, trigger_of
from services.chassis.principal import PrincipalVerifier
from services.chassis.router import Handler

UNAVAILABLE: Final = "The service can’t reach its database. Nothing is lost. Try again in a moment."

log = structlog.get_logger()


class Replier:
    """Answers each question once, and at once: its asker waits, and asks again."""

    def __init__(
        self,
        name: str,
        database: Database,
        verifier: PrincipalVerifier | None,
        handlers: Mapping[type[Ask[Any]], Handler],
    ) -> None:
        self._name = name
        self._database = database
        self._verifier = verifier
        self._handlers = handlers

    async def reply(self, kind: type[Ask[Any]], delivered: IncomingMessage) -> None:
        """Answer one delivered question; acknowledge it whatever became of it."""

        async def work(trail: str) -> str:
            outcome, answered = await self._answered(kind, delivered, trail)
            await answer_at_once(delivered, answered)
            return outcome

        await settle(self._name, kind.topic, delivered, work)

    async def _answered(
        self, kind: type[Ask[Any]], delivered: IncomingMessage, trail: str
    ) -> tuple[str, Answer]:
        """Return the outcome for the metrics, and the answer."""
        try:
            question = kind.model_validate_json(delivered.body)
        except (ValidationError, RecursionError) as error:
            return "undecodable", Problem(type="malformed-request", detail=explain(error))
        try:
            return "done", await self._handle(question, delivered, trail)
        except Refused as refusal:
            log.info("refused", problem=refusal.problem.code)
            return "refused", refusal.problem
        except Exception as error:
            if mongo.is_outage(error):
                log.info("refused", problem="unavailable")
                return "refused", Problem(type="unavailable", detail=UNAVAILABLE)
            log.exception("message failed")
            return "failed", Problem(
                type="internal-error", detail="The request failed on our side."
            )

    async def _handle(self, question: Ask[Any], delivered: IncomingMessage, trail: str) -> Answer:
        trigger = trigger_of(delivered, trail, self._verifier, self._database.clock)
        writes = isinstance(question, Command)
        if writes and trigger.check_only:
            raise Refused("malformed-request", "This command can’t be checked only.")
        work = self._database.writer if writes else self._database.reader
        return await self._handlers[type(question)](question, work(trigger.principal)) or Done()
