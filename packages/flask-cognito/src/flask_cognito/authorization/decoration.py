"""Record which decorator wraps which function, to detect a route that uses the unwrapped function."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from traceback import walk_stack
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask_cognito.authorization.requirement import Access

_AROUND = "__cognito_around__"
_GUARD = "__cognito_guard__"
_OPENED = "__cognito_opened_by_call__"

# Attributes that these caches set on the function that answers from memory: Flask-Caching, aiocache, cachetools,
# functools and dogpile.cache.
_OF_CACHES = frozenset({"uncached", "cache", "cache_key", "cache_parameters", "invalidate"})

# The app's own decorator may call ours through a few helper functions.
_MOST_FRAMES = 12


@dataclass(frozen=True)
class Decoration:
    """One guard around one function.

    Attributes:
        function_id: The function.
        access: The requirements of the guard.
        is_syntax: Whether it was written as ``@decorator``. Then the name refers to the guard, and a route with the
            unwrapped function is a mistake. A call may be meant for another route, or for another app.
    """

    function_id: int
    access: Access
    is_syntax: bool


def note_guard(function: Any, guard: Any, access: Access, *, is_repair: bool = False) -> None:
    """Record that `guard` wraps `function`.

    Args:
        function: The function.
        guard: The guard.
        access: The requirements of the guard.
        is_repair: Whether the app's code does not contain this guard, so that no other route is expected to have it.
    """
    target = getattr(function, "__func__", function)
    decoration = Decoration(id(target), access, is_being_defined(target))
    # `functools.wraps` copies attributes to wrappers, so each entry names its owner.
    setattr(guard, _GUARD, (id(guard), decoration))
    if not is_repair and hasattr(target, "__dict__"):
        setattr(target, _AROUND, (id(target), frozenset({*_around(target), decoration})))


def is_guard(function: Any) -> bool:
    """Return whether a call of this goes straight to a guard, and not to another function around one."""
    inner = function.func if isinstance(function, partial) else getattr(function, "__func__", function)
    if not isinstance(inner, FunctionType):
        inner = getattr(type(inner), "__call__", None)  # noqa: B004 - an object that is called like a function
    return isinstance(inner, FunctionType) and _of_guard(inner) is not None


def note_opened(function: Any) -> None:
    """Record that a call has marked this function as public, for every route that uses it."""
    if isinstance(function, FunctionType) and not is_being_defined(function):
        setattr(function, _OPENED, id(function))


def opened_by_call(view: Any) -> int | None:
    """Return the id of the function in a view that a call has marked as public."""
    found: int | None = getattr(view, _OPENED, None)
    return found


def guards_in(function: Any) -> Iterator[Decoration]:
    """Yield the guards among a function and the functions that it wraps."""
    for part in _unwrapped(function):
        decoration = _of_guard(part)
        if decoration is not None:
            yield decoration


def guards_behind_a_cache(function: Any) -> list[Access]:
    """Return the requirements of guards that a cache wraps. It returns a stored response without calling them."""
    before: set[Access] = set()
    behind: list[Access] = []
    is_behind = False
    for part in _unwrapped(function):
        is_behind = is_behind or _is_cache(part)
        decoration = _of_guard(part)
        if decoration is None or decoration.access in before:
            continue
        if is_behind:
            behind.append(decoration.access)
        before.add(decoration.access)
    return behind


def guards_around(function: Any) -> Iterator[Decoration]:
    """Yield the guards that wrap a function, or a function inside it."""
    for part in _unwrapped(function):
        yield from _around(part)


def without_cache(function: Any) -> Any:
    """Return the function inside the outermost cache, or the function itself."""
    while hasattr(function, "__dict__") and _is_cache(function) and _inner(function) is not None:
        function = _inner(function)
    return function


def _of_guard(part: Any) -> Decoration | None:
    owner_id, decoration = vars(part).get(_GUARD, (None, None))
    return decoration if owner_id == id(part) else None


def _is_cache(part: Any) -> bool:
    own, inner = vars(part), _inner(part)
    copied = vars(inner) if hasattr(inner, "__dict__") else {}
    return any(own[name] is not copied.get(name) for name in own.keys() & _OF_CACHES)


def _around(part: Any) -> frozenset[Decoration]:
    owner_id, decorations = vars(part).get(_AROUND, (None, frozenset()))
    return decorations if owner_id == id(part) else frozenset()


def _unwrapped(function: Any) -> Iterator[Any]:
    part = getattr(function, "__func__", function)
    while hasattr(part, "__dict__"):
        yield part
        part = _inner(part)


def _inner(part: Any) -> Any:
    inner = part.func if isinstance(part, partial) else vars(part).get("__wrapped__")
    return getattr(inner, "__func__", inner)


def is_being_defined(function: Any) -> bool:
    """Return whether this function is being decorated now: a caller's current line lies in the lines above its body."""
    innermost = function
    for innermost in _unwrapped(function):  # noqa: B007 - the last one is what is asked for
        pass
    code = getattr(innermost, "__code__", None)
    if code is None:
        return False
    lines = [line for _, _, line in code.co_lines() if line is not None and line > code.co_firstlineno]
    body = min(lines, default=code.co_firstlineno)
    return any(
        frame.f_code.co_filename == code.co_filename and code.co_firstlineno <= frame.f_lineno <= body
        for frame, _ in islice(walk_stack(sys._getframe()), _MOST_FRAMES)  # noqa: SLF001 - of the callers
    )
