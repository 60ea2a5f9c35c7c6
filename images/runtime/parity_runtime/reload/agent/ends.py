"""How processes end that import the application, noticed while it can still be seen: until Apache asks, which takes up to a second."""

import os
import select


class Ends:
    """Descriptors of processes, in one that can be waited for."""

    def __init__(self) -> None:
        self.epoll = select.epoll()
        self.watched: dict[int, tuple[int, str]] = {}
        self.statuses: dict[int, int | None] = {}

    def fileno(self) -> int:
        return self.epoll.fileno()

    def add(self, pid: int, mark: str) -> None:
        """`mark` is the file that says that the process imports the application."""
        if (pid, mark) in self.watched.values():
            return
        try:
            descriptor = os.pidfd_open(pid)
        except (OSError, AttributeError):
            # Who looks from time to time sees most of it as well.
            return
        self.watched[descriptor] = pid, mark
        self.epoll.register(descriptor, select.EPOLLIN)

    def look(self) -> None:
        for descriptor, _ in self.epoll.poll(0):
            pid, mark = self.watched.pop(descriptor)
            if os.path.exists(mark):
                self.statuses[pid] = status_of(pid)
            os.close(descriptor)

    def status(self, pid: int) -> int | None:
        """How a process ended, as `os.waitpid` would tell it; `None` where that is not known."""
        self.look()
        status = self.statuses.pop(pid, None)
        return status_of(pid) if status is None else status


def status_of(pid: int) -> int | None:
    try:
        with open("/proc/%d/stat" % pid) as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return int(fields[49]) if fields[0] in "ZX" else None
    except (OSError, IndexError, ValueError):
        return None
