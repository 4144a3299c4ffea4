"""Send one HTTP request, with limits on time, size, redirects and scheme. Only this subpackage imports `requests`.

It knows no keys and no tokens.
"""

from cognito_jwt_core.http.failure import HTTPRequestError
from cognito_jwt_core.http.request import HTTPResponse, Request
from cognito_jwt_core.http.url import checked_url

__all__ = ["HTTPRequestError", "HTTPResponse", "Request", "checked_url"]
