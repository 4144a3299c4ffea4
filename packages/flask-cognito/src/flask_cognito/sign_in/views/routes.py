"""Sign-in's routes: login, callback, logout, session."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from cognito_jwt_core import (
    Claims,
    ConfigurationError,
    RevocationsUnavailableError,
    SignInError,
    TokenRevokedError,
)
from cognito_jwt_core.oauth import TokenSet
from flask import Blueprint, Request, Response, current_app, make_response, redirect, url_for
from flask import session as flask_session

from flask_cognito.authentication.claims import RequestClaims
from flask_cognito.authentication.csrf import is_forged
from flask_cognito.authorization.decorators import cognito_public
from flask_cognito.responses.refusals import refusal
from flask_cognito.sign_in.cookies.carrier import carry
from flask_cognito.sign_in.login.login_cookie import Login
from flask_cognito.sign_in.login.next_url import START, safe_next
from flask_cognito.sign_in.sessions.keeper import StoreDownError
from flask_cognito.sign_in.sessions.session import Session
from flask_cognito.sign_in.state import BLUEPRINT, AppSignIn, SignInState, app_sign_in, store_down
from flask_cognito.sign_in.views import pages
from flask_cognito.sign_in.views.callback import (
    CallbackFlights,
    Completed,
    check_token,
    claims_for_hook,
    redeem,
    state_of_query,
)
from flask_cognito.sign_in.views.demand import NO_DEMAND, Demand, open_demand, seal_demand
from flask_cognito.sign_in.views.navigation import (
    has_fetch_metadata,
    is_from_another_site,
    is_navigation,
    is_prefetch,
    prefers_html,
)
from flask_cognito.sign_in.views.source import (
    SIGNED_OUT,
    SessionOfRequest,
    cookies_of,
    login_path,
    marker_name,
    page_of_choice,
    routes_of_sign_in,
    session_of,
)
from flask_cognito.signals import sign_in_failed, signed_in, signed_out
from flask_cognito.state import current_request, the_current_app

_log = logging.getLogger("flask_cognito.sign_in")

_USER = "_cognito_user"
_LOOP_SECONDS = 60
_LOOP_COUNT = 3
_FIXED = frozenset(("redirect_uri", "scopes"))
# Cognito knows the user, who would come back automatically with the same result.
_NEEDS_PROMPT = ("sign_in_denied", "token_rejected", "nonce_mismatch")


def make_blueprint(sign_in: AppSignIn) -> Blueprint:
    """Return the routes of an app's sign-in. They need no session, also below `CognitoAuth.protect`.

    Named pools have the same routes below their names. The routes above then apply to any pool.
    """
    prefix = sign_in.first.settings.url_prefix
    blueprint = Blueprint(BLUEPRINT, __name__, url_prefix=prefix, template_folder="templates", static_folder=None)
    if not sign_in.has_names:
        _add_routes(blueprint, sign_in.first)
        return blueprint
    _add_route(blueprint, sign_in.first, "login", lambda: _choice(sign_in))
    _add_route(blueprint, sign_in.first, "logout", lambda: _logout(None), "POST")
    _add_route(blueprint, sign_in.first, "session", lambda: _session(None))
    for pool in sign_in.pools:
        name = pool.settings.name
        of_pool = Blueprint(name, __name__, url_prefix=f"/{name}")
        _add_routes(of_pool, pool)
        blueprint.register_blueprint(of_pool)
    return blueprint


def _add_routes(blueprint: Blueprint, pool: SignInState) -> None:
    timeout_seconds = pool.verifier.transport.settings.timeout_seconds
    flights = CallbackFlights(pool.keeper, pool.clock.monotonic, timeout_seconds)
    _add_route(blueprint, pool, "login", lambda: _login(pool))
    _add_route(blueprint, pool, "callback", lambda: _callback(pool, flights))
    _add_route(blueprint, pool, "logout", lambda: _logout(pool), "POST")
    _add_route(blueprint, pool, "session", lambda: _session(pool))


def _add_route(blueprint: Blueprint, pool: SignInState, name: str, view: Callable[[], Any], *methods: str) -> None:
    def answer() -> Any:
        request = current_request()
        dead = pool.logins.unreadable(cookies_of(request), pool.clock.time())
        carry(request.environ, map(pool.rules.deleted, dead))
        return view()

    blueprint.add_url_rule(f"/{name}", name, cognito_public(answer), methods=["GET", *methods])


# Login


def _choice(sign_in: AppSignIn) -> Any:
    request = current_request()
    refused = _not_by_a_user(request)
    if refused is not None:
        return refused
    target = safe_next(request.args.get("next"), routes_of_sign_in(sign_in))
    demand = seal_demand(sign_in.first, open_demand(sign_in.first, request.args.get("demand", "")))
    if sign_in.only is not None:
        path = login_path(target, demand, pool=sign_in.only)
        return pages.with_page_headers(make_response(redirect(path, 302)))
    return page_of_choice(sign_in, "choose", 200, target, demand)


def _not_by_a_user(request: Request) -> Response | None:
    """Return the response to a request that must not begin a login, or None."""
    if is_prefetch(request):  # the user has not decided yet
        return pages.json_answer(503, {"error": "prefetch"})
    if request.method == "HEAD" or (has_fetch_metadata(request) and not is_navigation(request)):
        return pages.with_page_headers(make_response("", 204 if request.method == "HEAD" else 403))
    return None


def _login(state: SignInState) -> Any:
    request = current_request()
    refused = _not_by_a_user(request)
    if refused is not None:
        return refused
    try:
        state.check_host(request)
        return _begin(request, state)
    except SignInError as error:
        return _failed(state, error, START)


def _begin(request: Request, state: SignInState) -> Response:
    cookies = cookies_of(request)
    demand = open_demand(state, request.args.get("demand", ""))
    # After a sign-out or revocation, a session at Cognito must not sign the user in automatically.
    if marker_name(state) in cookies or _has_ended_early(request, state):
        demand = demand.with_prompt()
    params = demand.all_params()
    target = safe_next(request.args.get("next"), routes_of_sign_in(app_sign_in()))
    redirect_uri = state.settings.redirect_uri or url_for(state.endpoint("callback"), _external=True)
    try:
        if fixed := _FIXED & params.keys():
            raise ConfigurationError(f"redirect_to_login: {sorted(fixed)} come from the app's configuration only")
        asked = state.oauth.authorization_request(
            redirect_uri, scopes=state.settings.scopes, **{"resource": state.app.settings.resource, **params}
        )
    except ConfigurationError as error:  # for example http behind a proxy that the app does not know
        raise SignInError(str(error), code="sign_in_misconfigured") from error
    login = Login(
        state=asked.state,
        nonce=asked.nonce,
        code_verifier=asked.code_verifier,
        redirect_uri=asked.redirect_uri,
        next=target,
        begun_at=state.clock.time(),
        params=dict(demand.params),
        step_up=demand.step_up,
    )
    carry(request.environ, state.logins.begin(login, cookies, state.clock.time()))
    return pages.with_page_headers(make_response(redirect(asked.url, 302)))


def _has_ended_early(request: Request, state: SignInState) -> bool:
    """Return whether the browser's session is revoked, or ended early in an app with revocations."""
    if not (state.revocations.are_asked and state.keeper.id_in(cookies_of(request))):
        return False
    try:
        found = session_of(request, app_sign_in())
        if found is not None:
            found.pool.revocations.check(found.held.session)
    except TokenRevokedError:
        return True
    except (StoreDownError, RevocationsUnavailableError):  # the callback checks again
        return False
    return found is None


