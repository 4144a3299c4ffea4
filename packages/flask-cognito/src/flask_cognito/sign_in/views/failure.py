"""The response to a sign-in that failed."""

from __future__ import annotations

from typing import Any

from cognito_jwt_core import SignInError
from flask import current_app

from flask_cognito.sign_in.state import PoolSignIn
from flask_cognito.sign_in.views import pages
from flask_cognito.sign_in.views.demand import NO_DEMAND, Demand, seal_demand
from flask_cognito.sign_in.views.login_links import login_path
from flask_cognito.sign_in.views.navigation import is_navigation, prefers_html
from flask_cognito.signals import sign_in_failed
from flask_cognito.state import current_request, the_current_app

# Cognito knows the user, who would come back automatically with the same result.
_NEEDS_PROMPT = ("sign_in_denied", "token_rejected", "nonce_mismatch")


def failed(pool: PoolSignIn, error: SignInError, target: str, demand: Demand = NO_DEMAND) -> Any:
    """Return the page of an error, or JSON for programs. Cognito's text goes to the log only."""
    pool.log(error, "sign-in failed")
    if sign_in_failed.receivers:
        sign_in_failed.send(the_current_app(), error=error)
    if pool.handlers.error_page is not None:
        answer = current_app.make_response(current_app.ensure_sync(pool.handlers.error_page)(error))
        return pages.with_page_headers(answer)
    demand = demand.with_prompt() if error.is_code_spent or error.code in _NEEDS_PROMPT else demand
    path = login_path(target, seal_demand(pool, demand), pool=pool)
    title, text = pages.texts_of_error(error)
    request = current_request()
    if is_navigation(request) or prefers_html(request):
        answer = pages.page(error.status, title, text, code=error.code, link=(path, "Sign in"))
    else:
        answer = pages.json_answer(
            error.status, {"error": title, "description": text, "code": error.code, "login": path}
        )
    if error.retry_after is not None:
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer
