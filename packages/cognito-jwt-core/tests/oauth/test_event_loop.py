"""A sign-in never blocks the event loop, and a task that gives up takes no other one with it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable

from cognito_jwt_core.oauth import TokenSet
from cognito_test_kit.scripted_login import CODE, NONCE, REDIRECT_URI, VERIFIER, Answer, Received, ScriptedLogin

TICK_SECONDS = 0.01


async def ticks_during(work: Awaitable[object]) -> int:
    """Return how often another task of the loop ran meanwhile."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(TICK_SECONDS)
            ticks += 1

    ticking = asyncio.create_task(tick())
    try:
        await work
    finally:
        ticking.cancel()
    return ticks


def test_the_loop_goes_on_while_an_endpoint_is_slow(scripted: ScriptedLogin) -> None:
    def slow(answer: Answer) -> Answer:
        return Answer(status=answer.status, body=answer.body, delay_seconds=0.5)

    scripted.answers[scripted.discovery_path] = slow(Answer(body=scripted.discovery()))
    scripted.answers["/oauth2/token"] = slow(Answer(body=scripted.tokens()))

    def secret() -> str:
        time.sleep(0.5)  # as a service for secrets may
        return "the-secret"

    client = scripted.client(domain=None, client_secret=secret)
    exchange = client.exchange_code_async(CODE, redirect_uri=REDIRECT_URI, code_verifier=VERIFIER, nonce=NONCE)

    assert asyncio.run(ticks_during(exchange)) > 20  # of about 150


def test_a_task_that_is_cancelled_takes_no_other_one_with_it(scripted: ScriptedLogin) -> None:
    held, arrived = threading.Event(), threading.Event()

    def answer(request: Received) -> Answer:
        arrived.set()
        held.wait(10)
        return Answer(body=scripted.tokens(identity={"nonce": "the-nonce"}))

    scripted.answers["/oauth2/token"] = answer
    client = scripted.client()

    async def both() -> TokenSet:
        given_up, other = (asyncio.create_task(client.refresh_async(token)) for token in ("R1", "R2"))
        await asyncio.to_thread(arrived.wait, 10)
        given_up.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await given_up
        held.set()
        return await other

    assert asyncio.run(both()).claims.username == "alice"
    assert client.refresh("R3").claims.username == "alice"  # nothing backs off
