"""Between a session of `parity up` and the agent in the container: a line of JSON for each order and each event."""

from parity_runtime.protocol.message import Channel, Message

# --- what the agent is told, on stdin -------------------------------------------------------------------------------


class Hello(Message, tag="do", name="hello"):
    """Say what there is."""


class Prepare(Message, tag="do", name="prepare"):
    """Load the code on disk into a slot."""

    generation: int
    # Those that changed, by the digest of what they hold now; null: gone.
    files: dict[str, str | None]
    # Nothing is to be done where the application has written all of them itself.
    unless_own: bool = False


class Commit(Message, tag="do", name="commit"):
    """Send requests there."""

    generation: int


class Discard(Message, tag="do", name="discard"):
    generation: int


class Put(Message, tag="do", name="put"):
    """Write a file of the project."""

    path: str
    # base64
    data: str
    mode: int


class Delete(Message, tag="do", name="delete"):
    path: str


ORDERS = Channel(Hello, Prepare, Commit, Discard, Put, Delete)


# --- what it says, on stdout ----------------------------------------------------------------------------------------


class Generation(Message, tag="did"):
    """Paths are relative to the project."""

    generation: int
    pids: list[int]
    # The traceback that keeps the application, or Django's URLs, from being served; and where it came from.
    error: str | None = None
    kind: str | None = None
    # The project's files that were imported, and those that have changed since.
    read: list[str]
    stale: list[str]
    slot: str | None = None
    # Its processes have read different things.
    divided: bool = False
    preloaded: int = 0


class Greeting(Generation, name="hello"):
    """What there is when a session comes."""


class Loaded(Generation, name="loaded"):
    """The code was loaded into a slot that requests do not go to yet."""


class Serving(Generation, name="serving"):
    """It was loaded, and requests go there."""


class Touched(Message, tag="did", name="touched"):
    """What the application has done with files of the project, as far as that has not been told yet."""

    opened: list[str]
    written: list[str]
    read: list[str] = []
    stale: list[str] = []


class Own(Message, tag="did", name="own"):
    """Nothing is loaded: the application has written all of these files itself."""

    generation: int
    files: list[str]


class Begun(Message, tag="did", name="begun"):
    """There is a slot for it, which loads: what is saved from now on it may not have."""

    generation: int


class Waiting(Message, tag="did", name="waiting"):
    """No process stands by yet."""

    generation: int


class Unseen(Message, tag="did", name="unseen"):
    """The container does not see these files as they were saved."""

    generation: int
    files: list[str]


class Avoided(Message, tag="did", name="avoided"):
    """The import failed, or was not to be trusted, in a process that stood by, and worked otherwise."""

    generation: int
    # Names of modules, or `preload`, `standby`, `held`.
    avoided: list[str]
    why: str
    # How long the other try took.
    millis: int


class Recovered(Message, tag="did", name="recovered"):
    """What failed when it was told works by now."""

    generation: int
    read: list[str]


class Refused(Message, tag="did", name="refused"):
    """An order that could not be read, or carried out."""

    why: str


class Cut(Message, tag="did", name="cut"):
    """Responses that were still going on in a slot that is needed again were cut off."""

    # {"path", "milliseconds"}
    responses: list[dict]  # type: ignore[type-arg]


class RestartWanted(Message, tag="did", name="restart-wanted"):
    """Somebody asks for another container of the same."""


class Memory(Message, tag="did", name="memory"):
    """`agent memory`: what each slot costs."""

    # {"kilobytes", "processes", "active", "failing"}
    slots: dict[str, dict]  # type: ignore[type-arg]


class Files(Message, tag="did", name="files"):
    """`agent files`: which of the project's files the application has imported, opened and written."""

    opened: list[str]
    written: list[str]
    read: list[str]


EVENTS = Channel(
    Greeting, Loaded, Serving, Touched, Own, Begun, Waiting, Unseen, Avoided, Recovered, Refused, Cut, RestartWanted, Memory, Files
)
