"""Parse the URL of the database, in the forms that providers print.

No message repeats any part of the URL: if a special character of the password was not percent-encoded, any part may be
a piece of the password. Messages name only known parameters.
"""

import getpass
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import unquote

from suprsend_hub.domain.codes import Code
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.store.tls import TlsOptions

SETTING = "SUPRSEND_HUB_DATABASE_URL"
_EXAMPLE = "postgresql://user:password@host:5432/database"
_ENCODE = (
    "special characters of the password must be percent-encoded, such as # as %23, / as %2F, ? as %3F and % as %25"
)
_DEFAULT_PORT = 5432
_DEFAULT_HOST = "/var/run/postgresql"
"""The directory of the server's unix socket in distributions."""
_CONNECT_S = 8
"""Seconds to connect unless `connect_timeout` says otherwise: less than a request waits for a connection."""
_MAX_CONNECT_S = 300

_READ = frozenset({
    "host", "port", "user", "password", "dbname", "sslmode", "ssl", "sslrootcert", "sslcert", "sslkey", "sslpassword",
    "sslcrl", "sslnegotiation", "ssl_min_protocol_version", "ssl_max_protocol_version", "connect_timeout",
    "application_name", "options", "target_session_attrs", "krbsrvname",
})  # fmt: skip
_IGNORED = frozenset({
    # of libpq, without a meaning for other drivers
    "channel_binding", "client_encoding", "fallback_application_name", "gssencmode", "gssdelegation", "gsslib",
    "keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval", "load_balance_hosts", "sslcertmode",
    "sslcompression", "sslsni", "tcp_user_timeout", "min_protocol_version", "max_protocol_version",
    # of other programs, which providers append for them
    "connection_limit", "max_pool_size", "pgbouncer", "pool_mode", "pool_size", "pool_timeout", "prepare_threshold",
    "prepareThreshold", "prepared_statement_cache_size", "socket_timeout", "sslaccept", "statement_cache_size", "supa",
    "uselibpqcompat",
})  # fmt: skip
_REFUSED = {
    "service": "give host, user and database in the URL; no service file is read",
    "servicefile": "give host, user and database in the URL; no service file is read",
    "passfile": f"give the password in the URL; {SETTING}_FILE can name a file that contains it",
    "hostaddr": "give the address as the host",
    "replication": "the hub needs an ordinary connection",
    "require_auth": "the hub cannot require an authentication method; leave it out",
    "requirepeer": "the hub cannot check the server's user; leave it out",
    "schema": "give it as options=-csearch_path%3DNAME",
    "search_path": "give it as options=-csearch_path%3DNAME",
    "statement_timeout": "give it as options=-cstatement_timeout%3DMILLISECONDS",
}
_SESSION_ATTRS = ("any", "read-write", "primary")


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """How to reach the database. The repr shows no part of the URL.

    `ignored`: known parameters of the URL that the hub ignores, for a warning.
    """

    hosts: tuple[tuple[str, int], ...] = field(repr=False)
    user: str = field(repr=False)
    password: str = field(repr=False)
    database: str = field(repr=False)
    tls: TlsOptions = field(repr=False)
    application_name: str = field(repr=False)
    options: str | None = field(repr=False)
    connect_timeout_s: float
    target_session_attrs: str
    kerberos_service: str = field(repr=False)
    ignored: tuple[str, ...]


def parse_address(url: str) -> DatabaseAddress:
    """Return the address in a URL. InvalidRequest says what is wrong and what to do, and repeats no part of the URL."""
    authority, path, query = _split(url.strip())
    parameters, ignored = _parameters(query)
    credentials, _, host_list = authority.rpartition("@")  # a host contains no @, so an @ in the password does no harm
    user, _, password = credentials.partition(":")
    database = parameters.get("dbname") or _decoded(path)
    if not database:
        _refuse(f"names no database; write it as in {_EXAMPLE}")
    hosts = _hosts(parameters.get("host") or "", host_list, parameters.get("port") or "")
    return DatabaseAddress(
        hosts=hosts,
        user=parameters.get("user") or _decoded(user) or _system_user(),
        password=parameters.get("password") or _decoded(password),
        database=database,
        tls=_tls(parameters, has_network=any(not host.startswith("/") for host, _ in hosts)),
        application_name=parameters.get("application_name") or "suprsend-hub",
        options=parameters.get("options"),
        connect_timeout_s=_connect_timeout_s(parameters.get("connect_timeout")),
        target_session_attrs=_session_attrs(parameters.get("target_session_attrs"), several=len(hosts) > 1),
        kerberos_service=parameters.get("krbsrvname") or "postgres",
        ignored=ignored,
    )


def _refuse(what: str) -> NoReturn:
    raise InvalidRequest(f"{SETTING} {what}", code=Code.INVALID_DATABASE_URL)


