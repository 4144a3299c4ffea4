"""Sessions, adapters and connections for one request, without retries, stored cookies or stored passwords."""

from __future__ import annotations

import encodings.idna  # noqa: F401  the first name lookup would import it, in a worker thread
import socket
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.cookies import RequestsCookieJar
from urllib3.connection import HTTPConnection
from urllib3.util.retry import Retry

from cognito_jwt_core.http.place import Place


class RedirectFound(Exception):  # noqa: N818  no error
    def __init__(self, response: requests.Response) -> None:
        super().__init__()
        self.response = response


def _stop_at_redirect(response: requests.Response, **_: object) -> None:
    # Without this, requests would read the whole body of a redirect, decoded and without a limit, even if told not to
    # follow it.
    if response.is_redirect:
        raise RedirectFound(response)


@contextmanager
def private_session(session: requests.Session | None, place: Place) -> Iterator[requests.Session]:
    """Return a session for one request, with the settings and hooks of `session` but with new adapters.

    Its connections end with it, so that no other thread or forked process shares them.
    """
    private = requests.Session()
    if session is not None:
        private.__class__ = session.__class__
        private.__dict__.update(session.__dict__)
        private.cookies = RequestsCookieJar()
    private.auth = _no_auth  # without a value, requests would read a netrc file
    hooks = private.hooks.get("response", [])
    private.hooks = {"response": [*([hooks] if callable(hooks) else hooks), _stop_at_redirect]}
    adapters = {prefix: _private_adapter(adapter, place) for prefix, adapter in private.adapters.items()}
    private.adapters = OrderedDict(adapters)
    try:
        yield private
    finally:
        for adapter in adapters.values():
            if isinstance(adapter, _Adapter):  # the existing connections belong to the user's session
                adapter.close()


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def transport_settings(session: requests.Session, url: str) -> dict[str, Any]:
    """Return proxies, `verify` and `cert`. Unlike in requests, the session's settings override the environment."""
    settings = session.merge_environment_settings(url, dict(session.proxies), True, session.verify, session.cert)
    # In the order in which requests looks for them.
    parts = urlsplit(url)
    keys = (f"{parts.scheme}://{parts.hostname}", parts.scheme, f"all://{parts.hostname}", "all")
    named = next((key for key in keys if key in session.proxies), None)
    if named is not None:  # an empty value switches the environment's proxy off
        settings["proxies"] = session.proxies if session.proxies[named] else {}
    return dict(settings)


class _Adapter(HTTPAdapter):
    """An adapter for one request: without retries, and with sockets that are shut at the deadline."""

    def __init__(self, adapter: HTTPAdapter, place: Place) -> None:
        self._place = place
        super().__init__()  # no retries
        self.init_poolmanager(1, 1, **_pool_options(adapter))

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        pool.ConnectionCls = _watched(pool.ConnectionCls, self._place)
        return pool


def _pool_options(adapter: HTTPAdapter) -> dict[str, Any]:
    """Return the options that the user passed to `init_poolmanager`, for example an SSL context."""
    options = dict(adapter.poolmanager.connection_pool_kw)
    options.pop("maxsize", None)
    options.pop("block", None)
    return options


def _private_adapter(adapter: BaseAdapter, place: Place) -> BaseAdapter:
    if type(adapter) is HTTPAdapter:
        return _Adapter(adapter, place)
    if isinstance(adapter, HTTPAdapter):
        # For adapters of the user's own class: their connections cannot be shut at the deadline, but they must not
        # retry either.
        private = adapter.__class__.__new__(adapter.__class__)
        private.__dict__.update(adapter.__dict__)
        private.max_retries = Retry(0, read=False)
        return private
    return adapter


def _watched(connection_class: type[Any], place: Place) -> type[Any]:
    """Return a subclass whose sockets `place` can shut, if urllib3 itself makes them."""
    # SOCKS proxies, and tools such as VCR.py, create connections in their own way. Those cannot be shut.
    if getattr(connection_class, "_new_conn", None) is not HTTPConnection._new_conn:  # noqa: SLF001
        return connection_class

    class Watched(connection_class):  # type: ignore[misc]
        def _new_conn(self) -> socket.socket:
            return _connected(self, place)

    return Watched


def _connected(connection: HTTPConnection, place: Place) -> socket.socket:
    """Connect to the first address that accepts. Watch each socket before it connects."""
    addresses = socket.getaddrinfo(connection._dns_host, connection.port or 0, type=socket.SOCK_STREAM)  # noqa: SLF001
    error: OSError = OSError("no address")
    for family, kind, protocol, _, address in addresses:
        candidate = socket.socket(family, kind, protocol)
        try:
            place.watch(candidate)
            for option in connection.socket_options or ():
                candidate.setsockopt(*option)
            candidate.settimeout(connection.timeout)
            if connection.source_address:
                candidate.bind(connection.source_address)
            candidate.connect(address)
        except OSError as refused:
            candidate.close()
            error = refused
        else:
            return candidate
    raise error
