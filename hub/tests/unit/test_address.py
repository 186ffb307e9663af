"""The URL of the database, as providers print it and as people get it wrong."""

import pytest
from suprsend_hub.domain.errors import InvalidRequest
from suprsend_hub.store.address import DatabaseAddress, parse_address
from suprsend_hub.store.tls import TlsOptions


def parts(address: DatabaseAddress) -> tuple[object, ...]:
    return address.hosts, address.user, address.password, address.database


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@h/d", ((("h", 5432),), "u", "p", "d")),
        ("postgres://u:p@h:6543/d", ((("h", 6543),), "u", "p", "d")),
        ("  postgresql+asyncpg://u:p@h/d\n", ((("h", 5432),), "u", "p", "d")),
        ("postgresql+psycopg2://u:p@h/d", ((("h", 5432),), "u", "p", "d")),
        ("POSTGRESQL://u:p@h/d", ((("h", 5432),), "u", "p", "d")),
        ("postgresql://u:p@[::1]:5433/d", ((("::1", 5433),), "u", "p", "d")),
        ("postgresql://u:p@[fe80::1%25eth0]/d", ((("fe80::1%eth0", 5432),), "u", "p", "d")),
        ("postgresql://u:p@a:1,[::2],c:3/d", ((("a", 1), ("::2", 5432), ("c", 3)), "u", "p", "d")),
        ("postgresql://u:p@a,b/d?port=7", ((("a", 7), ("b", 7)), "u", "p", "d")),
        ("postgresql://u:p@/d?host=/tmp/socket%20dir", ((("/tmp/socket dir", 5432),), "u", "p", "d")),
        ("postgresql://%2Frun%2Fpg/d?user=u&password=p&port=7", ((("/run/pg", 7),), "u", "p", "d")),
        ("postgresql://u:p@/d?host=a,b&port=1,2", ((("a", 1), ("b", 2)), "u", "p", "d")),
        ("postgresql://h?user=u@tenant&password=p%26%3D&dbname=d", ((("h", 5432),), "u@tenant", "p&=", "d")),
        ("postgresql://u:p%40%2F%23%3Fß@h/d%C3%BC", ((("h", 5432),), "u", "p@/#?ß", "dü")),
        ("postgresql://u:p@ss:word@h/d", ((("h", 5432),), "u", "p@ss:word", "d")),
        ("postgresql://u:p@h/d?port=7&", ((("h", 7),), "u", "p", "d")),
        ("postgresql://u:p@h/d?&port=7&&dbname=e", ((("h", 7),), "u", "p", "e")),
        ("postgresql://u@/d", ((("/var/run/postgresql", 5432),), "u", "", "d")),
    ],
)
def test_an_address_is_read_however_it_is_written(url: str, expected: tuple[object, ...]) -> None:
    assert parts(parse_address(url)) == expected


PROVIDERS = {
    "Neon": "postgresql://u:p@ep-a-1.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require",
    "Supabase session pooler": "postgresql://postgres.ref:p@aws-0-eu.pooler.supabase.com:5432/postgres?pgbouncer=true",
    "Prisma": "postgresql://u:p@h/d?connection_limit=5&pool_timeout=2&sslaccept=strict",
    "Heroku, node": "postgres://u:p@h/d?sslmode=no-verify",
    "Rails": "postgresql://u:p@h/d?connect_timeout=10&application_name=hub",
    "SQLAlchemy": "postgresql+asyncpg://u:p@h/d?ssl=require",
    "DigitalOcean": "postgresql://doadmin:p@db.ondigitalocean.com:25060/defaultdb?sslmode=require",
    "Neon endpoint": "postgresql://u:p@h/d?options=endpoint%3Dep-cool-1&sslmode=require",
    "keepalive": "postgresql://u:p@h/d?keepalives=1&keepalives_idle=30&tcp_user_timeout=5",
}


@pytest.mark.parametrize("url", PROVIDERS.values(), ids=PROVIDERS)
def test_what_providers_print_is_taken(url: str) -> None:
    """Each is copied from a console or a manual; nothing of it stops the hub."""
    assert parse_address(url).database


def test_parameters_are_translated_and_the_meaningless_ones_are_named() -> None:
    address = parse_address(
        "postgresql://u:p@h/d?connect_timeout=3&application_name=my%20hub&options=-csearch_path%3Dhub"
        "&target_session_attrs=primary&pgbouncer=true&channel_binding=require&krbsrvname=pg"
    )
    assert (address.connect_timeout_s, address.application_name, address.options) == (3, "my hub", "-csearch_path=hub")
    assert (address.target_session_attrs, address.kerberos_service) == ("primary", "pg")
    assert address.ignored == ("pgbouncer", "channel_binding")


def test_of_several_hosts_the_one_that_takes_writes_is_wanted() -> None:
    assert parse_address("postgresql://u@a,b/d").target_session_attrs == "read-write"
    assert parse_address("postgresql://u@a/d").target_session_attrs == "any"
    assert parse_address("postgresql://u@a,b/d?target_session_attrs=any").target_session_attrs == "any"


