"""Run a check in a forked child, in programs that tests start."""

import os
import sys
import time
from collections.abc import Callable


def in_child(check: Callable[[], object], fork: Callable[[], int] = os.fork) -> int:
    """Call `check` in a forked child. The child exits with 1 if `check` raises an exception, and otherwise with 0.

    Args:
        check: Function to call.
        fork: Function that forks, for example without Python's hooks.

    Returns:
        The child's process id.
    """
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
    """Wait until a child has ended. If that takes more than 20 seconds, kill it and exit this program.

    Args:
        child: The child's process id.
    """
    deadline = time.monotonic() + 20
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, 9)
            sys.exit("the child hangs")
        time.sleep(0.005)
