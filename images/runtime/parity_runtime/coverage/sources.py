"""What the project's files were like when lines of them ran in this process: the report counts only those that still are.

With a reload the worker has noted of each file what it imported. Otherwise a file that has changed since the process began may have
been imported before or after that, so that nothing is said of it.
"""

import os
import sys
import time

try:
    from _sha2 import sha256
except ImportError:
    try:
        from _sha256 import sha256
    except ImportError:
        from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

# What the worker of a reload knows of imported files: path -> [digest, …].
WORKER = "parity_runtime.reload.worker.modules"
# The start of a process is told in hundredths of a second, and rounded down.
GRAIN = 0.02


class Sources:
    def __init__(self, project: str) -> None:
        # Files whose import had begun before it was measured which lines run.
        self.before = sorted(imported(project))
        self.began = began()
        # None: what ran is not known for certain.
        self.digests: "dict[str, str | None]" = {}
        self.look(self.before)

    def look(self, paths: "Iterable[str]") -> bool:
        """Takes in files of which lines have run. Returns whether any is new."""
        new = [path for path in paths if path not in self.digests]
        self.digests.update((path, self.digest(path)) for path in new)
        return bool(new)

    def digest(self, path: str) -> "str | None":
        read = getattr(sys.modules.get(WORKER), "read", {}).get(path)
        if read:
            return str(read[0])
        try:
            stat = os.stat(path)
            if max(stat.st_mtime, stat.st_ctime) > self.began:
                return None
            with open(path, "rb") as file:
                return str(sha256(file.read()).hexdigest())
        except OSError:
            return None


def imported(project: str) -> "set[str]":
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    return {file for file in files if isinstance(file, str) and file.startswith(project + "/") and file.endswith(".py")}


def began() -> float:
    """When this process did, as files tell the time."""
    with open("/proc/self/stat") as file:
        # The name, in parentheses, may have any character.
        ticks = float(file.read().rpartition(")")[2].split()[19])
    with open("/proc/uptime") as file:
        up = float(file.read().split()[0])
    return time.time() - up + ticks / os.sysconf("SC_CLK_TCK") - GRAIN
