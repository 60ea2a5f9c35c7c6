"""What an import raised: its traceback for people, and whether any process would have raised it."""

import traceback

from parity_runtime.reload.worker.context import is_machinery, is_own

TYPE_CHECKING = False
if TYPE_CHECKING:
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
    seen: "set[int]" = set()
    todo: "list[Any]" = [summary]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        kept = [frame for frame in one.stack if not is_machinery(frame.filename)]
        one.stack[:] = kept
        todo.extend((one.__cause__, one.__context__))
    return "".join(summary.format())
