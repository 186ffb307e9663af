"""The host names of a request are read the same from a header of any length, and each time."""

import pytest
from suprsend_hub.settings import parse_networks
from suprsend_hub.web.hosts import Hosts

HOSTS = Hosts.of(["localhost", "[::1]"], "https://hub.example.com/", parse_networks("10.0.0.1"))


def refusal(header: bytes, *, name: bytes = b"x-forwarded-host", path: str = "/v1/user/") -> str | None:
    headers = [(b"host", b"upstream"), (name, header)] if name != b"host" else [(name, header)]
    return HOSTS.refusal({"path": path, "headers": headers, "client": ("10.0.0.1", 1)})  # type: ignore[arg-type, typeddict-item]


@pytest.mark.parametrize("times", [1, 2, 60])
@pytest.mark.parametrize("name", [b"host", b"x-forwarded-host"])
@pytest.mark.parametrize("path", ["/v1/user/", "/console", "/console/", "/consoles/"])
def test_every_name_in_a_header_must_be_known(times: int, name: bytes, path: str) -> None:
    """Short headers are remembered, long ones are not."""
    good = b", ".join([b"LocalHost:7877", b"[::1]", b"hub.example.com."] * times)
    for _ in range(2):
        assert refusal(good, name=name, path=path) is None
        assert "'localhost, [::1]" in (refusal(good + b", evil.example", name=name, path=path) or "")
