"""``flask cognito``: check the set-up, explain a token, list what each route requires."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from urllib.parse import urlsplit

import click
from cognito_jwt_core import UNSET, Claims, InvalidIssuerError, UnavailableError
from cognito_jwt_core.integration import RevocationCheck
from flask import Flask, current_app
from flask.cli import AppGroup
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import MapAdapter, RequestRedirect, Rule

from flask_cognito.authentication.tolerance import claims_of_balancer
from flask_cognito.authorization.misplaced import misplaced_in
from flask_cognito.authorization.requirement import Access
from flask_cognito.authorization.route_audit import accesses_of, audited_routes, token_demand_of, url_of
from flask_cognito.authorization.route_demand import contradictions_in
from flask_cognito.config.advice import changed_keys, what_is_reported
from flask_cognito.config.balancer import Checks
from flask_cognito.config.loggers import disabled_loggers
from flask_cognito.config.settings import ALB_HEADER, PoolSettings, Settings
from flask_cognito.state import AppState, app_state

_MAX_INPUT_BYTES = 1024 * 1024  # more than any token with the white space around it

cognito: AppGroup = AppGroup("cognito", help="Check an app's setup, a token or the routes.")


def is_check_running() -> bool:
    """Return whether this process is ``flask cognito check``, which prints the start-up warnings itself."""
    arguments = sys.argv[1:]
    is_cli = os.environ.get("FLASK_RUN_FROM_CLI") == "true"
    return is_cli and ("cognito", "check") in pairwise(arguments)


@cognito.command("check")
def check() -> None:
    """Show how the app is set up, and check that it can fetch its keys (exit 1 if not)."""
    state = app_state()
    for line in _described(state):
        click.echo(line)
    count = sum(route.demands_sign_in for route in audited_routes(current_app))
    if count:
        routes = "1 route asks" if count == 1 else f"{count} routes ask"
        click.echo(
            f"step-up           {routes} for a newer or stronger sign-in; the Lite plan supports only a newer one"
        )
    is_good = [
        _contradicts_nothing(current_app),
        _enforces(state),
        _reaches_keys(state),
        _knows_revocations(state),
        _can_sign_in(current_app),
    ]
    sys.exit(0 if all(is_good) else 1)


@cognito.command("explain")
# several words if the scheme was pasted along, which click would otherwise echo
@click.argument("token", nargs=-1, required=True)
@click.option("--route", metavar="PATH", help="Also check what this route requires.")
@click.option("--method", default="GET", show_default=True, help="HTTP method of the request.")
def explain(token: tuple[str, ...], route: str | None, method: str) -> None:
    """Run every check on TOKEN. "-" reads it from standard input, which keeps it out of the shell's history.

    Exit 0 if the app accepts it, 1 if not, 2 if the keys cannot be fetched or the route does not exist.
    """
    from cognito_jwt_core import explain_token

    accesses = [] if route is None else _accesses_of_route(current_app, route, method.upper())
    text = _read_token() if token == ("-",) else " ".join(token)
    state, demand = app_state(), token_demand_of(accesses)
    checks: Checks = {str(access): access.check for access in accesses if access.names_something}
    explanation = explain_token(state.verifier, text, **demand.options(), checks=checks)
    if state.balancer is not None and (
        explanation.origin == "load_balancer" or set(state.settings.locations) == {"alb"}
    ):
        if demand.options():
            checks = {demand.described(): partial(demand.check, client_claim="client_id"), **checks}
        checks = {name: partial(_of_balancer, check) for name, check in checks.items()}
        for verifier, own_checks in state.balancer.of_each_pool(any_client=demand.client_id is not UNSET):
            explanation = explain_token(verifier, text, checks={**own_checks, **checks})
            error = explanation.error
            if not isinstance(error, InvalidIssuerError) or error.is_authentic:
                break  # otherwise, the header names another pool
    what_else = _what_else(None if route is None else accesses, is_accepted=explanation.is_accepted)
    if state.identity_handler is not None or state.is_overridden("get_user"):
        click.echo("The identity handler does not run here. It can refuse a token as well.\n")
    # click removes the colours if the output is not a terminal.
    click.echo(explanation.as_text(colour=not os.environ.get("NO_COLOR")) + what_else)
    for note in _notes(state, is_accepted=explanation.is_accepted):
        click.echo(note)
    if isinstance(explanation.error, UnavailableError):
        sys.exit(2)
    sys.exit(0 if explanation.is_accepted else 1)


def _notes(state: AppState, *, is_accepted: bool) -> Iterator[str]:
    if state.settings.report_only and not is_accepted:
        yield "COGNITO_REPORT_ONLY: the app reports some refusals, and lets the requests through."
    if state.is_overridden("decode_token"):
        yield "This app overrides decode_token, which decides about requests and does not run here."


def _of_balancer(check: Callable[[Claims], object], claims: Claims) -> object:
    return check(claims_of_balancer(claims))


@cognito.command("routes")
@click.option(
    "--fail-on-open",
    is_flag=True,
    help="For CI: exit with 1 if a route is open or cannot answer, or if COGNITO_REPORT_ONLY is set.",
)
def routes(fail_on_open: bool) -> None:
    """List what each route requires."""
    found = audited_routes(current_app)
    width = max((len(route.url) for route in found), default=0)
    for route in found:
        click.echo(f"{route.url:<{width}}  {','.join(route.methods):<18}  {route.demand}")
    open_routes = [route for route in found if route.is_open]
    click.echo(f"\n{len(found)} routes, {len(open_routes)} open")
    reported = what_is_reported(app_state().settings)
    if reported:
        click.echo(f"COGNITO_REPORT_ONLY: {reported}")
    if "alb" in app_state().settings.locations:
        closed = sum(route.is_closed_to_balancers for route in found)
        click.echo(
            f"COGNITO_TOKEN_LOCATIONS: load balancers' tokens are accepted, {_routes(closed)} what they never have"
            " (groups, scopes, token use, sign-in)"
        )
    contradictions = list(contradictions_in(current_app))
    for contradiction in contradictions:
        click.echo(f"FAILED: {contradiction}")
    if fail_on_open and (open_routes or reported or contradictions):
        sys.exit(1)


def _read_token() -> bytes:
    """Read a token from standard input (at most 1 MiB). On a terminal, prompt for it."""
    if sys.stdin is None:  # closed from the start
        raise click.UsageError("expected a token on standard input, found it closed")
    if sys.stdin.isatty():
        click.echo("Paste the token, then press Enter and Ctrl-D.", err=True)
    return sys.stdin.buffer.read(_MAX_INPUT_BYTES).strip()


def _accesses_of_route(app: Flask, path: str, method: str) -> list[Access]:
    """Return what a route requires, by a URL, a path, or the rule itself, such as ``/todos/<int:id>``."""
    misplaced_in(app)
    rules = {
        url_of(app, rule): rule
        for rule in app.url_map.iter_rules()
        if path in (rule.rule, url_of(app, rule)) and method in (rule.methods or (method,))
    }
    if len(rules) > 1 and path not in rules:
        raise click.UsageError(f"several hosts have a route {path}; name one of {', '.join(sorted(rules))}")
    for rule in (rules.get(path), *rules.values()):
        if rule is not None:
            return _accesses_of_rule(app, rule, method)
    _, host, path, *_ = urlsplit(path)
    try:
        rule, _ = _urls_of(app, host).match(path, method=method, return_rule=True)
    except MethodNotAllowed as error:
        allowed = ", ".join(sorted(error.valid_methods or ()))
        raise click.UsageError(f"{path} does not answer {method}; name one of {allowed} with --method") from None
    except RequestRedirect as error:
        raise click.UsageError(f"{path} redirects to {error.new_url}: name that path") from None
    except HTTPException:
        raise click.UsageError(f"the app has no route {path}; `flask cognito routes` lists them") from None
    return _accesses_of_rule(app, rule, method)


def _urls_of(app: Flask, host: str) -> MapAdapter:
    """Return the URLs of a host. It matters only if the app has routes of certain hosts or subdomains."""
    server = app.config["SERVER_NAME"] or "localhost"
    if app.url_map.host_matching:
        return app.url_map.bind(host or server)
    is_subdomain = app.subdomain_matching and host.endswith(f".{server}")
    return app.url_map.bind(server, subdomain=host.removesuffix(f".{server}") if is_subdomain else None)


def _accesses_of_rule(app: Flask, rule: Rule, method: str) -> list[Access]:
    if method == "OPTIONS" and getattr(rule, "provide_automatic_options", False):
        return []
    return accesses_of(app, rule.endpoint, method)


def _what_else(accesses: list[Access] | None, *, is_accepted: bool) -> str:
    """Return the end: some routes may require more than an accepted token has, and this one may require none."""
    if accesses is not None:
        return "" if accesses else "\nBy its decorators and `protect`, this route requires no token."
    if not is_accepted:
        return ""
    count = sum(found.demands_more for found in audited_routes(current_app))
    if count == 0:
        return ""
    return f"; {_routes(count)} more"


def _routes(count: int) -> str:
    return f"{count} route{'s' * (count != 1)} demand{'s' * (count == 1)}"


def _described(state: AppState) -> Iterator[str]:
    settings = state.settings
    for pool in settings.pools:
        yield from _described_pool(pool)
    yield f"token in          {_described_locations(settings)}"
    if state.balancer is not None:
        yield f"load balancers    {', '.join(settings.alb_arn or ())}"
        yield f"their keys        {state.balancer.keys_url}, each fetched with the first token that names it"
    if settings.metadata is not None:
        yield f"resource          {settings.metadata.resource}, metadata at {settings.metadata.url}"
        yield f"resource scopes   {', '.join(settings.resource_scopes) or 'none: clients must know them'}"
    if settings.trusted_origins:
        yield f"trusted origins   {', '.join(settings.trusted_origins)}"
    has_handler = state.identity_handler is not None or state.is_overridden("get_user")
    yield f"identity handler  {'registered' if has_handler else 'none: current_user is None'}"
    if settings.identity_required and not has_handler:
        yield "warning           COGNITO_IDENTITY_REQUIRED refuses every user without an identity handler"
    yield from _described_warnings(state)


def _described_warnings(state: AppState) -> Iterator[str]:
    for line in state.warnings:
        if not line.startswith("COGNITO_REPORT_ONLY: "):  # reported below, as a failure
            yield f"warning           {line}"
    changed = changed_keys(state.read, current_app.config)
    if changed:
        yield f"warning           changed after CognitoAuth read them, without effect: {changed}"
    if disabled := disabled_loggers():
        yield f"warning           {disabled}"


def _described_pool(pool: PoolSettings) -> Iterator[str]:
    yield f"user pool         {pool.userpool_id}"
    yield f"app clients       {', '.join(pool.app_client_id or ('any',))}"
    yield f"token use         {pool.token_use or 'either; advice: COGNITO_TOKEN_USE = ' + repr('access')}"
    if pool.audience:
        yield f"audience          {', '.join(pool.audience)}{', required' if pool.require_audience else ''}"
    if pool.custom_check is not None:
        yield f"custom check      {getattr(pool.custom_check, '__qualname__', type(pool.custom_check).__name__)}"
    if pool.requests_session is not None:
        yield "session           your own (COGNITO_REQUESTS_SESSION)"
    if pool.key_settings is not None:
        yield "key settings      your own (COGNITO_KEY_SETTINGS)"


def _described_locations(settings: Settings) -> str:
    forms = " or ".join(prefix or "without a prefix" for prefix in settings.jwt_header_prefixes)
    header = f"header {settings.jwt_header_name} ({forms})"
    described = {
        "header": header,
        "cookie": f"cookie {settings.jwt_cookie_name}",
        "session": "session",
        "alb": ALB_HEADER,
    }
    return ", then ".join(described[location] for location in settings.locations)


def _contradicts_nothing(app: Flask) -> bool:
    contradictions = list(contradictions_in(app))
    for contradiction in contradictions:
        click.echo(f"route             FAILED: {contradiction}")
    return not contradictions


def _enforces(state: AppState) -> bool:
    reported = what_is_reported(state.settings)
    if reported:
        click.echo(f"report only       FAILED: COGNITO_REPORT_ONLY: {reported}")
    return not reported


def _can_sign_in(app: Flask) -> bool:
    from flask_cognito.sign_in.check import findings
    from flask_cognito.sign_in.state import STATE

    found = list(findings(app, app.extensions[STATE])) if STATE in app.extensions else []
    for finding in found:
        click.echo(f"{finding.label:<18}{finding.text}")
    return all(finding.is_good for finding in found)


def _knows_revocations(state: AppState) -> bool:
    is_good = True
    for revocations in {id(pool.revocations): pool.revocations for pool in state.settings.pools}.values():
        if revocations is None:
            continue
        name = type(revocations).__name__
        try:
            RevocationCheck(revocations, leeway=0).prepare()
        except UnavailableError as error:
            click.echo(f"revocations       FAILED: {name}: {error}")
            is_good = False
        else:
            click.echo(f"revocations       {name}")
    return is_good


def _reaches_keys(state: AppState) -> bool:
    from cognito_jwt_core import doctor

    if state.is_overridden("decode_token"):
        click.echo("keys              not fetched: the app overrides decode_token")
        return True
    verifiers = [] if state.balancer is None else [verifier for verifier, _ in state.balancer.of_each_pool()]
    # The verifiers of several pools ask the same endpoint for a load balancer's keys.
    findings = dict.fromkeys([*doctor(state.verifier), *(finding for one in verifiers for finding in doctor(one))])
    for finding in findings:
        if finding.is_good:
            click.echo(f"keys              {finding.message}")
        else:
            is_source = finding.check == "source"
            click.echo(
                f"keys              FAILED: {finding.message}" if is_source else f"warning           {finding.message}"
            )
            click.echo(f"                  {finding.advice}")
    return all(finding.is_good or finding.check != "source" for finding in findings)
