"""What the kernel says of a thread of another process: whether it runs or wants to, waits for the GIL, or waits for something else."""

from __future__ import annotations

import os

# The number of the system call `futex`, as /proc says it.
FUTEX = {"x86_64": b"202 ", "aarch64": b"98 "}.get(os.uname().machine)
# Bytes around the address where one was seen waiting: a condition variable has two, and CPython has two of those side by side.
AROUND = 256
# Files that are held open, one for each thread.
MOST_FILES = 512

RUNS, WANTS_GIL, WAITS = range(3)


class Kernel:
    """`gil`: where the interpreter's lock is, at which its threads wait."""

    def __init__(self, pid: int, gil: int) -> None:
        self.pid = pid
        self.gil = gil
        self.calls: dict[int, int | None] = {}
        self.clocks: dict[int, int | None] = {}

    def open(self, files: dict[int, int | None], tid: int, name: str) -> int | None:
        """A file that is held open, if the kernel lets it be read."""
        if tid not in files:
            files[tid] = None
            if len(files) < MOST_FILES:
                try:
                    files[tid] = os.open("/proc/%d/task/%d/%s" % (self.pid, tid, name), os.O_RDONLY | os.O_CLOEXEC)
                except OSError:
                    pass
        return files[tid]

    def state(self, tid: int) -> int | None:
        """`None`: nobody knows."""
        file = self.open(self.calls, tid, "syscall")
        if file is None:
            return None
        try:
            said = os.pread(file, 64, 0)
        except OSError:
            return None
        if said.startswith(b"running"):
            return RUNS
        if not said:
            return None
        return WANTS_GIL if FUTEX and said.startswith(FUTEX) and 0 <= address_in(said) - self.gil < AROUND else WAITS

    def times(self, tid: int) -> tuple[int, int] | None:
        """For how long, in ns, it has run until now, and for how long it was ready to and had no CPU."""
        file = self.open(self.clocks, tid, "schedstat")
        if file is None:
            return None
        try:
            ran, queued = os.pread(file, 100, 0).split()[:2]
            return int(ran), int(queued)
        except (OSError, ValueError):
            return None

    def forget(self, tid: int) -> None:
        for files in (self.calls, self.clocks):
            file = files.pop(tid, None)
            if file is not None:
                os.close(file)


def address_in(said: bytes) -> int:
    """The first argument of a system call: `202 0x7f… 0x80 …`."""
    try:
        return int(said.split(b" ", 2)[1], 16)
    except (IndexError, ValueError):
        return 0
