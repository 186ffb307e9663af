"""The request signature of workspace key and secret. Pure.

String to sign and encoding follow the official SDK; vectors: ``contract/vectors/hmac_python.json``.
"""

import base64
import hashlib
import hmac
import time

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(epoch_s: float) -> str:
    """Return the value of a ``Date`` header, such as ``Tue, 03 Jun 2025 10:00:00 GMT``.

    Written out by hand: ``strftime`` would use the names of the process locale.
    """
    t = time.gmtime(epoch_s)
    day, month = _DAYS[t.tm_wday], _MONTHS[t.tm_mon - 1]
    return f"{day}, {t.tm_mday:02} {month} {t.tm_year:04} {t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02} GMT"


def sign(secret: str, method: str, target: str, body: bytes, content_type: str, date: str) -> str:
    """Return the base64 signature of one request.

    Args:
        secret: workspace secret.
        method: HTTP method, upper case.
        target: path and query exactly as they travel, percent-encoded, with the path prefix of the base URL.
        body: the bytes that are sent; empty for GET and for DELETE without payload.
        content_type: value of the ``Content-Type`` header.
        date: value of the ``Date`` header.
    """
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest() if body else ""
    text = f"{method}\n{digest}\n{content_type}\n{date}\n{target}"
    mac = hmac.digest(secret.encode(), text.encode(), "sha256")
    return base64.b64encode(mac).decode("ascii")
