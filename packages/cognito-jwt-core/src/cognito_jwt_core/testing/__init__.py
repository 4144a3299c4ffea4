"""A user pool of your own for tests: real keys, real tokens and a real key server, without AWS or a network."""

from .behaviour import MISBEHAVIOURS, Behaviour
from .clock import ManualClock
from .forge import HostileToken
from .hostile import hostile_tokens
from .pool import LocalKeys, LocalUserPool
from .server import JWKSServer, ReceivedRequest
from .tokens import ABSENT

__all__ = [
    "ABSENT",
    "MISBEHAVIOURS",
    "Behaviour",
    "HostileToken",
    "JWKSServer",
    "LocalKeys",
    "LocalUserPool",
    "ManualClock",
    "ReceivedRequest",
    "hostile_tokens",
]
