"""What the agent says: a line for each message."""

import sys

from parity_runtime.protocol.message import Message, for_rust


def say(message: Message) -> None:
    sys.stdout.write(for_rust(message.to_text()) + "\n")
    sys.stdout.flush()
