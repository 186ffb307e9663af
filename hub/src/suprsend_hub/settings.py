"""Every setting of the hub, declared once: name, type, default, unit, help.

Values come from the environment (`SUPRSEND_HUB_…`); a secret may also come from a file named by `…_FILE`.
"""

import os
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "SUPRSEND_HUB_"
DEFAULT_PORT = 7877
"""7877 spells SUPR on a telephone keypad."""
_MAX_POOL = 200
_CONNECTIONS_BESIDE_LANES = 2
"""One for reads, and one for credentials and readiness."""


class _SecretFiles(PydanticBaseSettingsSource):
    """Reads a setting from the file that `SUPRSEND_HUB_<NAME>_FILE` names: for secrets outside the environment."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - base signature
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        return (Path(path).read_text(encoding="utf-8").strip() if path else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name in self.settings_cls.model_fields:
            value, key, _ = self.get_field_value(None, name)
            if value is not None:
                values[key] = value
        return values


class Settings(BaseSettings):
    """Settings of one hub process."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    database_url: SecretStr | None = Field(
        default=None, description="PostgreSQL 16 or later, postgresql://user:password@host/database."
    )
    master_key: SecretStr | None = Field(
        default=None,
        description="Encrypts workspace secrets at rest; `suprsend-hub master-key` prints a new one. "
        "Several, separated by commas: the first encrypts, all decrypt.",
    )
    pool_size: int = Field(
        default=8,
        ge=3,
        le=_MAX_POOL,
        description="Connections to PostgreSQL per worker: at least two more than lanes.",
    )
    lanes: int = Field(
        default=3, ge=1, le=32, validate_default=True, description="Concurrent write transactions per worker."
    )
    max_queued_edits: int = Field(
        default=20_000, ge=1, description="Edits that may wait per worker before the hub answers 503."
    )
    database_patience_s: float = Field(
        default=15.0,
        ge=0,
        description="Seconds a write of the API waits for a database that does not answer, before 503.",
    )
    head_timeout_s: float = Field(
        default=10.0,
        ge=0.1,
        le=600,
        description="Seconds that the head of a request has to arrive, and that a connection may be idle.",
    )
    request_timeout_s: float = Field(
        default=30.0, gt=0, le=60, description="Seconds that the body of a request has to arrive."
    )
    write_timeout_s: float = Field(
        default=15.0,
        ge=0.1,
        le=600,
        description="Seconds after which a connection is closed whose client does not read its answers (on Linux).",
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/]+(/[^\s]*)?$",
        description="Address at which clients reach the hub, shown in the console. With https://, the console's "
        "cookies travel over TLS only.",
    )
    allowed_hosts: str = Field(
        default="",
        description="Host names that the hub answers under, separated by commas; empty for any. The "
        "name in the public URL is always one of them.",
    )
    history_days: int = Field(
        default=90,
        ge=1,
        description="Days that `suprsend-hub db clean` keeps history; at least 1, for deduplication.",
    )
    rejected_days: int = Field(
        default=30, ge=1, description="Days that `suprsend-hub db clean` keeps rejected records."
    )
    audit_days: int = Field(default=365, ge=1, description="Days that `suprsend-hub db clean` keeps audit entries.")
    trusted_proxies: str = Field(
        default="",
        description="Addresses or networks of reverse proxies, separated by commas. The hub believes "
        "X-Forwarded-For and X-Forwarded-Host from these only.",
    )
    log_format: Literal["console", "json"] = Field(default="json", description="Format of the log on stderr.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Lowest level to log.")

    @field_validator("lanes")
    @classmethod
    def _leave_connections_to_reads(cls, lanes: int, info: ValidationInfo) -> int:
        room = info.data.get("pool_size", _MAX_POOL) - _CONNECTIONS_BESIDE_LANES  # missing if it is invalid itself
        if lanes > room:
            raise PydanticCustomError(
                "pool_too_small",
                "{lanes} concurrent write transactions need {needed} connections, so that reads have some: "
                "raise SUPRSEND_HUB_POOL_SIZE or lower this",
                {"lanes": lanes, "needed": lanes + _CONNECTIONS_BESIDE_LANES},
            )
        return lanes

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        parse_networks(value)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - base signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - base signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources in order: arguments, environment, `_FILE`."""
        return init_settings, env_settings, _SecretFiles(settings_cls)


def parse_networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the networks of a comma-separated list; ValueError, naming it, for an item that is not one."""
    return tuple(ip_network(item.strip()) for item in text.split(",") if item.strip())


def parse_hosts(text: str) -> tuple[str, ...]:
    """Return the host names of a comma-separated list."""
    return tuple(item.strip() for item in text.split(",") if item.strip())


@dataclass(frozen=True, slots=True)
class SettingLine:
    """A setting as `suprsend-hub settings` shows it."""

    name: str
    value: str
    origin: str
    description: str


def describe(settings: Settings) -> list[SettingLine]:
    """Return every setting with its value (secrets hidden) and its source."""
    lines = []
    for field_name, field in Settings.model_fields.items():
        name = PREFIX + field_name.upper()
        value = getattr(settings, field_name)
        shown = "(hidden)" if isinstance(value, SecretStr) else "" if value is None else str(value)
        if name in os.environ:
            origin = "environment"
        elif f"{name}_FILE" in os.environ:
            origin = f"file {os.environ[f'{name}_FILE']}"
        else:
            origin = "default"
        lines.append(SettingLine(name, shown, origin, field.description or ""))
    return lines
