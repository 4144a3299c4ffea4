"""The parameters that a login sends to Cognito, sealed for the query of the login route."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from flask_cognito.sign_in.login.login_cookie import MAX_SKEW_SECONDS
from flask_cognito.sign_in.login.step_up import StepUp
from flask_cognito.sign_in.state import PoolSignIn

_DEMAND_SECONDS = 600


class Demand(NamedTuple):
    """Requirements of a login, beyond a signed-in user.

    Attributes:
        params: Parameters for Cognito.
        step_up: Requirements of a step-up.
    """

    params: Mapping[str, Any] = MappingProxyType({})
    step_up: StepUp | None = None

    def with_prompt(self) -> Demand:
        """Return these requirements for a user who must enter a password again."""
        return self._replace(params={**self.params, "prompt": "login"})

    def all_params(self) -> dict[str, Any]:
        """Return the parameters for Cognito, with those of the step-up."""
        return {**self.params, **({} if self.step_up is None else self.step_up.params())}


NO_DEMAND = Demand()


def seal_demand(pool: PoolSignIn, demand: Demand) -> str | None:
    """Return the requirements, sealed for the query of the login route. None if there are none."""
    if not demand.params and demand.step_up is None:
        return None
    return pool.demands.seal(
        {"params": dict(demand.params), "step_up": demand.step_up, "at": pool.clock.time()},
    )


def open_demand(pool: PoolSignIn, text: str) -> Demand:
    """Return the requirements that this app sealed. Nothing else in the query reaches Cognito."""
    opened = pool.demands.open(text)
    # Accept values from the future, because another host's clock may be ahead. Dropping them would weaken the login.
    if opened is None or not -MAX_SKEW_SECONDS <= pool.clock.time() - opened.value["at"] < _DEMAND_SECONDS:
        return NO_DEMAND
    return Demand(opened.value["params"], StepUp.from_json(opened.value.get("step_up")))
