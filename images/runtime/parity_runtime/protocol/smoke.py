"""What the validator says on stderr, and who asks it by headers."""

from parity_runtime.protocol.message import Message

# What a line on stderr that is for parity starts with; JSON follows. A record separator is in nobody's text.
MARK = "\x1eparity "

# The header that asks the validator: who answers, what reached the application, or for that answer.
PROBE = "HTTP_PARITY_PROBE"
WHO, SEE, ANSWERS = "1", "see", ("answer 200", "answer 204", "answer 304", "answer 500")
# Those of the answer.
PROCESS, THREAD, SAW = "Parity-Process", "Parity-Thread", "Parity-Saw"


class Finding(Message):
    """Something between the server and the application that is not WSGI."""

    # Its kind: `body-not-bytes`.
    wsgi: str
    # This server and most others get along with it.
    note: bool
    method: str
    path: str
    text: str
    # `/app/views.py:31`
    place: str | None
    pid: int


# --- how the application is loaded ----------------------------------------------------------------------------------


class LoadSettings(Message):
    """The argument of `run.py load`, from Rust."""

    # Production's script, where it is run, and the directories of python-path.
    handler: str
    working_directory: str
    python_path: list[str]
    # `django`, `flask`, or neither.
    framework: str | None
    manage_py: str | None
    # module or module:callable; none of a script.
    app: str | None
    # That each way may take.
    seconds: float
    # What the server's settings are, for manage.py to fall back to.
    django_settings: str | None = None


class Loaded(Message):
    """What it says on stdout, behind the mark: what each way met. Rust has the words of that (`src/runtime/protocol/load.rs`)."""

    server: dict  # type: ignore[type-arg]
    # None: the project has no development server.
    development: dict | None  # type: ignore[type-arg]
