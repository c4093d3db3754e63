"""The gateway's parts while it runs: its own database, its line to the services, its memory."""

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Final

import structlog

from accounts_manager.documents.printing import Printer
from contracts.accounts import (
    AccountActivated,
    AccountChanged,
    AccountClosed,
    AccountDisabled,
    AccountEnabled,
    AccountSuspended,
    PasswordChanged,
)
from contracts.base import Refused
from contracts.calls import CALLS_EXCHANGE
from gateway.events.live import Live
from gateway.identity.keys import Keys
from gateway.identity.passwords import Passwords
from gateway.identity.sessions import Sessions
from gateway.identity.throttle import Throttle
from gateway.identity.users import Users
from gateway.memory.account_lookup import AccountLookup
from gateway.memory.call_reports import CallReports
from gateway.memory.drafts import Drafts
from gateway.memory.mappings import Mappings
from gateway.settings import GatewaySettings
from services.chassis import changes, mongo
from services.chassis.bus import WAIT_SECONDS, Bus
from services.chassis.clock import clock_of
from services.chassis.database import Clock, Database
from services.chassis.principal import PrincipalSigner

PING_SECONDS: Final = 2.0
_ACCOUNT_EVENTS: Final = {
    event.topic: event
    for event in (AccountActivated, AccountChanged, AccountEnabled, AccountSuspended)
}

log = structlog.get_logger()


class Gateway:
    """One gateway process."""

    def __init__(self, settings: GatewaySettings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or clock_of(settings)
        rabbitmq_url = settings.rabbitmq_url.get_secret_value()
        self.database = Database(
            mongo.connect(settings.mongodb_url.get_secret_value()),
            f"{settings.database_prefix}gateway",
            self.clock,
            f"{socket.gethostname()}:{os.getpid()}",
        )
        self.bus = Bus(rabbitmq_url, "gateway bus", spreads=(CALLS_EXCHANGE,), clock=self.clock)
        self.signer = PrincipalSigner(settings.principal_private_key.get_secret_value())
        self.sessions = Sessions(self.database)
        self.keys = Keys(self.database)
        self.drafts = Drafts(self.database)
        self.mappings = Mappings(self.database)
        self.call_reports = CallReports(self.database)
        self.users = Users(self.bus)
        self.account_lookup = AccountLookup()
        self.passwords = Passwords()
        self.throttle = Throttle()
        self.printer = Printer(settings.print_niceness)
        self.live = Live(rabbitmq_url, self.hear, self.users.forget_all)
        self.started = False
        self.failed = False
        self.when_failed: Callable[[], None] = lambda: None
        self._running: asyncio.Task[None] | None = None

    # --- life -------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to connect; until both servers are there, requests are refused as `unavailable`."""
        self._running = asyncio.create_task(self._run())
        self._running.add_done_callback(self._note_failure)

    def _note_failure(self, running: "asyncio.Task[None]") -> None:
        """Tell that the gateway cannot go on, for instance with a database that will not do."""
        self.started = False
        if not running.cancelled() and (error := running.exception()) is not None:
            log.error("gateway failed", exc_info=error)
            self.failed = True
            self.when_failed()

    async def _run(self) -> None:
        await self._prepare_database()
        async with self.bus:
            self.started = True
            log.info("gateway started")
            await self.live.run()

    async def _prepare_database(self) -> None:
        while True:
            try:
                await mongo.refuse_without_replica_set(self.database.client)
                await self.database.prepare()
                await changes.prepare(self.database)
                for store in (self.sessions, self.keys, self.drafts, self.mappings):
                    await store.prepare()
                await self.call_reports.prepare()
            except mongo.PyMongoError as error:
                if not mongo.is_outage(error):
                    raise
                log.info("waiting for MongoDB", reason=type(error).__name__)
                await asyncio.sleep(WAIT_SECONDS)
            else:
                return

    async def stop(self) -> None:
        """Disconnect."""
        self.started = False
        assert self._running is not None, "start comes before stop"
        self.live.stop()
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        await self.printer.stop()
        self.passwords.stop()
        self.database.client.close()

    def refuse_before_start(self) -> None:
        """Refuse what comes before the servers are there."""
        if not self.started:
            raise Refused("unavailable", "The system is starting. Try again in a moment.")

    async def what_is_wrong(self) -> dict[str, str]:
        """Return what keeps the gateway from working, by part; nothing when it is ready."""
        faults: dict[str, str] = {}
        if not self.started:
            faults["gateway"] = "starting or stopping"
        if not self.bus.connected:
            faults["rabbitmq"] = "not connected"
        if not self.live.listening:
            faults["events"] = "not heard"
        try:
            async with asyncio.timeout(PING_SECONDS):
                await self.database.client.admin.command("ping")
        except (mongo.PyMongoError, TimeoutError) as error:
            faults["mongodb"] = type(error).__name__
        return faults

    # --- hearing ----------------------------------------------------------------------------

    async def hear(self, topic: str, body: bytes) -> None:
        """End at once what an event ends: sessions, keys, what is remembered of a user.

        The database is waited for; every gateway process does this, and twice does no harm.
        """
        while True:
            try:
                await self._hear(topic, body)
            except mongo.PyMongoError as error:
                if not mongo.is_outage(error):
                    raise
                log.warning("sessions cannot be ended yet", reason=type(error).__name__)
                await asyncio.sleep(WAIT_SECONDS)
            else:
                return

    async def _hear(self, topic: str, body: bytes) -> None:
        if topic == PasswordChanged.topic:
            changed = PasswordChanged.model_validate_json(body)
            self.users.forget(changed.account_id)
            await self.sessions.end_of_user(
                changed.user_id, before_password_version=changed.password_version
            )
            self.live.end_of_account(changed.account_id)
        elif topic == AccountDisabled.topic:
            disabled = AccountDisabled.model_validate_json(body)
            self.users.forget(disabled.account_id)
            await self.sessions.end_from_before_disabling(disabled.account_id)
            self.live.end_of_account(disabled.account_id)
        elif topic == AccountClosed.topic:
            await self.lock_out(AccountClosed.model_validate_json(body).account_id)
        elif topic in _ACCOUNT_EVENTS:
            account_id = _ACCOUNT_EVENTS[topic].model_validate_json(body).account_id
            self.users.forget(account_id)

    async def lock_out(self, account_id: str) -> None:
        """End everything with which a closed account's users and programs come in."""
        self.users.forget(account_id)
        await self.sessions.end_of_account(account_id)
        await self.keys.delete_of_account(account_id)
        self.live.end_of_account(account_id)
