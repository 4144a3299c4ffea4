"""What the errors of a load balancer's verifier say. The words stand in the snapshot of messages."""

from collections.abc import Callable

import pytest
from cognito_jwt_core import AlbVerifier, CognitoJWTError, ConfigurationError, JWKSUnavailableError, MissingClaimError
from cognito_jwt_core.testing import LocalLoadBalancer, LocalUserPool, hostile_tokens
from cognito_test_kit.messages import Messages

ARN = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188"
Make = Callable[..., AlbVerifier]


def test_messages_of_hostile_tokens(
    alb: AlbVerifier, balancer: LocalLoadBalancer, pool: LocalUserPool, messages: Messages
) -> None:
    for hostile in hostile_tokens(pool, load_balancer=balancer):
        if hostile.name.startswith("alb-"):
            with messages.raises(CognitoJWTError):
                alb.verify(hostile.token)
            messages.found[-1] = f"{hostile.name}: {messages.found[-1]}"


def test_messages_of_keys_that_cannot_be_had(make_alb: Make, balancer: LocalLoadBalancer, messages: Messages) -> None:
    for fault in ({"status": 500}, {"body": b"x"}, {"cut": "silent"}):
        balancer.behave(times=1, **fault)
        with messages.raises(JWKSUnavailableError):
            make_alb().verify(balancer.token())


def test_message_of_a_budget_that_is_used_up(alb: AlbVerifier, balancer: LocalLoadBalancer, messages: Messages) -> None:
    tokens = [balancer.token(header={"kid": f"4f1c0b7e-0000-4000-8000-{number:012}"}) for number in range(6)]
    for token in tokens[:-1]:
        with pytest.raises(CognitoJWTError):
            alb.verify(token)

    with messages.raises(JWKSUnavailableError):
        alb.verify(tokens[-1])


WRONG: dict[str, dict[str, object]] = {
    "no-arn": {"load_balancer_arn": None},
    "other-arn": {"load_balancer_arn": "x"},
    "no-arns": {"load_balancer_arn": []},
    "two-regions": {"load_balancer_arn": [ARN, ARN.replace("eu-central-1", "eu-west-1")], "keys_url": None},
    "china": {
        "load_balancer_arn": ARN.replace("aws:", "aws-cn:").replace("eu-central-1", "cn-north-1"),
        "keys_url": None,
    },
    "plain-http": {"keys_url": "http://keys.example"},
    "query": {"keys_url": "https://keys.example/?x=1"},
    "no-issuer": {"issuer": None},
    "no-url": {"issuer": "x"},
    "no-client": {"client_id": ""},
    "leeway": {"leeway": -1},
    "cache": {"cache_size": -1},
    "revocations": {"revocations": object()},
}


@pytest.mark.parametrize("options", WRONG.values(), ids=WRONG)
def test_messages_of_a_wrong_set_up(make_alb: Make, options: dict[str, object], messages: Messages) -> None:
    with messages.raises(ConfigurationError):
        make_alb(**options)


def test_message_of_an_absent_claim(alb: AlbVerifier, balancer: LocalLoadBalancer, messages: Messages) -> None:
    with messages.raises(MissingClaimError):
        alb.verify(balancer.token())["cognito:groups"]
