"""Fetch keys from an https URL."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from cognito_jwt_core.http import HTTPRequestError, Request, checked_url
from cognito_jwt_core.keys.source import JWKSFetchError, JWKSResponse, max_age

if TYPE_CHECKING:
    from requests import Session


class JWKSURL:
    """A JWK Set at an ``https`` URL.

    A response must have status 200 and no redirect, and arrive within the limits of time and size.
    """

    def __init__(
        self, url: str, *, session: Session | None = None, allow_http: bool = False, max_bytes: int = 1024 * 1024
    ) -> None:
        self.url: str = checked_url(url, allow_http=allow_http, what="JWKS URL")
        self._session = session
        self._max_bytes = max_bytes

    def __repr__(self) -> str:
        return self.url

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        request = Request(
            "GET",
            self.url,
            headers={"Accept": "application/json"},
            timeout_seconds=timeout_seconds,
            max_bytes=self._max_bytes,
            session=self._session,
            error_body=False,
        )
        try:
            answer = request.send()
        except HTTPRequestError as error:
            raise JWKSFetchError(str(error)) from error
        if answer.status != 200:
            raise JWKSFetchError(f"expected status 200, found {answer.status}", status=answer.status)
        return JWKSResponse(
            answer.body, max_age(answer.headers.get("cache-control", "")), _date(answer.headers.get("date", ""))
        )


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
