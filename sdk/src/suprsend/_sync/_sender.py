# Generated from _async/_sender.py by tools/make_sync.py. Change that file, then run the tool.
"""Send the requests of one client: sign them, repeat them if that is safe and useful, log them."""

from __future__ import annotations

import logging
import random
import time
from typing import TYPE_CHECKING, TypeVar

from suprsend import _replies, _requests, _retry
from suprsend._errors import SuprsendError, SuprsendTransportError, api_error, foreign, retry_after_s
from suprsend._io._http import HTTP
from suprsend._io._pause import Pause
from suprsend._io._stack import guarded
from suprsend._refusals import ASKING

if TYPE_CHECKING:
    from suprsend._answers import Done
    from suprsend._base_url import BaseUrl
    from suprsend._headers import Signer
    from suprsend._refusals import Receipt
    from suprsend._requests import Request
    from suprsend._response import Response
    from suprsend._types import Transport

T = TypeVar("T")

logger = logging.getLogger("suprsend")


class Sender:
    """The caller behind a client; see ``Caller``.

    Attributes:
        transport: carries the requests.
        timeout_s: seconds to connect, and to answer.
        policy: how often and how patiently a call is repeated.
    """

    def __init__(
        self,
        signer: Signer,
        base_url: BaseUrl,
        transport: Transport,
        timeout_s: tuple[float, float],
        policy: _retry.RetryPolicy,
    ) -> None:
        self._signer = signer
        self._base_url = base_url
        self.transport = transport
        self.timeout_s = timeout_s
        self.policy = policy

    @guarded
    def call(self, request: Request, pause: Pause | None = None) -> Response:
        """Send a request, repeat it if that is safe and useful, and return the accepted answer."""
        policy = self.policy if pause is None else self.policy.for_bulk()
        attempt = 0
        unsure = False  # an earlier attempt may have been applied
        while True:
            error: SuprsendError
            try:
                response = self.attempt(request, attempt)
            except SuprsendTransportError as lost:
                failure = _retry.Failure(None, lost.maybe_applied, passing=lost.retryable)
                error = lost.after_an_unsure_attempt() if unsure else lost
            else:
                answer = _replies.accepted(request, response, unsure=unsure)
                if answer is not None:
                    return answer
                failure = _retry.refusal(response.status_code, retry_after_s(response.headers))
                error = api_error(response)
            unsure = unsure or failure.maybe_applied
            seconds = _retry.pause_before_retry(
                policy,
                attempt,
                failure,
                repeatable=request.repeatable,
                jitter=random.random(),  # noqa: S311  # spreads load, keeps no secret
            )
            if seconds is None:
                raise error
            logger.info(
                "%s /%s: %s; next attempt in %.2f s", request.method, request.path, type(error).__name__, seconds
            )
            pause = pause or Pause()
            if not pause.sleep(seconds):
                raise error
            attempt += 1

    def call_json(self, request: Request, kind: type[T]) -> T:
        """Send a request and return the JSON object of the answer."""
        return _replies.json_object(self.call(request), kind)

    def call_done(self, request: Request) -> Done:
        """Send a request whose answer has no body; return ``{"success": True, "status_code": n}``."""
        return _replies.done(self.call(request))

    def call_events(self, body: bytes, pause: Pause | None = None) -> Receipt:
        """Send identity events and return the answer with which the hub accepted them."""
        receipt = _replies.receipt(self.call(_requests.post_events(body), pause))
        if receipt.refused:
            first = next(iter(receipt.refused.values()))
            logger.warning("the hub refused something of %d edits: %s", len(receipt.refused), first.text())
        return receipt

    def attempt(self, request: Request, number: int = 0) -> Response:
        """Send a request once and return the response, whatever its status."""
        target = self._base_url.prefix + request.path
        url = self._base_url.origin + target
        headers = self._signer.headers(request.method, target, request.body)
        if request.idempotency_key is not None:
            headers["Idempotency-Key"] = request.idempotency_key
        if request.asks_for_report:
            headers.update(ASKING)
        started = time.perf_counter()
        try:
            response = self.transport.send(request.method, url, headers, request.body, self.timeout_s)
        except SuprsendError as error:
            logger.debug("%s %s attempt %d: %s", request.method, target, number + 1, error)
            raise
        except Exception as error:
            if isinstance(self.transport, HTTP):  # not a failure of the call, see its _failures
                raise
            raise foreign(error) from error
        logger.debug(
            "%s %s attempt %d: sent %d bytes, answer %d with %d bytes in %.1f ms",
            request.method,
            target,
            number + 1,
            len(request.body),
            response.status_code,
            len(response.content),
            (time.perf_counter() - started) * 1000,
        )
        return response
