"""The SSLContext of a client's connections."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, cast

import httpcore2

from suprsend._certificates import authorities, is_context
from suprsend._errors import SuprsendConfigError

if TYPE_CHECKING:
    from suprsend._certificates import Verify


def ssl_context(verify: Verify) -> ssl.SSLContext:
    """Return the context that trusts what the caller or the environment says, else what the system trusts.

    Raises:
        SuprsendConfigError: the certificates do not exist or cannot be read.
    """
    if is_context(verify):
        return cast("ssl.SSLContext", verify)
    named = authorities(verify)
    if named is None:
        return httpcore2.default_ssl_context()
    try:
        return ssl.create_default_context(cafile=named.cafile, capath=named.capath)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        path = named.cafile or named.capath
        raise SuprsendConfigError(
            f"no certificates found: {path}, set by {named.source}, does not contain certificates in PEM format"
        ) from error
