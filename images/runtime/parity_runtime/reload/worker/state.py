"""What this process is doing. There is one application in a process, and so one of this."""

import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class State:
    lock = threading.RLock()
    doing = "standby"
    generation = 0
    application: "Any" = None
    # The text of the traceback that keeps it from being served, or that its URLs raised.
    error: "str | None" = None
    # What another try in this process failed with, where that is something else.
    later: "str | None" = None
    kind: "str | None" = None
    # It stood by before it imported the application.
    stood_by = False
    preloaded = 0
    # Why what it has imported may not be what another process would: nobody is answered by it then.
    doubt: "str | None" = None
    # Modules imported ahead of time that may be to blame; "*": nobody knows which.
    blamed: "list[str]" = []
    # Does the doubt come from what was imported ahead of time, whether or not the import failed?
    outdated = False
    # What was imported ahead of time is out of the collector's sight.
    frozen = False
    # What has been told already: by the log, or by who ordered the import. Each request tries again.
    logged: "str | None" = None
