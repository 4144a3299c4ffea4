import os
import sys
from pathlib import Path

import pytest
from cognito_jwt_core import CognitoVerifier
from cognito_jwt_core.testing import LocalUserPool, ManualClock
from hypothesis import settings

# What several test modules share lives beside them; with --import-mode=importlib nothing else would find it.
sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("quick", max_examples=60, deadline=None)
settings.register_profile("thorough", max_examples=5_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_700_000_000)


@pytest.fixture
def pool(clock: ManualClock) -> LocalUserPool:
    return LocalUserPool("eu-central-1_testpool", client_id="abcdef123456", clock=clock)


@pytest.fixture
def verifier(pool: LocalUserPool, clock: ManualClock) -> CognitoVerifier:
    return CognitoVerifier(pool.id, client_id=pool.client_id, token_use="access", jwks=pool.jwks, clock=clock)