# Callback


def _callback(state: SignInState, flights: CallbackFlights) -> Any:
    request = current_request()
    if is_prefetch(request):
        return pages.json_answer(503, {"error": "prefetch"})
    if request.method == "HEAD":
        return pages.with_page_headers(make_response("", 204))
    query = request.query_string.decode("ascii", "replace")
    target, demand = START, NO_DEMAND
    try:
        state.check_host(request)
        login = _login_of(request, state, state_of_query(query))
        if login is None:
            return pages.with_page_headers(make_response(redirect(START, 303)))
        target, demand = login.next, Demand(login.params, login.step_up)
        if login.is_late(state.clock.time(), state.settings.login_lifetime):
            raise SignInError("login: expected its callback in time, found it late", code="login_expired")
        completed = flights.answer(login, lambda: _complete(request, state, login, query))
        if completed.error is not None:
            demand = demand.with_prompt()  # the same as after the errors of `_NEEDS_PROMPT`
            raise completed.error
        return _welcome(request, state, completed, target)
    except StoreDownError as error:
        return _failed(state, store_down(error), target, demand)
    except SignInError as error:
        return _failed(state, error, target, demand)


def _login_of(request: Request, state: SignInState, value: str) -> Login | None:
    """Return a callback's login and consume it. None for a finished one of a user who is signed in."""
    cookies = cookies_of(request)
    found = state.logins.find(cookies, value, state.clock.time())
    if found is not None:
        name, login = found
        carry(request.environ, [state.rules.deleted(name)])
        del cookies[name]  # takes no more space
        return login
    try:
        is_signed_in = session_of(request, app_sign_in()) is not None
    except StoreDownError as error:
        raise store_down(error) from error
    if is_signed_in:  # a reload, or the back button
        return None
    raise SignInError("login: expected its cookie, found none that can be read", code="state_missing")


