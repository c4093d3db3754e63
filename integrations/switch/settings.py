"""The environment of a switch agent: every setting, its meaning and its default."""

from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.billing import SLICE_SECONDS, SLICE_SECONDS_MAX, SLICE_SECONDS_MIN
from contracts.calls import DialFormat
from contracts.values import Country
from integrations.switch.cdr.formats import CdrFormat


class SettingsError(Exception):
    """The settings aren't enough to serve a switch; says which is missing or wrong."""


FailurePolicy = Literal["closed", "open"]


class Settings(BaseSettings):
    """What an agent reads from its environment, each field from `AM_` and its name in capitals."""

    model_config = SettingsConfigDict(frozen=True, env_prefix="AM_", populate_by_name=True)

    rabbitmq_url: SecretStr = Field(
        default=SecretStr("amqp://guest:guest@127.0.0.1:5672/"),
        validation_alias=AliasChoices("AM_RABBITMQ_URL", "RABBITMQ_URL"),
    )
    """With the user `switch`, who may ask for calls, send records and hear of accounts."""

    switch_name: str = Field(default="switch", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    """Of this agent; unique among the agents of a RabbitMQ, and the same after a restart."""

    switch_folder: Path = Path("/var/lib/accounts-manager-switch")
    """Where call records are kept until billing has them: a disk of this machine."""

    switch_country: Country
    """Where the switch's callers are: its emergency numbers are never asked about."""

    switch_fail: FailurePolicy = "closed"
    """What happens to a call that billing doesn't answer for in time: `closed` refuses it, `open`
    lets it last for one slice and charges it afterwards."""

    switch_answer_seconds: float = Field(default=4.0, gt=0, le=30)
    """How long a call waits for billing."""

    switch_dial_format: DialFormat | None = None
    """How the switch writes destinations; unset: as the reseller's settings say."""

    switch_slice_seconds: int = Field(
        default=SLICE_SECONDS, ge=SLICE_SECONDS_MIN, le=SLICE_SECONDS_MAX
    )
    """How much of a call is held at a time, and how long an unasked `open` call lasts."""

    switch_records_max: int = Field(default=1_000_000, ge=1_000)
    """How many records may wait for billing before the switch has to keep them itself."""

    switch_seen_seconds: int = Field(default=30, ge=1, le=600)
    """How often the switch is asked whether a call still runs: what its crash may cost a call."""

    switch_host: str = "127.0.0.1"
    switch_port: int = Field(default=8085, ge=0, le=65535)
    """Where the agent listens to its switch. Who reaches it can make calls: keep it local."""

    switch_control_url: str = "http://127.0.0.1:5062"
    """Where the agent tells a Kamailio to end a call or to let it last longer."""

    switch_radius_nas_file: Path | None = None
    """Of `radius`: who may ask, and their secrets. docs/connect-radius.md says how it's written."""

    switch_radius_host: str = "127.0.0.1"
    switch_radius_auth_port: int = Field(default=1812, ge=0, le=65535)
    switch_radius_acct_port: int = Field(default=1813, ge=0, le=65535)
    """Where the agent listens to RADIUS."""

    switch_radius_silent_seconds: int = Field(default=1_800, ge=60, le=86_400)
    """How long nothing may be heard of a session that has sent Interim-Updates before it counts
    as lost: three times the interval of them, or more."""

    switch_cdr_format: CdrFormat | None = None
    """Of `cdr`: what writes the records. docs/connect-cdr-files.md says how each is set up."""

    switch_cdr_path: Path | None = None
    """The file that is followed; unset: records are posted to /cdr on `switch_port`."""

    switch_cdr_start: Literal["end", "start"] = "end"
    """Where a file is begun that was never read: behind what there is, or at its start."""

    switch_cdr_time_zone: str = Field(default="", max_length=64)
    """Of the file's local times, such as Europe/London or UTC."""

    switch_cdr_account: str = Field(default="", max_length=255)
    """The id or realm of the account of all calls; empty: each record says its own."""

    switch_cdr_account_from: Literal["account", "caller"] = "account"
    """Which field of a record says its account: its account code or realm, or the caller."""

    switch_cdr_accounts_file: Path | None = None
    """What codes or callers mean: a JSON object of account ids, realms or `ignore`."""

    switch_cdr_settle_seconds: int = Field(default=10, ge=1, le=3_600)
    """How long after the last leg of a call its record is made: legs may come one by one."""

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=0, ge=0, le=65535)
    """Of /health and /ready (0 = any free port)."""

    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Of /metrics (0 = not served)."""

    log_level: str = "INFO"
