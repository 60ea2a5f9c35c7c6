"""Between the agent and the processes of the slots, and what Rust says to both: `reload.json`."""

from parity_runtime.protocol.message import Channel, Message


class Config(Message):
    """`/etc/parity/reload.json`, which Rust writes."""

    # Their names: the one that serves first, and those that take turns with it.
    slots: list[str]
    # Processes of each.
    processes: int
    # May third-party modules be imported ahead of time?
    preload: bool
    # Seconds that requests have to be finished.
    graceful_timeout: int
    # Where the project is in the container, and on the user's machine.
    project: str
    root: str
    # The application's script, or the package that is the application, if it is that.
    script: str | None
    package: str | None
    # What Apache listens on in the container.
    port: int


# --- orders to a process: a datagram at its socket ------------------------------------------------------------------


class Load(Message, tag="do", name="load"):
    """Import the application, for this generation."""

    generation: int


class TellModules(Message, tag="do", name="modules"):
    """Say what can be done ahead of time: `Plan`, in modules/PID."""


class TellRequests(Message, tag="do", name="requests"):
    """Say what is under way: `Requests`, in requests/PID."""

    number: int


ORDERS = Channel(Load, TellModules, TellRequests)


# --- what a process says: files -------------------------------------------------------------------------------------


class State(Message):
    """slots/SLOT/PID: what it is doing."""

    # standby, loading, loaded, failed
    doing: str
    generation: int
    # The traceback that keeps the application from being served, and where it came from: import, urls, died.
    error: str | None = None
    kind: str | None = None
    # Modules that were imported, or read, ahead of time.
    preloaded: int = 0
    # Why what it has imported may not be what another process would have.
    doubt: str | None = None
    # Modules imported ahead of time that may be to blame; "*": nobody knows which.
    blamed: list[str] = []
    # Does the doubt come from what was imported ahead of time, whether or not the import failed?
    outdated: bool = False
    # The project's files that it has imported, once that is done: path -> [digest, time of change in nanoseconds, size].
    read: dict | None = None  # type: ignore[type-arg]


class Plan(Message):
    """modules/PID, and preload.json: what a process that stands by can do."""

    # [name, origin, what it is like]
    modules: list[list]  # type: ignore[type-arg]
    # Names that those may import.
    known: list[str]
    # Sources whose bytecode is to be read.
    files: list[str]


class Requests(Message):
    """requests/PID: the answer to `TellRequests`."""

    asked: int
    # {"path", "streaming", "sized", "events"}
    requests: list[dict]  # type: ignore[type-arg]


class Died(Message):
    """died: the generation that is not imported again, as a process did not survive that."""

    generation: int
    error: str | None


class Began(Message):
    """The first line of slots/SLOT/PID.loading."""

    generation: int
    # By the agent, and not because the process has started.
    ordered: bool
