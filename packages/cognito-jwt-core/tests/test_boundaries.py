"""What the libraries beneath raise is translated where they are called: none of it reaches the caller."""

import importlib
import inspect
import pkgutil
import warnings
from types import ModuleType
from typing import Any

import jwcrypto.common
import pytest
import requests
import urllib3
from cognito_jwt_core import CognitoVerifier, JWKSResponse, JWKSUnavailableError
from cognito_jwt_core.testing import LocalUserPool
from requests.adapters import BaseAdapter


def modules_of(package: ModuleType) -> list[ModuleType]:
    """A library's modules, but for its own tests and those for other platforms."""
    names = [info.name for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    others = ("test", "contrib", "emscripten", "http2")
    return [package, *(importlib.import_module(name) for name in names if not any(part in name for part in others))]


def errors_of(package: ModuleType) -> list[type[Exception]]:
    errors = {
        cls
        for module in modules_of(package)
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if issubclass(cls, Exception) and cls.__module__.startswith(package.__name__)
    }
    return sorted(errors, key=lambda cls: cls.__qualname__)


ARGUMENTS: dict[type[Exception], tuple[object, ...]] = {
    requests.JSONDecodeError: ("a secret", "a secret", 0),
    jwcrypto.common.InvalidCEKeyLength: (1, 2),
    jwcrypto.common.InvalidJWEKeyLength: (1, 2),
    urllib3.exceptions.IncompleteRead: (1, 2),
    urllib3.exceptions.InvalidChunkLength: (urllib3.HTTPResponse(), b"x"),
}


def raised(cls: type[Exception]) -> Exception:
    """An error as the library would raise it."""
    if cls in ARGUMENTS:
        return cls(*ARGUMENTS[cls])
    try:
        parameters = inspect.signature(cls).parameters.values()
    except ValueError:  # written in C
        return cls("a secret")
    needed = [parameter for parameter in parameters if parameter.default is parameter.empty]
    count = sum(parameter.kind is parameter.POSITIONAL_OR_KEYWORD for parameter in needed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return cls(*["a secret"] * (count or 1))


OF_REQUESTS, OF_URLLIB3, OF_JWCRYPTO = errors_of(requests), errors_of(urllib3), errors_of(jwcrypto)
OTHERS: list[type[Exception]] = [OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, EOFError]


def test_every_error_of_the_libraries_is_known_here() -> None:
    assert {requests.ConnectionError, requests.exceptions.ChunkedEncodingError} <= set(OF_REQUESTS)
    assert {urllib3.exceptions.ProtocolError, urllib3.exceptions.MaxRetryError} <= set(OF_URLLIB3)
    assert jwcrypto.common.JWException in OF_JWCRYPTO
    assert min(len(OF_REQUESTS), len(OF_URLLIB3), len(OF_JWCRYPTO)) > 15


class Raising(BaseAdapter):
    """The transport of a session, which fails."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        raise self.error

    def close(self) -> None:
        pass


class FailingSource:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        raise self.error


@pytest.mark.parametrize("cls", [*OF_REQUESTS, *OF_URLLIB3, *OF_JWCRYPTO, *OTHERS])
def test_whatever_a_fetch_raises_means_that_the_keys_are_unavailable(pool: LocalUserPool, cls: type[Exception]) -> None:
    session = requests.Session()
    session.mount("https://", Raising(raised(cls)))
    options: dict[str, Any] = {"client_id": None, "token_use": None, "clock": pool.clock}
    by_session = CognitoVerifier(pool.id, session=session, **options)
    by_source = CognitoVerifier(pool.id, jwks=FailingSource(raised(cls)), **options)

    for verifier in (by_session, by_source):
        with pytest.raises(JWKSUnavailableError):
            verifier.verify(pool.access_token())
        with pytest.raises(JWKSUnavailableError):
            verifier.prefetch()


@pytest.mark.parametrize("cls", OF_JWCRYPTO)
def test_whatever_an_import_of_a_key_raises_is_one_of_two_kinds(cls: type[Exception]) -> None:
    """The import of keys catches these two."""
    assert issubclass(cls, (jwcrypto.common.JWException, ValueError))
