"""Tools for tests: local stand-ins for a user pool, its key endpoint, its managed login and a load balancer.

They use real keys and sockets, and need neither AWS nor a network. The package does not import this module at run time.
"""

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
