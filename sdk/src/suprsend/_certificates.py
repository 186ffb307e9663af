"""Choose the certificate authorities to trust. Reads the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from suprsend._errors import SuprsendConfigError

if TYPE_CHECKING:
    from ssl import SSLContext

    # What to trust: a file, a folder, or an SSLContext. None means what the environment or the system says.
    Verify = str | os.PathLike[str] | SSLContext | None


@dataclass(frozen=True, slots=True)
class Authorities:
    """Certificate authorities that are trusted instead of those of the system.

    Attributes:
        cafile, capath: a file, a folder, or both.
        source: where they come from, for messages.
    """

    cafile: str | None
    capath: str | None
    source: str


def authorities(verify: Verify) -> Authorities | None:
    """Return the authorities to trust, or None for those of the system.

    In this order: the argument; ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``, as everything on OpenSSL reads them;
    ``REQUESTS_CA_BUNDLE``, ``CURL_CA_BUNDLE``, as the official SDK does.

    Args:
        verify: not an SSLContext.

    Raises:
        SuprsendConfigError: the argument is of another kind, or a file or folder does not exist.
    """
    if verify is not None:
        if not isinstance(verify, (str, os.PathLike)):
            raise SuprsendConfigError(
                "verify must be the path of a file or folder with certificates, or an ssl.SSLContext"
            )
        return _of_path(os.fspath(verify), "the argument verify")
    file, folder = (os.environ.get(name, "").strip() for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"))
    if file or folder:
        of_file = _of_path(file, "the environment variable SSL_CERT_FILE") if file else None
        of_folder = _of_path(folder, "the environment variable SSL_CERT_DIR") if folder else None
        source = " and ".join(found.source for found in (of_file, of_folder) if found)
        return Authorities(file or None, folder or None, source)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        path = os.environ.get(name, "").strip()
        if path:
            return _of_path(path, f"the environment variable {name}")
    return None


def check_verify(verify: Verify) -> None:
    """Raise SuprsendConfigError if the certificates do not exist."""
    if not is_context(verify):
        authorities(verify)


def is_context(verify: object) -> bool:
    """Tell whether the argument is an SSLContext, or one of the classes that replace it."""
    return hasattr(verify, "wrap_socket")


def _of_path(path: str, source: str) -> Authorities:
    folder = os.path.isdir(path)  # noqa: PTH112  # pathlib costs 3 ms of import
    if not folder and not os.path.exists(path):  # noqa: PTH110
        raise SuprsendConfigError(f"certificates not found: {path}, set by {source}, does not exist")
    return Authorities(None if folder else path, path if folder else None, source)
