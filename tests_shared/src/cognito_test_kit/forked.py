"""Forked children that check something, for programs that tests run."""

import os
import sys
import time
from collections.abc import Callable


def in_child(check: Callable[[], object], fork: Callable[[], int] = os.fork) -> int:
    """Call `check` in a forked child, which ends with 1 if it raises. Return the child's process id."""
    child = fork()
    if child == 0:
        try:
            check()
        except BaseException as error:  # noqa: BLE001
            sys.stderr.write(f"child: {error!r}\n")
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    return child


def waited_for(child: int) -> None:
    """Wait for a child, and end this program if it hangs."""
    deadline = time.monotonic() + 20
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, 9)
            sys.exit("the child hangs")
        time.sleep(0.005)