def _complete(request: Request, state: SignInState, login: Login, query: str) -> Completed:
    tokens = redeem(state, login, query)
    try:
        check_token(state, tokens.access_token)
        if login.step_up is not None:
            login.step_up.check(tokens.claims, begun_at=login.begun_at, now=state.clock.time(), leeway=state.leeway)
        answer = _checked(request, state, tokens)
        if answer is not None and answer.status_code >= 400:
            state.revoke(tokens.refresh_token)
            return Completed(answer=answer)
        lifetime = state.settings.session_lifetime
        session = Session.begin(tokens, state.clock.time(), lifetime, pool=state.settings.name)
        return Completed(session=session, cookies=state.keeper.begin(session), answer=answer, tokens=tokens)
    except StoreDownError as error:
        state.revoke(tokens.refresh_token)
        return Completed(error=store_down(error))
    except SignInError as error:
        state.revoke(tokens.refresh_token)
        return Completed(error=error)
    except BaseException:
        # Whatever stops the sign-in after the exchange, revoke the tokens that no session uses.
        state.revoke(tokens.refresh_token)
        raise


def _checked(request: Request, state: SignInState, tokens: TokenSet) -> Response | None:
    """Check what may still reject a user: a loop, the app's users, its `on_sign_in`."""
    if len(_trail(request, state)) >= _LOOP_COUNT - 1:
        raise SignInError(
            "session: expected the browser to send it back, found it missing after each sign-in", code="login_loop"
        )
    app = current_app
    if state.app.settings.identity_required:
        user = state.app.hooks.get_user(RequestClaims(tokens.claims))
        if isawaitable(user):
            user = app.async_to_sync(_awaited)(user)
        if user is None:
            raise SignInError("user: expected one of the app, found none", code="unknown_user")
    if state.handlers.on_sign_in is None:
        return None
    claims, id_claims = claims_for_hook(tokens)
    answer = app.ensure_sync(state.handlers.on_sign_in)(claims=claims, id_claims=id_claims)
    return None if answer is None else app.make_response(answer)


async def _awaited(user: Awaitable[Any]) -> Any:
    return await user


def _trail(request: Request, state: SignInState) -> list[float]:
    """Return the times of recent sign-ins whose sessions did not come back."""
    cookies = cookies_of(request)
    opened = state.trails.open(cookies.get(state.rules.trail_name, ""))
    if opened is None or any(name in cookies for name in (state.rules.name, state.rules.id_name)):
        return []
    now = state.clock.time()
    return [at for at in opened.value["at"] if now - _LOOP_SECONDS < at <= now]


