"""TLS to the database: turn libpq's `ssl…` parameters into an SSL context.

Only the URL counts: `PGSSL…` variables and files in `~/.postgresql` are not read.
"""

import ssl
from dataclasses import dataclass, field

MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
_SYSTEM = "system"
"""Value of `sslrootcert` for the certificate authorities that the operating system trusts."""


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """The TLS parameters of a URL. `allow` counts as `prefer`, because both accept what the server offers."""

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
        """Raise ValueError for values that are impossible. It names the parameter and not its value."""
        if self.mode not in MODES:
            raise ValueError(f"has an unknown sslmode; use {', '.join(MODES)}")
        if self.negotiation not in ("postgres", "direct"):
            raise ValueError("has an unknown sslnegotiation; use postgres or direct")
        if self.negotiation == "direct" and not self.is_required:
            raise ValueError("has sslnegotiation=direct, which needs sslmode=require, verify-ca or verify-full")
        if self.oldest not in _VERSIONS or (self.newest or self.oldest) not in _VERSIONS:
            raise ValueError(f"has an unknown TLS version; use {', '.join(_VERSIONS)}")
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
        """Tell whether connections without TLS are refused."""
        return self.mode in ("require", "verify-ca", "verify-full")

    @property
    def is_direct(self) -> bool:
        """Tell whether TLS begins with the first byte."""
        return self.negotiation == "direct"

    def context(self) -> ssl.SSLContext:
        """Return a context for one connection. Files are read again each time, because short-lived certificates change.

        Raises ValueError, which names the parameter, for a file that cannot be used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = self.mode == "verify-full"
        context.verify_mode = ssl.CERT_REQUIRED if self.root_file and self.is_required else ssl.CERT_NONE
        context.minimum_version = _version(self.oldest)
        if self.newest:
            context.maximum_version = _version(self.newest)
        context.set_alpn_protocols(["postgresql"])  # required by direct negotiation
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
        except OSError as error:  # ssl.SSLError is an OSError
            raise ValueError(f"{loading} cannot be used: {error.strerror or error}") from error
        return context


def _version(name: str) -> ssl.TLSVersion:
    return ssl.TLSVersion[name.replace(".", "_")]
