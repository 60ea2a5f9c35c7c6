"""What the validator says on stderr, and who asks it by headers."""

from parity_runtime.protocol.message import Message

# What a line on stderr that is for parity starts with; JSON follows. A record separator is in nobody's text.
MARK = "\x1eparity "

# Asks the validator: `1` for the process, `see` for what reached the application, `answer 204` for that answer.
PROBE = "HTTP_PARITY_PROBE"
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