def _welcome(request: Request, state: SignInState, completed: Completed, target: str) -> Any:
    session, answer = completed.session, completed.answer
    if session is None:
        return answer
    _end_previous(request, state, session)
    _claim_flask_session(state, session)
    trail = [*_trail(request, state), int(state.clock.time())]  # whole seconds, so that it fits its limit
    surplus = state.rules.session_names(cookies_of(request))
    surplus += state.logins.crowded_out(cookies_of(request), completed.cookies, state.clock.time())
    carry(request.environ, map(state.rules.deleted, [*surplus, marker_name(state)]))
    trail_cookie = state.rules.written(state.rules.trail_name, state.trails.seal({"at": trail}), _LOOP_SECONDS)
    carry(request.environ, [*completed.cookies, trail_cookie])
    if completed.tokens is not None and signed_in.receivers:
        claims, id_claims = claims_for_hook(completed.tokens)
        signed_in.send(the_current_app(), claims=claims, id_claims=id_claims)
    if answer is not None:
        return answer
    if state.settings.cookie_samesite == "Strict":
        # A redirect would be part of Cognito's navigation, with which a browser sends no strict cookies.
        return pages.page(200, *pages.texts_of("signed_in"), link=(target, "Go on"), go_to=target)
    return pages.with_page_headers(make_response(redirect(target, 303)))


def _end_previous(request: Request, state: SignInState, session: Session) -> None:
    """End the browser's previous session, whose id an attacker may know (session fixation)."""
    try:
        previous = session_of(request, app_sign_in())
        if previous is None or previous.held.session.id == session.id:
            return
        previous.pool.keeper.end(previous.held)
    except StoreDownError as error:
        state.log(store_down(error), "previous session not ended")
        return
    previous.pool.revoke(previous.held.session.refresh_token)


def _claim_flask_session(state: SignInState, session: Session) -> None:
    """Clear Flask's session if it belongs to another user, and mark it as this user's."""
    names = state.user_names(session.token_identity.iss, session.token_identity.sub)
    mark = names[0]
    if flask_session.get(_USER, mark) not in names:
        flask_session.clear()
    regenerate: Callable[[Any], None] | None = getattr(current_app.session_interface, "regenerate", None)
    if regenerate is not None:  # with Flask-Session, do not keep the id of a guest's session
        regenerate(flask_session)
    flask_session[_USER] = mark


def _failed(state: SignInState, error: SignInError, target: str, demand: Demand = NO_DEMAND) -> Any:
    """Return the page of an error, or JSON for programs. Cognito's text goes to the log only."""
    state.log(error, "sign-in failed")
    if sign_in_failed.receivers:
        sign_in_failed.send(the_current_app(), error=error)
    if state.handlers.error_page is not None:
        answer = current_app.make_response(current_app.ensure_sync(state.handlers.error_page)(error))
        return pages.with_page_headers(answer)
    demand = demand.with_prompt() if error.is_code_spent or error.code in _NEEDS_PROMPT else demand
    path = login_path(target, seal_demand(state, demand), pool=state)
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


# Logout and session


def _logout(pool: SignInState | None) -> Any:
    request, settings = current_request(), app_sign_in().first.app.settings
    if request.method != "POST":
        path = url_for(f"{BLUEPRINT}.logout" if pool is None else pool.endpoint("logout"))
        answer = pages.page(200, *pages.texts_of("sign_out"), logout_path=path)
        # With "no-referrer", a browser sends the form with `Origin: null`. Old ones send no `Sec-Fetch-Site` either.
        answer.headers["Referrer-Policy"] = "same-origin"
        return answer
    # Independent of COGNITO_CSRF_PROTECTION, because another site must not sign users out.
    if is_forged(request, settings.trusted_origins):
        raise refusal("cross_site_request", settings.challenge)
    location = end_current_session(request, app_sign_in(), pool)
    if is_navigation(request) or request.headers.get("Sec-Fetch-Mode") == "navigate" or _is_form(request):
        return pages.with_page_headers(make_response(redirect(location, 303)))
    return pages.json_answer(200, {"location": location})