def _split(url: str) -> tuple[str, str, str]:
    """Return authority, path without its slash, and query."""
    if not url:
        _refuse(f"is empty; write it as in {_EXAMPLE}")
    if {url[0], url[-1]} & {'"', "'"}:
        _refuse("has quotes around it; remove them")
    if any(char.isspace() or not char.isprintable() for char in url):
        _refuse(f"contains a space or a control character; write it as in {_EXAMPLE}, with %20 for a space")
    scheme, separator, rest = url.partition("://")
    # Other programs name their driver in the scheme: postgresql+asyncpg.
    if not separator or scheme.lower().partition("+")[0] not in ("postgresql", "postgres"):
        _refuse(f"must begin with postgresql://, as in {_EXAMPLE}")
    if "#" in rest:
        _refuse(f"contains a #: {_ENCODE}")
    match = re.fullmatch(r"([^/?]*)(?:/([^?]*))?(?:\?(.*))?", rest)
    assert match is not None  # every text matches
    authority, path, query = (part or "" for part in match.groups())
    if "@" in path or "/" in path:
        _refuse(f"contains a / before its @, or more than one path: {_ENCODE}")
    return authority, path, query


def _decoded(text: str) -> str:
    """Return a part of the URL without its percent-encoding."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        _refuse(f"contains a % that does not begin a percent-encoding: {_ENCODE}")
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        decoded = "\0"
    if "\0" in decoded:
        _refuse("contains a percent-encoding that is not UTF-8 text")
    return decoded


def _parameters(query: str) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Return the parameters that the hub uses, and the names of those that it ignores."""
    read: dict[str, str] = {}
    ignored: list[str] = []
    for number, pair in enumerate(query.split("&"), start=1):
        if not pair:  # as after a trailing &, which libpq accepts
            continue
        name, separator, value = pair.partition("=")
        if name in _READ and separator:
            read[name] = _decoded(value)
        elif name in _IGNORED:
            if (name, value) == ("gssencmode", "require"):
                _refuse("has gssencmode=require: the hub encrypts with TLS only; use sslmode instead")
            ignored.append(name)
        elif name in _REFUSED:
            _refuse(f"has the parameter {name}: {_REFUSED[name]}")
        else:
            _refuse(
                f"has an unknown parameter, number {number} after the ?; leave it out. "
                f"If it is part of the password: {_ENCODE}. Known parameters: {', '.join(sorted(_READ))}"
            )
    return read, tuple(ignored)


def _system_user() -> str:
    """Return the user who runs the hub, for servers that ask the system who connects (`peer`)."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # in a container, the user may have no name
        _refuse(f"names no user; write it as in {_EXAMPLE}")


def _hosts(host_parameter: str, authority: str, port_parameter: str) -> tuple[tuple[str, int], ...]:
    """Return hosts with their ports: from the parameters if given, as in libpq, else from the authority."""
    given = [(host, "") for host in host_parameter.split(",")] if host_parameter else _host_list(authority)
    ports = port_parameter.split(",") if port_parameter else [port for _, port in given]
    if len(ports) == 1:
        ports *= len(given)
    if len(ports) != len(given):
        _refuse("has a different number of ports than of hosts")
    return tuple((host or _DEFAULT_HOST, _port(port)) for (host, _), port in zip(given, ports, strict=True))


def _host_list(authority: str) -> list[tuple[str, str]]:
    found = []
    for part in authority.split(","):
        match = re.fullmatch(r"(?:\[([^\[\]]*)\]|([^:\[\]]*))(?::([^:]*))?", part)
        if match is None:
            _refuse(f"has a host that cannot be read; put an IPv6 address in brackets, as in [::1]:5432; {_ENCODE}")
        found.append((_decoded(match[1] or match[2] or ""), match[3] or ""))
    return found


def _port(text: str) -> int:
    if not text:
        return _DEFAULT_PORT
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65_535:
        _refuse(f"has a port that is not a number from 1 to 65535; {_ENCODE}, and : as %3A")
    return int(text)


def _connect_timeout_s(text: str | None) -> float:
    if text is None:
        return _CONNECT_S
    if not re.fullmatch(r"[0-9]{1,9}", text):
        _refuse("has a connect_timeout that is not a whole number of seconds")
    return min(int(text), _MAX_CONNECT_S) or _MAX_CONNECT_S  # 0 means no limit


def _session_attrs(text: str | None, *, several: bool) -> str:
    """Return which host to use: of several, the one that accepts writes."""
    if text is not None and text not in _SESSION_ATTRS:
        _refuse(f"has a target_session_attrs that does not suit the hub, which writes; use {', '.join(_SESSION_ATTRS)}")
    return text or ("read-write" if several else "any")


def _tls(parameters: Mapping[str, str], *, has_network: bool) -> TlsOptions:
    mode = parameters.get("sslmode") or parameters.get("ssl") or "prefer"
    try:
        options = TlsOptions(
            mode={"true": "require", "1": "require", "false": "disable", "0": "disable", "no-verify": "require"}.get(
                mode.lower(), mode
            ),
            root_file=parameters.get("sslrootcert"),
            certificate_file=parameters.get("sslcert"),
            key_file=parameters.get("sslkey"),
            key_password=parameters.get("sslpassword") or "",
            revocation_file=parameters.get("sslcrl"),
            oldest=parameters.get("ssl_min_protocol_version") or "TLSv1.2",
            newest=parameters.get("ssl_max_protocol_version"),
            negotiation=parameters.get("sslnegotiation") or "postgres",
        )
        options.check()
    except ValueError as error:
        _refuse(str(error))
    return options if has_network else TlsOptions(mode="disable")
