"""``flask cognito``: is the set-up right, why is this token refused, what does each route demand."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click
from cognito_jwt_core import JWKSUnavailableError
from flask import current_app
from flask.cli import AppGroup

from flask_cognito.config import PoolSettings, Settings
from flask_cognito.config_advice import checks_that_are_off
from flask_cognito.context import AppState, app_state
from flask_cognito.route_audit import audited_routes

cognito: AppGroup = AppGroup("cognito", help="Look at an app's set-up, a token, or the routes.")


@cognito.command("check")
def check() -> None:
    """Say how the app is set up, and whether its keys can be reached (exit 1 if not)."""
    state = app_state()
    for line in _described(state):
        click.echo(line)
    sys.exit(0 if _reaches_keys(state) else 1)


@cognito.command("explain")
@click.argument("token", nargs=-1, required=True)  # more than one where the scheme was pasted along: click echoes those
def explain(token: tuple[str, ...]) -> None:
    """Go through every check of TOKEN ("-" reads it from standard input, so that it stays out of the shell's history).

    Exit 0 if the app accepts it, 1 if not, 2 if there are no keys to tell by.
    """
    from cognito_jwt_core.cli import has_colours, read_token, render
    from cognito_jwt_core.explain import explain_token

    text = read_token() if token == ("-",) else " ".join(token)
    explanation = explain_token(app_state().verifier, text)
    click.echo(render(explanation, colour=has_colours(sys.stdout)))
    if isinstance(explanation.error, JWKSUnavailableError):
        sys.exit(2)
    sys.exit(0 if explanation.is_accepted else 1)


@cognito.command("routes")
@click.option("--fail-on-open", is_flag=True, help="Exit 1 if a route says nothing of who may call it: for CI.")
def routes(fail_on_open: bool) -> None:
    """Say what each route demands."""
    found = audited_routes(current_app)
    width = max((len(route.url) for route in found), default=0)
    for route in found:
        click.echo(f"{route.url:<{width}}  {','.join(route.methods):<18}  {route.demand}")
    open_routes = [route for route in found if route.is_open]
    click.echo(f"\n{len(found)} routes, {len(open_routes)} open")
    if fail_on_open and open_routes:
        sys.exit(1)


def _described(state: AppState) -> Iterator[str]:
    settings = state.settings
    for pool in settings.pools:
        yield from _described_pool(pool)
    yield f"token in          {_described_locations(settings)}"
    has_handler = (state.own_get_user or state.identity_handler) is not None
    yield f"identity handler  {'registered' if has_handler else 'none: current_user is None'}"
    if settings.identity_required and not has_handler:
        yield "warning           COGNITO_IDENTITY_REQUIRED refuses everybody without an identity handler"
    for line in checks_that_are_off(settings):
        yield f"warning           {line}"


def _described_pool(pool: PoolSettings) -> Iterator[str]:
    yield f"user pool         {pool.userpool_id}"
    yield f"app clients       {', '.join(pool.app_client_id or ('any',))}"
    yield f"token use         {pool.token_use or 'either; advice: COGNITO_TOKEN_USE = ' + repr('access')}"


def _described_locations(settings: Settings) -> str:
    header = f"header {settings.jwt_header_name} ({settings.jwt_header_prefix or 'without a prefix'})"
    described = {"header": header, "cookie": f"cookie {settings.jwt_cookie_name}"}
    return ", then ".join(described[location] for location in settings.locations)


def _reaches_keys(state: AppState) -> bool:
    try:
        state.verifier.prefetch()
    except JWKSUnavailableError as error:
        click.echo(f"keys              FAILED: {error}")
        return False
    for status in state.verifier.keys:
        click.echo(f"keys              {len(status.kids)} from {status.source}")
        for reason in status.left_out:
            click.echo(f"warning           a key is left out: {reason}")
    return True
