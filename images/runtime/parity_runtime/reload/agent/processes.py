"""Processes as `/proc` shows them."""

import os

from parity_runtime import disk


def alive(pid: int) -> bool:
    try:
        return disk.read("/proc/%d/stat" % pid).rsplit(b")", 1)[1].split()[0] not in b"ZX"
    except (OSError, IndexError):
        return False


def running(slot: str) -> list[int]:
    """The slot's processes by their ids, as Apache started them: those that have not said anything yet are there too."""
    title = ("(wsgi:%s)" % slot).encode()
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/cmdline" % name, "rb") as file:
                    if file.read(64).startswith(title) and alive(int(name)):
                        found.append(int(name))
            except OSError:
                pass
    return found


def proportional(pid: int) -> int:
    """Kilobytes of a process: its share of what several have in common, if the system tells."""
    for name, key in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        try:
            with open("/proc/%d/%s" % (pid, name)) as file:
                for line in file:
                    if line.startswith(key):
                        return int(line.split()[1])
        except OSError:
            pass
    return 0


def send(pids: "list[int] | set[int]", number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            pass
