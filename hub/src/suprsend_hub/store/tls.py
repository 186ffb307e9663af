"""TLS to the database: libpq's `ssl…` parameters as a context of Python's.

Only what the URL says counts: neither `PGSSL…` variables nor files in `~/.postgresql` are read.
"""

import ssl
from dataclasses import dataclass, field

MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_SYSTEM = "system"
"""As `sslrootcert`: the certificate authorities that the operating system trusts."""


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """What a URL says of TLS; `allow` counts as `prefer`, since either takes what the server offers."""

    mode: str
    root_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    key_password: str = field(default="", repr=False)
    revocation_file: str | None = None
    oldest: str = "TLSv1.2"
    newest: str | None = None
    negotiation: str = "postgres"

    def check(self) -> None:
        """Raise ValueError, naming the parameter and not its value, for what cannot be."""
        if self.mode not in MODES:
            raise ValueError(f"has an sslmode that does not exist: {', '.join(MODES)}")
        if self.negotiation not in ("postgres", "direct"):
            raise ValueError("has an sslnegotiation that does not exist: postgres, direct")
        if self.negotiation == "direct" and not self.is_required:
            raise ValueError("has sslnegotiation=direct, which needs sslmode=require, verify-ca or verify-full")
        if self.oldest not in _VERSIONS or (self.newest or self.oldest) not in _VERSIONS:
            raise ValueError(f"has a TLS version that does not exist: {', '.join(_VERSIONS)}")
        if self.mode.startswith("verify") and self.root_file is None:
            raise ValueError(
                f"has sslmode={self.mode} without sslrootcert: add sslrootcert=system for the authorities that the "
                "system trusts, or sslrootcert=FILE"
            )
        if self.root_file == _SYSTEM and self.mode != "verify-full":
            raise ValueError("has sslrootcert=system, which needs sslmode=verify-full")
        if self.key_file and not self.certificate_file:
            raise ValueError("has an sslkey without sslcert")

    @property
    def is_required(self) -> bool:
        """Whether a connection without TLS is out of the question."""
        return self.mode in ("require", "verify-ca", "verify-full")

    @property
    def is_direct(self) -> bool:
        """Whether TLS begins with the first byte."""
        return self.negotiation == "direct"

    def context(self) -> ssl.SSLContext:
        """A context for one connection: files are read anew, since short-lived certificates change.

        Raises ValueError, naming the parameter, for a file that cannot be used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = self.mode == "verify-full"
        context.verify_mode = ssl.CERT_REQUIRED if self.root_file and self.is_required else ssl.CERT_NONE
        context.minimum_version = _version(self.oldest)
        if self.newest:
            context.maximum_version = _version(self.newest)
        context.set_alpn_protocols(["postgresql"])  # what direct negotiation asks for
        loading = "sslrootcert"
        try:
            if self.root_file == _SYSTEM:
                context.load_default_certs()
            elif self.root_file:
                context.load_verify_locations(cafile=self.root_file)
            loading = "sslcrl"
            if self.revocation_file:
                context.load_verify_locations(cafile=self.revocation_file)
                context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
            loading = "sslcert and sslkey"
            if self.certificate_file:
                context.load_cert_chain(self.certificate_file, self.key_file, lambda: self.key_password)
        except OSError as error:  # ssl.SSLError is one
            raise ValueError(f"{loading} cannot be used: {error.strerror or error}") from error
        return context


def _version(name: str) -> ssl.TLSVersion:
    return ssl.TLSVersion[name.replace(".", "_")]
