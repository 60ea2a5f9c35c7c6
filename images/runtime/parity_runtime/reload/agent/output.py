"""What the agent says: a line for each message."""

import sys

from parity_runtime.protocol.message import Message


def say(message: Message) -> None:
    sys.stdout.write(message.to_text() + "\n")
    sys.stdout.flush()
