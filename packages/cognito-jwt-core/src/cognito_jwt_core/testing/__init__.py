"""Tools for tests: a local user pool with real keys, tokens, key server and managed login, without AWS or a network."""

from cognito_jwt_core.testing.answering import ReceivedRequest
from cognito_jwt_core.testing.behaviour import MISBEHAVIOURS, Behaviour
from cognito_jwt_core.testing.clock import ManualClock
from cognito_jwt_core.testing.hostile import hostile_tokens
from cognito_jwt_core.testing.hostile.forge import HostileToken
from cognito_jwt_core.testing.load_balancer import LocalLoadBalancer
from cognito_jwt_core.testing.managed_login import LocalManagedLogin
from cognito_jwt_core.testing.pool import LocalKeys, LocalUserPool
from cognito_jwt_core.testing.server import JWKSServer
from cognito_jwt_core.testing.tokens import ABSENT

__all__ = [
    "ABSENT",
    "MISBEHAVIOURS",
    "Behaviour",
    "HostileToken",
    "JWKSServer",
    "LocalKeys",
    "LocalLoadBalancer",
    "LocalManagedLogin",
    "LocalUserPool",
    "ManualClock",
    "ReceivedRequest",
    "hostile_tokens",
]
