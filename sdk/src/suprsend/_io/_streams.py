"""Network streams that join the head of a request and its body."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpcore2


class Joined:
    """A network stream that sends the head of a request and its body in one go.

    httpcore2 writes them one after the other: two system calls here, two wake-ups of the server. Whatever is held back
    is sent before the answer is read, so a stream that is written in another order stays correct.
    """

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream
        self._head = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if buffer.endswith(b"\r\n\r\n") and not self._head:
            self._head = buffer
            return
        head, self._head = self._head, b""
        self._stream.write(head + buffer, timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._head:
            self.write(b"", timeout)
        return self._stream.read(max_bytes, timeout)


class JoiningBackend:
    """Opens connections whose streams join head and body."""

    def __init__(self, backend: httpcore2.NetworkBackend) -> None:
        self._backend = backend

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def connect_tcp(self, *args: Any, **kwargs: Any) -> Joined:
        return Joined(self._backend.connect_tcp(*args, **kwargs))
