"""The environment of one process: every setting, its meaning and its default."""

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What a process reads from its environment, each field from `AM_` and its name in capitals.

    The addresses of the two servers are also read without the prefix.
    """

    model_config = SettingsConfigDict(frozen=True, env_prefix="AM_", populate_by_name=True)

    mongodb_url: SecretStr = Field(
        default=SecretStr("mongodb://127.0.0.1:27017/?replicaSet=rs0"),
        validation_alias=AliasChoices("AM_MONGODB_URL", "MONGODB_URL"),
    )
    database_prefix: str = ""
    """Put before each service's database name, so that several systems can share a MongoDB."""

    rabbitmq_url: SecretStr = Field(
        default=SecretStr("amqp://guest:guest@127.0.0.1:5672/"),
        validation_alias=AliasChoices("AM_RABBITMQ_URL", "RABBITMQ_URL"),
    )
    lane_messages_max: int = Field(default=200_000, ge=1)
    """How many messages may wait in each queue of a lane before further ones are refused.

    A queue keeps the limit that it was made with: delete it, empty, before another one.
    """

    principal_public_key: str = ""
    """Ed25519, PEM: services accept a person's request only if it is signed by this key."""

    principal_private_key: SecretStr = SecretStr("")
    """Ed25519 private key, PEM: the gateway alone has it."""

    http_host: str = "127.0.0.1"
    http_port: int = Field(default=0, ge=0, le=65535)
    """Of /health and /ready (0 = any free port), and of the gateway's portal and API."""

    metrics_host: str = "127.0.0.1"
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Of /metrics, which is nobody's but the monitoring's (0 = not served)."""

    portal_url: str = "http://localhost:8000"
    """The address people reach the portal at; links in e-mails begin with it."""

    smtp_url: SecretStr = SecretStr("")
    """`smtp[s]://user:password@host:port`; empty means e-mails are kept in `mailbox_folder`."""

    mailbox_folder: str = ""
    mail_sender: str = "Accounts Manager <no-reply@accounts-manager.example>"
    print_niceness: int = Field(default=5, ge=0, le=19)
    """How far printing steps back for those who answer calls and people, as in `nice -n`."""

    demo: bool = False
    """Turns on what only a demonstration may show, such as the mailbox page."""

    clock_file: str = ""
    """Of a demonstration: a file with the number of seconds that its clock is behind."""

    log_level: str = "INFO"
