"""Between the debugger's console and a process that serves: a line of JSON each way, at debug/PID.sock."""

from parity_runtime.protocol.message import Channel, Message

# The console's exit code where another one was there before.
BUSY = 3

# The variable that `Mode` is in.
VARIABLE = "PARITY_DEBUG"

# What is written to debug/PID.pipe: the console comes, the probe, the profiler, or the recorder is turned on or off.
COVERAGE, DEBUG, PROBE, PROFILE, RECORD = "coverage", "debug", "probe", "profile", "record"


class Settings(Message):
    """The console's argument, from Rust."""

    # {"at": "mysite/views.py:42", "if": "x > 1"}
    breakpoints: list[dict]  # type: ignore[type-arg]
    # Stop where an exception is raised?
    errors: bool
    # The server was there before, and stays.
    attach: bool
    # {"method", "path", "data"}: to be made as soon as there is somebody to stop it.
    request: dict | None  # type: ignore[type-arg]


class Mode:
    """The variable `PARITY_DEBUG`: what is waited for before the application is imported."""

    def __init__(self, startup: bool, port: int | None) -> None:
        # A prompt, or an IDE, before the application is imported.
        self.startup = startup
        # An IDE's, by the debug adapter protocol.
        self.port = port

    @classmethod
    def read(cls, text: str) -> "Mode":
        """`wait`, `startup`, `dap:PORT` or `dap:PORT:startup`."""
        kind, _, rest = text.partition(":")
        if kind == "dap":
            port, _, when = rest.partition(":")
            return cls(when == "startup", int(port))
        return cls(kind == "startup", None)


# --- to a process ---------------------------------------------------------------------------------------------------


class Arm(Message, tag="do", name="arm"):
    """Stop at exceptions and breakpoints from now on."""

    # {"at", "if", "text"}; with the text of its line a breakpoint is found again in changed code
    breakpoints: list[dict]  # type: ignore[type-arg]
    errors: bool


class Interrupt(Message, tag="do", name="interrupt"):
    """Stop what runs."""


class Idle(Message, tag="do", name="idle"):
    """A prompt where nothing runs."""


class Line(Message, tag="do", name="line"):
    """The answer to a prompt."""

    text: str


class Cancel(Message, tag="do", name="cancel"):
    """Ctrl-C at a prompt."""


class EndOfInput(Message, tag="do", name="end-of-input"):
    """Ctrl-D at a prompt."""


class Complete(Message, tag="do", name="complete"):
    """What could this become? `before` is the line up to there."""

    text: str
    before: str


TO_PROCESS = Channel(Arm, Interrupt, Idle, Line, Cancel, EndOfInput, Complete)


# --- to the console -------------------------------------------------------------------------------------------------


class Armed(Message, tag="did", name="armed"):
    breakpoints: list[dict]  # type: ignore[type-arg]
    # Those that could not be set, and why.
    refused: list[str]


class Interrupted(Message, tag="did", name="interrupted"):
    # Does anything run that will stop?
    running: bool
    # How new the application is.
    generation: int = 0


class Stopped(Message, tag="did", name="stopped"):
    what: str
    # A debugger of its own has the terminal.
    terminal: bool = False


class Output(Message, tag="did", name="output"):
    text: str


class Prompt(Message, tag="did", name="prompt"):
    text: str


class Completions(Message, tag="did", name="completions"):
    found: list[str]


class Resumed(Message, tag="did", name="resumed"):
    breakpoints: list[dict]  # type: ignore[type-arg]


class Ended(Message, tag="did", name="ended"):
    """The user quit at a prompt that belongs to no request."""


class Busy(Message, tag="did", name="busy"):
    """Instead of `armed`: another console is there."""


TO_CONSOLE = Channel(Armed, Interrupted, Stopped, Output, Prompt, Completions, Resumed, Ended, Busy)
