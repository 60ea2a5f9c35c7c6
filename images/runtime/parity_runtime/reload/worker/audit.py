"""What happens in this process, as Python's audit events tell it. One hook for all who listen: it cannot be taken away
again, and is asked about each event of the process.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Listener = Callable[[str, tuple[Any, ...]], None]

# What listens to an event: functions of its arguments.
listeners: "dict[str, tuple[Listener, ...]]" = {}


def listen(function: "Listener", *events: str) -> None:
    """Calls `function(event, arguments)` with each of these events, in the thread where it happens, before it does."""
    for event in events:
        listeners[event] = (*listeners.get(event, ()), function)


def hook(event: str, arguments: "tuple[Any, ...]", listeners: "dict[str, tuple[Listener, ...]]" = listeners) -> None:
    # What a hook raises would keep the application from what it is about to do.
    for function in listeners.get(event, ()):
        try:
            function(event, arguments)
        except Exception:
            pass


def begin() -> None:
    sys.addaudithook(hook)
