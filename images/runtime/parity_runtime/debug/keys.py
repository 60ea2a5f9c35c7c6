"""Ctrl-C, and a prompt that is to be drawn again.

Ctrl-C ends what is typed at a prompt; anywhere else it is noted, and nothing is torn apart half way. What parity tells covers a prompt,
so parity changes the size of the terminal, and back. readline alone would look at the size when it gets to it, which on a busy machine
is afterwards, and find it as it was.
"""

import functools
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
        signal.signal(signal.SIGWINCH, self.draw_again)
        signal.set_wakeup_fd(self.wake, warn_on_full_buffer=False)
        threading.Thread(target=self.insist, daemon=True).start()

    def ignore(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def listen_again(self) -> None:
        signal.signal(signal.SIGINT, self.interrupt)

    def saw(self) -> None:
        """The interpreter sees to all signals that have come."""
        try:
            os.read(self.pending, 64)
        except BlockingIOError:
            pass

    def draw_again(self, *_: "Any") -> None:
        self.saw()
        library = readline_itself() if self.prompting else None
        if library is not None:
            library.rl_resize_terminal()
            library.rl_forced_update_display()

    def interrupt(self, *_: "Any") -> None:
        self.saw()
        if self.prompting:
            self.prompting = False
            raise KeyboardInterrupt
        self.pressed = True

    def insist(self) -> None:
        """readline sees a signal only while it waits for a key. One that came just before would wait for the next key: another one,
        which harms nobody, has it seen."""
        main = threading.main_thread().ident
        while main is not None:
            select.select([self.pending], [], [])
            time.sleep(SEEN_WITHIN)
            if self.prompting and select.select([self.pending], [], [], 0)[0]:
                signal.pthread_kill(main, signal.SIGWINCH)

    def ask(self, prompt: str) -> str:
        """A line of the user's. Raises EOFError at the end of the input, and KeyboardInterrupt for Ctrl-C."""
        self.prompting = True
        try:
            return input(prompt)
        except SystemError as error:
            # Where another signal has come as well, `input` has its handler run with the exception of Ctrl-C set already, and what that
            # handler does is an error of the interpreter's then.
            if is_interrupt(error):
                raise KeyboardInterrupt from None
            raise
        finally:
            self.prompting = False

    def was_pressed(self) -> bool:
        pressed, self.pressed = self.pressed, False
        return pressed


def is_interrupt(error: "BaseException | None") -> bool:
    return error is not None and (isinstance(error, KeyboardInterrupt) or is_interrupt(error.__cause__ or error.__context__))


@functools.cache
def readline_itself() -> "Any":
    """The library, as Python's module has no function for this."""
    try:
        import ctypes
        import readline

        library = ctypes.CDLL(readline.__file__)
        return library if library.rl_resize_terminal and library.rl_forced_update_display else None
    except (ImportError, OSError, AttributeError):
        # It is drawn again with the next key.
        return None
