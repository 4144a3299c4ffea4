"""`Request`: one request and its response."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

import requests
from urllib3.response import BaseHTTPResponse

from cognito_jwt_core import workers
from cognito_jwt_core.errors import shown
from cognito_jwt_core.event_loop import require_asyncio
from cognito_jwt_core.http.failure import HTTPRequestError, reason_of
from cognito_jwt_core.http.place import Place
from cognito_jwt_core.http.transport import RedirectFound, private_session, transport_settings

_NOTHING: Mapping[str, str] = MappingProxyType({})
_CHUNK_BYTES = 65536


class HTTPResponse(NamedTuple):
    """A response with any status.

    Attributes:
        status: Status code.
        headers: Header fields, by lower-case name.
        body: Decoded body. Empty for a redirect, and for any other status than 2xx if `error_body` is false.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"<HTTPResponse {self.status}>"  # the body can contain tokens, which error trackers would collect


class Request:
    """An HTTP request with limits. It is immutable, so you can send it more than once and from any thread.

    It never follows redirects and never retries. It sends and keeps no cookies, and takes no password from a netrc
    file or from `session.auth`. The session's `verify`, `cert` and `proxies` override the environment.

    Args:
        method: The HTTP method.
        url: A URL that `checked_url` accepts.
        headers: Header fields to send.
        form: Fields of an ``application/x-www-form-urlencoded`` body.
        timeout_seconds: Limit for the whole request, from the DNS lookup to the last byte.
        max_bytes: Limit for the response's body, both as sent and as decoded.
        session: Session whose proxies, TLS settings, headers, hooks and adapters apply.
        error_body: If false, a response with any other status than 2xx has an empty body.
    """

    __slots__ = ("_error_body", "_form", "_headers", "_max_bytes", "_method", "_session", "_timeout_seconds", "_url")

    def __init__(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = _NOTHING,
        form: Mapping[str, str] | None = None,
        timeout_seconds: float,
        max_bytes: int,
        session: requests.Session | None = None,
        error_body: bool = True,
    ) -> None:
        self._method = method
        self._url = url
        self._headers = dict(headers)
        self._form = None if form is None else dict(form)
        self._timeout_seconds = timeout_seconds
        self._max_bytes = max_bytes
        self._session = session
        self._error_body = error_body

    def __repr__(self) -> str:
        return f"<Request {self._method} {self._url}>"

    def send(self) -> HTTPResponse:
        """Send the request and return the response. Block for at most `timeout_seconds`.

        Returns:
            The response, with any status. Redirects are returned, not followed.

        Raises:
            HTTPRequestError: If there is no usable response in time.
        """
        place = Place(self._url)
        answer: Future[HTTPResponse | HTTPRequestError] = Future()
        try:
            workers.run(partial(self._exchange, place, answer))
        except RuntimeError as error:
            raise HTTPRequestError(f"expected a thread for the request, found none ({error})") from None
        try:
            # Waits on a lock instead of comparing clocks, so that tools that freeze time in tests cannot freeze the
            # deadline.
            outcome = answer.result(self._timeout_seconds)
        except FutureTimeoutError:
            place.abandon()
            # Reject the response even if it is complete by now: the end of a connection that was shut can look like the
            # end of a response.
            outcome = HTTPRequestError(f"expected the whole answer within {self._timeout_seconds:g} s, found none")
        if isinstance(outcome, HTTPRequestError):
            raise outcome
        return outcome

    async def send_async(self) -> HTTPResponse:
        """Do the same as `send` without blocking the event loop, which must be asyncio's.

        Raises:
            ConfigurationError: If no asyncio event loop is running.
            HTTPRequestError: If there is no usable response in time.
        """
        require_asyncio()
        from asyncio import wrap_future  # already imported by the running event loop

        answer: Future[HTTPResponse] = Future()
        answer.set_running_or_notify_cancel()

        def send() -> None:
            try:
                response = self.send()
            except Exception as error:  # noqa: BLE001  for the task that waits
                answer.set_exception(error)
            else:
                answer.set_result(response)

        try:
            workers.run(send)
        except RuntimeError as error:
            raise HTTPRequestError(f"expected a thread for the request, found none ({error})") from None
        return await wrap_future(answer)

    def _exchange(self, place: Place, answer: Future[HTTPResponse | HTTPRequestError]) -> None:
        """Do the work of `send` in a worker thread."""
        outcome: HTTPResponse | HTTPRequestError
        try:
            outcome = self._receive(place)
        except HTTPRequestError as error:
            outcome = error.with_traceback(None)  # its frames reference the request and its connection
        except Exception as error:  # noqa: BLE001  an adapter or a hook of the user's session may raise anything
            # Raised without `error` as its cause, because another library's text may contain a proxy's password.
            outcome = HTTPRequestError(reason_of(error))
        finally:
            place.leave()
        answer.set_result(outcome)

    def _receive(self, place: Place) -> HTTPResponse:
        with private_session(self._session, place) as session:
            request = session.prepare_request(
                requests.Request(
                    self._method,
                    self._url,
                    # Ask for no compression, which could expand a thousandfold, and for no persistent connection.
                    headers={**self._headers, "Accept-Encoding": "identity", "Connection": "close"},
                    data=self._form,
                )
            )
            try:
                response = session.send(
                    request,
                    timeout=self._timeout_seconds,
                    allow_redirects=False,
                    **transport_settings(session, self._url),
                )
            except RedirectFound as found:
                response = found.response
            with response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                status = response.status_code
                body = self._body(response, place) if self._has_body(status) else b""
                return HTTPResponse(status, MappingProxyType(headers), body)

    def _has_body(self, status: int) -> bool:
        return status // 100 != 3 and (self._error_body or status // 100 == 2)

    def _body(self, response: requests.Response, place: Place) -> bytes:
        raw = response.raw
        # `read1` returns the data that has arrived, so the size is checked with each packet. Only urllib3 can leave the
        # body encoded; a user's adapter may return any file object.
        read: Callable[[], bytes] = (
            partial(raw.read1, _CHUNK_BYTES, decode_content=False)
            if isinstance(raw, BaseHTTPResponse)
            else partial(raw.read, _CHUNK_BYTES)
        )
        body = bytearray()
        while chunk := read():
            body += chunk
            place.check()
            self._check_size(body)
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding in ("gzip", "x-gzip"):  # some proxies compress a body although asked not to
            return self._gunzipped(bytes(body))
        if encoding != "identity":
            raise HTTPRequestError(f"expected a body without Content-Encoding, found {shown(encoding)}")
        return bytes(body)

    def _gunzipped(self, body: bytes) -> bytes:
        """Decode one gzip member (RFC 1952) up to the size limit, so that a decompression bomb stays packed."""
        decompressor = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            decoded = decompressor.decompress(body, self._max_bytes + 1)
        except zlib.error:
            raise HTTPRequestError("expected a body in gzip encoding, found another") from None
        self._check_size(decoded)
        if not decompressor.eof or decompressor.unused_data:
            raise HTTPRequestError("expected one whole gzip member, found it cut off or followed by more")
        return decoded

    def _check_size(self, body: bytes | bytearray) -> None:
        if len(body) > self._max_bytes:
            raise HTTPRequestError(f"expected at most {self._max_bytes} bytes, found more")
