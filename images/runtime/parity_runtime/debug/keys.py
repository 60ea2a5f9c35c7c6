"""Ctrl-C. It ends what is typed at a prompt; anywhere else it is noted, and nothing is torn apart half way."""

import os
import select
import signal
import threading
import time

# Seconds. Long enough for Python to see to a signal that came before readline listened.
SEEN_WITHIN = 0.05

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Keys:
    def __init__(self) -> None:
        # Somebody types at a prompt.
        self.prompting = False
        self.pressed = False
        # Signals that the interpreter has not seen to yet.
        self.pending, self.wake = os.pipe()

    def listen(self) -> None:
        for end in (self.pending, self.wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGINT, self.interrupt)
        signal.set_wakeup_fd(self.wake, warn_on_full_buffer=False)
        threading.Thread(target=self.insist, daemon=True).start()

    def ignore(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def listen_again(self) -> None:
        signal.signal(signal.SIGINT, self.interrupt)

    def interrupt(self, *_: "Any") -> None:
        try:
            os.read(self.pending, 64)
        except BlockingIOError:
            pass
        if self.prompting:
            self.prompting = False
            raise KeyboardInterrupt
        self.pressed = True

    def insist(self) -> None:
        """readline sees a signal only while it waits for a key. One that came just before would wait for the next key."""
        main = threading.main_thread().ident
        while main is not None:
            select.select([self.pending], [], [])
            time.sleep(SEEN_WITHIN)
            if self.prompting and select.select([self.pending], [], [], 0)[0]:
                signal.pthread_kill(main, signal.SIGINT)

    def was_pressed(self) -> bool:
        pressed, self.pressed = self.pressed, False
        return pressed
