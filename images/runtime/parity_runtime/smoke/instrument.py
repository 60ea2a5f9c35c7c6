"""Puts the validator between mod_wsgi and the application, request by request.

The process is one of the very server that `parity smoke` checks, and the application the object that production's handler script has.
"""

from parity_runtime.smoke import validator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from parity_runtime.instruments import Runtime


class Instrument:
    def __init__(self) -> None:
        # The application that was wrapped last, and the wrapper: there is one application in a process.
        self.last: "tuple[Any, Any]" = (None, None)

    def look_at(self, name: str, application_object: "Any" = None, **_: "Any") -> "dict[str, Any] | None":
        if name != "request_started" or application_object is None:
            return None
        application, wrapper = self.last
        if application is not application_object:
            wrapper = validator.wrap(application_object)
            self.last = (application_object, wrapper)
        return {"application_object": wrapper}


def install(runtime: "Runtime") -> None:
    runtime.listen("validator", Instrument().look_at)
