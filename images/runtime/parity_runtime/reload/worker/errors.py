"""What an import raised: its traceback for people, and whether any process would have raised it."""

import re
import traceback

from parity_runtime.reload.worker.context import is_machinery, is_own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def is_certain(error: BaseException) -> bool:
    """Would any process fail with this? It comes from a file of the project, of which nothing was imported ahead of time."""
    if isinstance(error, SyntaxError):
        return is_own(error.filename or "")
    if isinstance(error, ImportError) and not isinstance(error, ModuleNotFoundError):
        return is_own(error.path or "")
    if not isinstance(error, (NameError, ModuleNotFoundError)):
        return False
    last = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if not is_machinery(frame.f_code.co_filename):
            last = frame.f_code.co_filename
    return last is not None and is_own(last)


def text_of(error: BaseException) -> str:
    """A traceback without the frames of parity and of Python's import system."""
    summary = traceback.TracebackException(type(error), error, error.__traceback__)
    for one in linked(summary):
        one.stack[:] = [frame for frame in one.stack if not is_machinery(frame.filename)]
    return "".join(summary.format())


def files_of(error: BaseException) -> "set[str]":
    """The project's files that the message names: what was only looked for, by `os.path.exists`, was not opened and may be missing."""
    found: "set[str]" = set()
    for one in linked(error):
        words = re.findall(r"/[^\s'\"<>|,;:()]+", "".join(traceback.format_exception_only(type(one), one)))
        found.update(word for word in (word.rstrip(".]}`") for word in words) if is_own(word))
    return found


def linked(error: "Any") -> "Iterator[Any]":
    """An error, and those that it came from or while they were handled, each once."""
    seen: "set[int]" = set()
    todo: "list[Any]" = [error]
    while todo:
        one = todo.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            todo.extend((one.__cause__, one.__context__))
