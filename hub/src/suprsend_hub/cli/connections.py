"""How many connections a worker holds, how long one may be silent, and which protocol it speaks.

Granian stops accepting connections at a number of its own, health checks included. The defaults let 2,048 silent
connections reach it for good: waiting for the first byte, to tell HTTP/1 from HTTP/2, has no time limit.
"""

import resource

from granian.constants import HTTPModes
from granian.http import HTTP1Settings

HTTP = HTTPModes.http1
"""Nobody speaks HTTP/2 in the clear to a hub: official SDKs and proxies use HTTP/1.1."""
_MAX_HEAD_BYTES = 65_536
"""More than any SDK sends. Up to twice as much passes, because the server reads in steps that double."""
_MAX_CONNECTIONS = 16_384
_OTHER_FILES = 512
"""Files that a worker needs for other things: connections to PostgreSQL, its own sockets, modules."""
_FEWEST = 128


def http1_settings(head_timeout_s: float) -> HTTP1Settings:
    """Return limits for the head of a request. The time also ends connections that send nothing."""
    return HTTP1Settings(header_read_timeout=round(head_timeout_s * 1000), max_buffer_size=_MAX_HEAD_BYTES)


def allow_connections() -> int:
    """Allow this process and its workers as many open files as the system permits; return the connections per worker.

    A waiting connection costs a file descriptor and a few kilobytes.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_CONNECTIONS + _OTHER_FILES
    ceiling = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft != resource.RLIM_INFINITY and soft < ceiling:
        resource.setrlimit(resource.RLIMIT_NOFILE, (ceiling, hard))
        soft = ceiling
    files = wanted if soft == resource.RLIM_INFINITY else min(soft, wanted)
    return max(_FEWEST, files - _OTHER_FILES)
