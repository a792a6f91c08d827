"""What an operator can set, read once: from the environment (`TIDEWALK_…`), then from the command line over it."""

from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import ConflictError

_WILD: Final = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104  # bound by a service, and asked by nobody
EXAMPLE: Final = "change-me"  # in every secret of .env.example and deploy/tidewalk.env.example


def settled(**said: Any) -> "Settings":
    """Settings from the command line over the environment. Raises ConflictError, naming what does not fit."""
    try:
        return Settings(**said)
    except ValidationError as wrong:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in wrong.errors())
        raise ConflictError(f"settings (TIDEWALK_… or options): {told}") from None


def settled_so_far(**said: Any) -> tuple["Settings", dict[str, str]]:
    """The same without what does not fit: its defaults stand there, and by its name is said what is wrong with it."""
    try:
        return Settings(**said), {}
    except ValidationError as wrong:
        faults = {str(one["loc"][0]): one["msg"].removeprefix("Value error, ") for one in wrong.errors()}
        usual = {name: Settings.model_fields[name].get_default() for name in faults}
        return Settings(**(said | usual)), faults


class Settings(BaseSettings):
    """Every setting with its default: embedded everything, one process, loopback only."""

    model_config = SettingsConfigDict(env_prefix="TIDEWALK_", extra="ignore", frozen=True)

    site: str = Field("shinan", description="Folder of the site files, or the name of a shipped sample")
    state: Path = Field(Path(".tidewalk"), description="Folder for the journal, quarantine and embedded databases")

    broker: str = Field("127.0.0.1:1883", description="MQTT broker, HOST:PORT")
    broker_user: str = ""
    broker_password: SecretStr = SecretStr("")
    broker_tls: bool = False
    client_id: str = Field("", description="Keeps the broker's session; one service, one id. Empty: tidewalk-SITE")
    source: Literal["mqtt5", "paho"] = Field("mqtt5", description="paho for a broker that speaks only MQTT 3.1.1")

    influx: str = Field("", description="URL of an InfluxDB 2.x; empty: readings are kept in DuckDB")
    influx_token: SecretStr = SecretStr("")
    influx_org: str = "tidewalk"
    influx_bucket: str = "tidewalk"
    retention_days: int = Field(0, ge=0, description="Readings older than this are kept aside, and go; 0: all stay")

    api: str = Field(default="127.0.0.1:8090", description="HOST:PORT for the API; empty: none")
    api_tokens: SecretStr = Field(default=SecretStr(""), description="NAME=TOKEN or NAME=sha256:HEX, parted by commas")
    api_tokens_file: str = Field(default="", description="A file with the same, a line each, hashes alone")
    api_hosts: str = Field(
        default="", description="Names by which the API is called beside localhost, parted by commas"
    )
    trusted_proxies: str = Field(
        default="", description="Addresses or networks of proxies whose X-Forwarded-For is believed, parted by commas"
    )
    public_url: str = Field(
        default="", description="Where crews reach us, as https://coast.example; empty: no links in messages"
    )
    photo_days: int = Field(
        default=180, ge=0, description="Photos of crews go so many days after their order ended; 0: all stay"
    )
    audit_days: int = Field(
        default=730, ge=0, description="Lines of the audit trail go after so many days; 0: all stay"
    )
    key: SecretStr = Field(
        default=SecretStr(""), description="From which tokens, sessions and links are made; empty: the state folder's"
    )
    api_token: SecretStr = Field(default=SecretStr(""), description="What our own commands show to the API")

    sql: str = Field("", description="SQLAlchemy URL for alarms and orders; empty: SQLite in the state folder")
    lease_s: float = Field(
        default=5.0,
        ge=0.5,
        le=300,
        description="PostgreSQL: another node takes over where the leader was silent for so many seconds",
    )
    node: str = Field(default="", description="What this node is called where several stand by; empty: its host name")
    journal_days: int = Field(
        14, ge=0, description="What was heard, kept aside and sent is kept this long, once it is worked on; 0: for ever"
    )
    journal_mb: int = Field(
        default=20_000, ge=0, description="Journal rows go earlier where it would be larger than this; 0: however large"
    )
    smtp: SecretStr = Field(
        default=SecretStr(""), description="smtp://USER:PASSWORD@HOST:PORT, or smtps://; empty: no mail"
    )
    smtp_from: str = Field(default="", description="Whom mail is from, as Duty desk <duty@coast.example>")
    rules: str = Field("", description="Folder of rule files; empty: the shipped library")
    shadow: str = Field(default="", description="Folder of rule files that run silently beside them; empty: none")

    roles: str = Field(
        default="door,store,judge,dispatch,api", description="What this process does, beside others on the same state"
    )
    log: Literal["debug", "info", "warning", "error"] = Field(default="info", description="From which level up")
    log_format: Literal["text", "json"] = Field(default="text", description="json: one object a line")

    @field_validator("*")
    @classmethod
    def _no_example(cls, said: Any) -> Any:
        told = said.get_secret_value() if isinstance(said, SecretStr) else said
        if isinstance(told, str) and EXAMPLE in told:
            raise ValueError(f"this still is the example's value ({EXAMPLE}…): put a secret of your own there")
        return said

    @field_validator("public_url")
    @classmethod
    def _a_url(cls, said: str) -> str:
        where = urlsplit(said)
        if said and (where.scheme not in ("http", "https") or not where.hostname or where.path.strip("/")):
            raise ValueError("say where crews reach the service, as https://coast.example, without a path")
        return said

    def session(self, site: str) -> str:
        """Our client id at the broker: another one for each coast, so that two on one broker hear what is theirs."""
        return self.client_id or f"tidewalk-{site}"

    def broker_address(self) -> tuple[str, int]:
        """Host and port of the broker; the port is 1883 where none is said."""
        host, _, port = self.broker.rpartition(":")
        if not host or not port.isdecimal():
            return self.broker, 1883
        if not 0 < int(port) < 65_536:
            raise ConflictError(f"there is no port {port} (broker {self.broker}); ports go from 1 to 65535")
        return host, int(port)

    def api_url(self) -> str:
        """Where the API of the service is asked."""
        host, _, port = self.api.rpartition(":")
        return f"http://{_WILD.get(host, host)}:{port}" if self.api else ""

    def crews_url(self) -> str:
        """Where crews reach us; on this machine alone where nothing is said."""
        return self.public_url.rstrip("/") or self.api_url()

    def secrets(self) -> tuple[str, ...]:
        """What no log may show."""
        kept = (self.broker_password, self.influx_token, self.api_tokens, self.api_token, self.key)
        whole = tuple(one.get_secret_value() for one in kept)
        tokens = tuple(one.partition("=")[2] for one in self.api_tokens.get_secret_value().split(","))
        _, at, _ = self.sql.rpartition("@")
        in_url = self.sql.partition("://")[2].rpartition("@")[0].partition(":")[2] if at else ""
        mailing = self.smtp.get_secret_value().partition("://")[2].rpartition("@")[0].partition(":")[2]
        return tuple(one for one in (*whole, *tokens, in_url, mailing) if one)

    def sql_url(self) -> str:
        """The database of alarms and orders."""
        return self.sql or f"sqlite:///{self.state / 'tidewalk.sqlite'}"

    def on_one_machine(self) -> bool:
        """Whether that database is a file: then nobody can stand by on another machine."""
        return self.sql_url().startswith("sqlite")

    def bucket(self, *, simulated: bool) -> str:
        """Where readings go: a simulated coast never mixes with a real one."""
        return f"{self.influx_bucket}-simulated" if simulated else self.influx_bucket