def test_tls_is_what_the_url_says() -> None:
    given = parse_address("postgresql://u@h/d?sslmode=verify-full&sslrootcert=/r&sslcert=/c&sslkey=/k&sslcrl=/l").tls
    assert given == TlsOptions("verify-full", "/r", "/c", "/k", "", "/l")
    assert parse_address("postgresql://u@h/d").tls.mode == "prefer"
    assert parse_address("postgresql://u@h/d?ssl=true").tls.mode == "require"
    assert parse_address("postgresql://u@/d?host=/tmp&sslmode=require").tls.mode == "disable"  # no TLS over a socket


SECRET = "s3cr", "T0ken"
"""Pieces of a password: none of them may show, wherever a special character has put them."""
WRONG = {
    "nothing": ("", "is empty"),
    "keywords": ("host=h user=u password=s3crT0ken", "a space"),
    "keywords without spaces": ("password=s3crT0ken", "postgresql://"),
    "mysql": ("mysql://u:s3crT0ken@h/d", "postgresql://"),
    "jdbc": ("jdbc:postgresql://h/d?user=u&password=s3crT0ken", "postgresql://"),
    "a path": ("/s3cr/T0ken", "postgresql://"),
    "double quotes": ('"postgresql://u:s3crT0ken@h/d"', "quotes"),
    "single quotes": ("'postgresql://u:s3crT0ken@h/d'", "quotes"),
    "hash": ("postgresql://u:s3cr#T0ken@h/d", "%23"),
    "slash": ("postgresql://u:s3cr/T0ken@h/d", "%2F"),
    "slash after digits": ("postgresql://u:12/s3crT0ken@h/d", "%2F"),
    "question mark": ("postgresql://u:s3cr?T0ken@h/d", "%3F"),
    "question mark, ampersand": ("postgresql://u:s3cr?T0ken=1&s3cr=2@h/d", "%3F"),
    "per cent": ("postgresql://u:s3cr%T0ken@h/d", "%25"),
    "not UTF-8": ("postgresql://u:s3cr%ffT0ken@h/d", "UTF-8"),
    "NUL": ("postgresql://u:s3cr%00T0ken@h/d", "UTF-8"),
    "space": ("postgresql://u:s3cr T0ken@h/d", "a space"),
    "new line": ("postgresql://u:s3cr\nT0ken@h/d", "a space"),
    "bracket": ("postgresql://u:p@s3cr[T0ken/d", "brackets"),
    "bare IPv6": ("postgresql://u:s3crT0ken@::1/d", "brackets"),
    "port": ("postgresql://u:s3crT0ken@h:T0ken/d", "a port"),
    "port 0": ("postgresql://u:s3crT0ken@h:0/d", "a port"),
    "port 65536": ("postgresql://u:s3crT0ken@h:65536/d", "a port"),
    "ports": ("postgresql://u:s3crT0ken@a,b,c/d?port=1,2", "ports"),
    "no database": ("postgresql://u:s3crT0ken@h", "no database"),
    "no database, slash": ("postgresql://u:s3crT0ken@h/", "no database"),
    "unknown parameter": ("postgresql://u:p@h/d?sslmode=require&s3cr=T0ken", "number 2"),
    "sslmode": ("postgresql://u:p@h/d?sslmode=s3crT0ken", "sslmode"),
    "sslmode without root": ("postgresql://u:s3crT0ken@h/d?sslmode=verify-full", "sslrootcert=system"),
    "system without verify-full": ("postgresql://u:s3crT0ken@h/d?sslmode=require&sslrootcert=system", "verify-full"),
    "sslkey alone": ("postgresql://u:p@h/d?sslkey=s3crT0ken", "sslcert"),
    "negotiation": ("postgresql://u:p@h/d?sslnegotiation=s3crT0ken", "sslnegotiation"),
    "direct and prefer": ("postgresql://u:s3crT0ken@h/d?sslnegotiation=direct", "sslmode=require"),
    "TLS version": ("postgresql://u:p@h/d?ssl_min_protocol_version=s3crT0ken", "TLS version"),
    "time": ("postgresql://u:p@h/d?connect_timeout=s3crT0ken", "connect_timeout"),
    "standby": ("postgresql://u:s3crT0ken@h/d?target_session_attrs=standby", "target_session_attrs"),
    "service": ("postgresql://u:p@h/d?service=s3crT0ken", "service"),
    "passfile": ("postgresql://u:p@h/d?passfile=s3crT0ken", "_FILE"),
    "schema": ("postgresql://u:p@h/d?schema=s3crT0ken", "search_path"),
    "GSS": ("postgresql://u:s3crT0ken@h/d?gssencmode=require", "gssencmode"),
}  # fmt: skip


@pytest.mark.parametrize(("url", "hint"), WRONG.values(), ids=WRONG)
def test_a_wrong_url_is_refused_by_a_sentence_that_repeats_nothing_of_it(url: str, hint: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_address(url)
    message = caught.value.message
    assert message.startswith("SUPRSEND_HUB_DATABASE_URL ")
    assert hint in message
    shown = f"{message}{caught.value!r}{caught.value.__cause__!r}{caught.value.__context__!r}"
    for piece in SECRET:
        assert piece not in shown


def test_no_part_of_an_address_shows_in_its_repr() -> None:
    shown = repr(parse_address("postgresql://user9:s3crT0ken@host9/base9?sslmode=require&sslcert=/c9&sslpassword=w9"))
    for part in ("user9", "s3cr", "host9", "base9", "c9", "w9"):
        assert part not in shown
