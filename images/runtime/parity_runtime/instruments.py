"""What parity has beside an application in the processes that serve it: instruments, each installed only where it is wanted.

An instrument is a module with `install(runtime)`. It hears mod_wsgi's events through the runtime, in the order that is declared
here, and may replace the application of a request at `request_started`: the handler script is production's in every profile.

As each event costs microseconds, mod_wsgi is asked for them only while an instrument listens.
"""

import _thread

import mod_wsgi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Listener = Callable[..., "dict[str, Any] | None"]

# Those that wrap the application at `request_started` do it in this order: the first is nearest to the application, as
# the validator and the recorder are to see what the application does, and not what a debugger makes of it.
ORDER = ("validator", "record", "debug")

# The key of a request's data that is true while the request stops at a prompt of the debugger's.
AT_PROMPT = "parity.prompt"


class Runtime:
    """What instruments share in a process."""

    def __init__(self) -> None:
        self._listeners: "dict[str, Listener]" = {}
        self._changing = _thread.allocate_lock()
        self._changed: "list[Callable[[Any], None]]" = []
        # How new the application is: counted by whoever reloads it.
        self.generation: "Callable[[], int]" = lambda: 1

    def listen(self, instrument: str, listener: "Listener") -> None:
        """Has `listener(name, **event)` called with each event of mod_wsgi's, in the request's thread. What one returns is in the event of
        those after it."""
        with self._changing:
            known = {**self._listeners, instrument: listener}
            self._subscribe({name: known[name] for name in (*ORDER, *known) if name in known})

    def ignore(self, instrument: str) -> None:
        with self._changing:
            self._subscribe({name: listener for name, listener in self._listeners.items() if name != instrument})

    def listens(self, instrument: str) -> bool:
        return instrument in self._listeners

    def _subscribe(self, listeners: "dict[str, Listener]") -> None:
        # In one step, as requests are under way, and before those that the application subscribes. mod_wsgi calls them itself: a function
        # of parity's in between takes microseconds of each event.
        mod_wsgi.event_callbacks[: len(self._listeners)] = listeners.values()
        self._listeners = listeners

    def when_application_changes(self, function: "Callable[[Any], None]") -> None:
        self._changed.append(function)

    def tell_application(self, application: "Any") -> None:
        """Requests are answered by another application from now on."""
        for function in self._changed:
            function(application)


def load(name: str) -> "Any":
    """The module of an instrument. Nothing of the others is imported."""
    if name == "coverage":
        from parity_runtime.coverage import instrument as coverage

        return coverage
    if name == "debug":
        from parity_runtime.debug import hook

        return hook
    if name == "reload":
        from parity_runtime.reload.worker import main

        return main
    if name == "validator":
        from parity_runtime.smoke import instrument

        return instrument
    if name == "record":
        import sys

        from parity_runtime import layout

        # A package of its own beside this one.
        place = layout.recorder()
        sys.path.insert(0, place)
        try:
            from parity_record import serving
        finally:
            sys.path.remove(place)
        return serving
    raise ValueError("parity has no instrument %s" % name)


def install(names: "list[str]") -> Runtime:
    """Installs instruments, in the order of their names. One that fails keeps nobody from the others."""
    runtime = Runtime()
    failed = None
    for name in names:
        try:
            load(name).install(runtime)
        except Exception as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return runtime
