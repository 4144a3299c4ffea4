"""The session route: tells a page's script whether the user is signed in."""

from __future__ import annotations

from typing import Any

from cognito_jwt_core import Claims, RevocationsUnavailableError, SignInError, TokenRevokedError

from flask_cognito.sign_in.login.next_url import START
from flask_cognito.sign_in.sessions.keeper import StoreDownError
from flask_cognito.sign_in.state import PoolSignIn, app_sign_in, store_down
from flask_cognito.sign_in.views import pages
from flask_cognito.sign_in.views.failure import failed
from flask_cognito.sign_in.views.navigation import is_from_another_site
from flask_cognito.sign_in.views.session_of_request import cookies_of
from flask_cognito.state import current_request


def session_status(pool: PoolSignIn | None) -> Any:
    """Tell a page's script whether the user is signed in. This neither refreshes nor counts as activity."""
    request, sign_in, cookies = current_request(), app_sign_in(), cookies_of(current_request())
    own = sign_in.pool_in(cookies)
    held = None
    if not is_from_another_site(request) and own is not None and (pool is None or pool is own):
        try:
            held = own.keeper.peek(cookies)
            if held is not None:
                own.revocations.check(held.session)
        except StoreDownError as error:
            return failed(own, store_down(error), START)
        except TokenRevokedError:
            held = None
        except RevocationsUnavailableError as error:
            unavailable = SignInError(str(error), code="sign_in_unavailable", retry_after=error.retry_after)
            return failed(own, unavailable, START)
    now = sign_in.first.clock.time()
    if held is None or (held.session.is_expired(now) and held.session.refresh_token is None):
        answer = pages.json_answer(200, {"signed_in": False})
    else:
        username = Claims(held.session.id_claims).username
        left = int(held.session.ends_at - now)
        answer = pages.json_answer(200, {"signed_in": True, "username": username, "expires_in": left})
    answer.vary.add("Cookie")
    return answer
