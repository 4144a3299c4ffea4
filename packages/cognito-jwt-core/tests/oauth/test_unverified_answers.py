"""Answers of the token endpoint that wait for their keys: few, and shared by all threads."""

from collections import OrderedDict

from cognito_jwt_core.oauth.answers import TokenAnswer
from cognito_jwt_core.oauth.unverified import UnverifiedAnswers
from cognito_test_kit.threads import race

MOST = 1024


def answer(number: int) -> TokenAnswer:
    return TokenAnswer(f"access-{number}", None, f"refresh-{number}")


def test_an_answer_is_taken_once() -> None:
    answers = UnverifiedAnswers()
    answers.hold("old", answer(1))

    assert answers.take("old") == answer(1)
    assert answers.take("old") is None


def test_the_oldest_goes_first() -> None:
    answers = UnverifiedAnswers()
    for number in range(MOST + 2):
        answers.hold(str(number), answer(number))

    assert [answers.take(str(number)) for number in range(2)] == [None, None]
    assert answers.take("2") == answer(2)


def test_threads_share_it_and_none_fails() -> None:
    """While keys cannot be fetched, each refresh of each thread ends here. A lost answer signs a user out."""
    answers = UnverifiedAnswers()
    for number in range(MOST):
        answers.hold(str(number), answer(number))

    def work(name: int) -> None:
        for number in range(20_000):
            answers.hold(f"{name}-{number}", answer(number))

    race(work)

    assert len(answers._answers) == MOST  # noqa: SLF001  its bound


class Emptied(OrderedDict[bytes, TokenAnswer]):
    """A memory that other threads empty between a look at its length and the next step."""

    def popitem(self, last: bool = True) -> tuple[bytes, TokenAnswer]:
        self.clear()
        return super().popitem(last)


def test_a_memory_that_other_threads_emptied_is_not_emptied_further() -> None:
    answers = UnverifiedAnswers()
    answers._answers = memory = Emptied()  # noqa: SLF001  its subject
    for number in range(MOST + 1):
        answers.hold(str(number), answer(number))

    assert len(memory) == 0
