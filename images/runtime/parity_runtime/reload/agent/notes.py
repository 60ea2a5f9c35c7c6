"""What the processes have noted of the project's files that they opened or wrote (`touched.py` says how), put together.

What a dead process noted remains in `/run/parity/touched/former`: what the application has opened or written once is
likely to be opened or written again.
"""

import json
import os
import stat
from collections.abc import Iterable

from parity_runtime import disk, layout
from parity_runtime.reload.agent.files import Files
from parity_runtime.reload.agent.slots import Slots

FORMER = "former"
# Of each kind.
MOST = 50_000


class Notes:
    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.files = Files(slots.config.project)
        self.sources = (".py", ".wsgi", slots.config.script or ".py")
        self.opened: set[str] = set()
        self.written: set[str] = set()
        # By process: what it opened, with the time of change and the size that it had then.
        self.by: dict[str, dict[str, list[int | None]]] = {}
        # How far each file has been read.
        self.offsets: dict[str, int] = {}
        # What has not been told yet.
        self.news: dict[str, list[str]] = {"opened": [], "written": []}

    def read(self) -> bool:
        """Reads what is new. Returns whether there was anything."""
        try:
            names = os.listdir(layout.touched())
        except OSError:
            return False
        return any([self.read_file(name) for name in names if name.isdigit() or name == FORMER])

    def read_file(self, name: str) -> bool:
        try:
            size = os.stat(layout.touched(name)).st_size
            if size == self.offsets.setdefault(name, 0):
                return False
            if size < self.offsets.get(name, 0):
                # Of another process with the same number.
                self.forget(name)
            # What is being written has no end of line yet.
            data, end, _ = disk.read(layout.touched(name))[self.offsets.get(name, 0) :].rpartition(b"\n")
        except OSError:
            return False
        self.offsets[name] = self.offsets.get(name, 0) + len(data) + len(end)
        for line in data.splitlines():
            try:
                kind, path, *noted = json.loads(line)
                known = {"opened": self.opened, "written": self.written}[kind]
            except (ValueError, TypeError, KeyError):
                continue
            if path not in known and len(known) < MOST:
                known.add(path)
                self.news[kind].append(self.files.inside(path))
            if kind == "opened":
                self.by.setdefault(name, {}).setdefault(path, noted)
        return bool(data)

    def forget(self, name: str) -> None:
        self.offsets.pop(name, None)
        self.by.pop(name, None)

    def tidy(self) -> None:
        """Takes away what dead processes left behind."""
        self.slots.tidy()
        self.read()
        dead = [name for name in self.offsets if name.isdigit() and not self.slots.alive(int(name))]
        if not dead:
            return
        with open(layout.touched(FORMER) + ".new", "w") as file:
            for kind, paths in (("opened", self.opened), ("written", self.written)):
                file.writelines(json.dumps([kind, path]) + "\n" for path in sorted(paths))
        os.rename(file.name, layout.touched(FORMER))
        self.offsets[FORMER] = os.path.getsize(layout.touched(FORMER))
        for name in dead:
            disk.remove(layout.touched(name))
            self.forget(name)

    def wrote(self, path: str) -> bool:
        """Has the application written a file, or a directory that it is in?"""
        while path not in self.written:
            path = os.path.dirname(path)
            if path in ("", "/"):
                return False
        return True

    def stale(self, pids: Iterable[int]) -> set[str]:
        """What processes have opened and what has changed since, other than by the application itself."""
        stale: set[str] = set()
        for pid in pids:
            for path, noted in self.by.get(str(pid), {}).items():
                if noted and path not in stale and stamp(path) != noted and not self.wrote(path):
                    stale.add(path)
        return stale

    def may_be_own(self, path: str) -> bool:
        """Can a change of this file be none for the processes? Known without a look at them."""
        return self.wrote(path) or not path.endswith(self.sources)

    def is_own(self, path: str, pids: Iterable[int]) -> bool:
        """Is a change of this file none for these processes: by the application itself, or before they opened it?"""
        if self.wrote(path):
            return True
        if path.endswith(self.sources):
            # It may have been imported before, and was opened for a traceback.
            return False
        found = [self.by.get(str(pid), {}).get(path) for pid in pids]
        return bool(found) and all(noted == stamp(path) for noted in found)

    def take_news(self) -> dict[str, list[str]] | None:
        """What has not been told yet, relative to the project; `None`: nothing."""
        news, self.news = self.news, {"opened": [], "written": []}
        return news if any(news.values()) else None

    def everything(self) -> dict[str, list[str]]:
        self.take_news()
        return {"opened": sorted(map(self.files.inside, self.opened)), "written": sorted(map(self.files.inside, self.written))}


def stamp(path: str) -> list[int | None]:
    try:
        found = os.stat(path)
    except OSError:
        return [None, None]
    # Where a directory has taken the place of nothing, still no file can be read.
    return [found.st_mtime_ns, found.st_size] if stat.S_ISREG(found.st_mode) else [None, None]
