"""Every setting, read from the environment and ``.env``, checked before anything starts."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from db.engine import checked_url
from portfolio.errors import AlphaFlowError, InvalidValue

SHORTEST_KEY = 16


class InvalidSettings(AlphaFlowError):
    """One or more settings can't be used.

    Args:
        problems: one line each: the variable, what it holds, what is allowed.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__(problems)
        self.problems = problems

    def __str__(self) -> str:
        return "; ".join(self.problems)


class Settings(BaseSettings):
    """The settings of one process; names are the environment variables in lower case."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    alpaca_api_key: SecretStr | None = Field(None, description="Alpaca key id")
    alpaca_secret_key: SecretStr | None = Field(None, description="Alpaca secret key")
    alpaca_paper: bool = Field(default=True, description="paper trading instead of real money")
    alpaca_feed: Literal["iex", "sip"] = Field("iex", description="stock feed of the plan")
    alpaca_base_url: str | None = Field(
        None, description="an exchange that speaks Alpaca's protocol, all on one port"
    )
    database_url: str | None = Field(None, description="default: SQLite in DATA_DIR")
    data_dir: Path = Field(Path("var"), description="everything that is stored")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8050, ge=0, le=65535, description="port to listen on; 0: any free one")
    secret_key: SecretStr | None = Field(None, description="default: made once, in DATA_DIR")
    credentials_key: SecretStr | None = Field(
        None, description="encrypts broker keys; default: made once, in DATA_DIR"
    )
    enable_realtime_portfolio: bool = Field(default=True, description="off: pages poll")
    batch_window_ms: int = Field(250, ge=50, le=5000, description="positions move this often")
    max_connections_per_user: int = Field(5, ge=1, le=1000)
    max_total_connections: int = Field(100, ge=1, le=20_000)
    heartbeat_interval_s: float = Field(15.0, gt=0, le=300)
    heartbeat_timeout_s: float = Field(30.0, gt=0, le=600)
    symbol_budget: int = Field(
        30, ge=1, le=100_000, description="symbols streamed per account; the rest over REST"
    )
    allowed_origins: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(), description="origins beside the host's own, comma separated"
    )
    tape: Path | None = Field(None, description="a tape to replay instead of the synthetic market")
    tape_speed: str = Field("1", description="a factor such as 1 or 60, or max")
    exchange_seed: int = Field(7, description="seed of the synthetic market")
    exchange_rate: int = Field(
        60, ge=1, le=100_000, description="the synthetic market's ticks per second, all symbols"
    )
    demo_password: SecretStr | None = Field(None, description="default: made at start, printed")
    secure_cookies: bool = Field(default=False, description="on when served over TLS")
    trusted_proxies: int = Field(
        0, ge=0, le=10, description="proxies in front that append X-Forwarded-* headers"
    )
    login_attempts_per_minute: int = Field(10, ge=1, le=10_000)
    log_format: Literal["console", "json"] = Field("console")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info")

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return frozenset(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, value: frozenset[str]) -> frozenset[str]:
        for origin in value:
            parts = urlsplit(origin)
            if parts.scheme not in ("http", "https") or not parts.netloc or parts.path:
                raise ValueError(f"{origin!r} is no origin such as https://desk.example")
        return value

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str | None) -> str | None:
        try:
            return value and str(checked_url(value).render_as_string(hide_password=False))
        except InvalidValue as problem:
            raise ValueError(f"allowed: {problem.allowed}") from None

    @field_validator("secret_key", "credentials_key")
    @classmethod
    def _hard_to_guess(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < SHORTEST_KEY:
            raise ValueError(f"allowed: at least {SHORTEST_KEY} characters")
        return value

    @field_validator("tape")
    @classmethod
    def _tape(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"no such file: {value}")
        return value

    @field_validator("tape_speed")
    @classmethod
    def _speed(cls, value: str) -> str:
        try:
            usable = value == "max" or 0 < float(value) <= 1_000_000
        except ValueError:
            usable = False
        if not usable:
            raise ValueError("allowed: a factor above 0 such as 1 or 60, or max")
        return value

    @field_validator("demo_password")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 4:
            raise ValueError("allowed: at least 4 characters")
        return value

    @model_validator(mode="after")
    def _together(self) -> Settings:
        if (self.alpaca_api_key is None) != (self.alpaca_secret_key is None):
            raise ValueError("ALPACA_API_KEY and ALPACA_SECRET_KEY go together: set both or none")
        if self.heartbeat_timeout_s <= self.heartbeat_interval_s:
            raise ValueError("HEARTBEAT_TIMEOUT_S must be above HEARTBEAT_INTERVAL_S")
        return self

    @property
    def given_demo_password(self) -> str | None:
        """Return DEMO_PASSWORD, None when it is not set."""
        return None if self.demo_password is None else self.demo_password.get_secret_value()

    @property
    def embedded_exchange(self) -> bool:
        """Say whether AlphaFlow runs its own exchange: no Alpaca keys are set."""
        return self.alpaca_api_key is None

    @property
    def feed_name(self) -> str:
        """Return where prices come from, for people."""
        if not self.embedded_exchange:
            return self.alpaca_feed
        return "synthetic" if self.tape is None else "tape"

    @property
    def database(self) -> str:
        """Return the database's URL."""
        return self.database_url or f"sqlite:///{self.stored('alphaflow').resolve()}"

    def stored(self, name: str) -> Path:
        """Return the file in DATA_DIR for ``name``; a tape's world is kept apart from the other."""
        return self.data_dir / (f"{name}.db" if self.tape is None else f"{name}-tape.db")

    def stored_secret(self, name: Literal["secret_key", "credentials_key"]) -> str:
        """Return a secret setting, or the one made on first use and kept in DATA_DIR."""
        given: SecretStr | None = getattr(self, name)
        if given is not None:
            return given.get_secret_value()
        path = self.data_dir / f"{name}.txt"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(32))
        return path.read_text().strip()


def read_settings() -> Settings:
    """Return the settings in force.

    Raises:
        InvalidSettings: naming every variable that is wrong, what it holds and what is allowed.
    """
    try:
        return Settings()  # type: ignore[call-arg]
    except ValidationError as error:
        raise InvalidSettings(tuple(_line(each) for each in error.errors())) from None


def shown(settings: Settings) -> list[str]:
    """Return ``NAME=value`` for every setting, secrets masked."""
    lines = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if name == "database_url" and value is not None:
            value = checked_url(value).render_as_string(hide_password=True)
        if isinstance(value, frozenset):
            value = ",".join(sorted(value))
        lines.append(f"{name.upper()}={'' if value is None else value}")
    return lines


def _line(problem: object) -> str:
    assert isinstance(problem, dict)  # noqa: S101 - narrows pydantic's TypedDict
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not problem["loc"]:
        return message
    name = str(problem["loc"][0]).upper()
    secret = any(word in name for word in ("KEY", "PASSWORD", "DATABASE_URL"))
    got = "" if secret else f"={problem.get('input')}"
    return f"{name}{got}: {message}"