def _is_form(request: Request) -> bool:
    """Return whether an old browser without `Sec-Fetch-Mode` sent a form."""
    return not has_fetch_metadata(request) and prefers_html(request) and "X-Requested-With" not in request.headers


def end_current_session(request: Request, sign_in: AppSignIn, pool: SignInState | None = None) -> str:
    """End the session of a request, here first and then at Cognito.

    Args:
        request: The request.
        sign_in: The app's sign-in.
        pool: Pool whose session at Cognito ends if there is none here; by default the only one.

    Returns:
        The URL that ends the session at Cognito.
    """
    found = _ended_here(request, sign_in)
    state = sign_in.first if found is None else found.pool
    names = state.rules.session_names(cookies_of(request))
    carry(request.environ, map(state.rules.deleted, [*names, state.rules.trail_name]))
    marker = state.rules.written(marker_name(state), SIGNED_OUT, state.settings.session_lifetime, samesite="Lax")
    carry(request.environ, [marker])
    if flask_session.get(_USER) is not None:
        flask_session.clear()
    if found is not None:
        _revoke(state, found.held.session)
        if signed_out.receivers:
            signed_out.send(the_current_app(), sub=found.held.session.token_identity.sub)
        pool = state
    return _logout_at_cognito(pool or sign_in.only)


def _revoke(state: SignInState, session: Session) -> None:
    """Revoke a session in the app's revocation list, if it has one, and at Cognito."""
    failure = state.revocations.revoke_session(session)  # first, because Cognito may take seconds to answer
    if not state.revoke(session.refresh_token):  # it can then produce more tokens until the session ends
        failure = state.revocations.revoke_session(session, until=session.ends_at)
    if failure is not None:
        state.log(SignInError(failure, code="sign_in_unavailable"), "session not revoked everywhere")


def _logout_at_cognito(pool: SignInState | None) -> str:
    if pool is None or pool.settings.logout_uri is None:
        return START
    try:
        return pool.oauth.logout_url(pool.settings.logout_uri)
    except SignInError as error:
        pool.log(error, "Cognito's session not ended")
        return pool.settings.logout_uri


def _ended_here(request: Request, sign_in: AppSignIn) -> SessionOfRequest | None:
    try:
        found = session_of(request, sign_in)
        if found is not None:
            found.pool.keeper.end(found.held)
    except StoreDownError as error:
        sign_in.first.log(store_down(error), "session not ended in the store")
        return None
    return found


def _session(pool: SignInState | None) -> Any:
    """Tell a page's script whether the user is signed in. This neither refreshes nor counts as activity."""
    request, sign_in, cookies = current_request(), app_sign_in(), cookies_of(current_request())
    state = sign_in.pool_in(cookies)
    held = None
    if not is_from_another_site(request) and state is not None and (pool is None or pool is state):
        try:
            held = state.keeper.peek(cookies)
            if held is not None:
                state.revocations.check(held.session)
        except StoreDownError as error:
            return _failed(state, store_down(error), START)
        except TokenRevokedError:
            held = None
        except RevocationsUnavailableError as error:
            unavailable = SignInError(str(error), code="sign_in_unavailable", retry_after=error.retry_after)
            return _failed(state, unavailable, START)
    now = sign_in.first.clock.time()
    if held is None or (held.session.is_expired(now) and held.session.refresh_token is None):
        answer = pages.json_answer(200, {"signed_in": False})
    else:
        username = Claims(held.session.id_claims).username
        left = int(held.session.ends_at - now)
        answer = pages.json_answer(200, {"signed_in": True, "username": username, "expires_in": left})
    answer.vary.add("Cookie")
    return answer
