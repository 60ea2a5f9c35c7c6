"""The project's files as the container sees them."""

import base64
import hashlib
import os

from parity_runtime import disk, layout


class Files:
    def __init__(self, project: str) -> None:
        self.project = project

    def path(self, inside: str) -> str:
        return "%s/%s" % (self.project, inside)

    def inside(self, path: str) -> str:
        """Relative to the project."""
        return path[len(self.project) + 1 :] if path.startswith(self.project + "/") else path

    def place_of(self, inside: str) -> str:
        """Where a file of the project is. Nothing outside of it is written."""
        full = os.path.normpath(os.path.join(self.project, inside))
        if not full.startswith(self.project + "/"):
            raise ValueError("not a path inside the project")
        return full

    def put(self, inside: str, data: str, mode: int) -> None:
        full = self.place_of(inside)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        new = full + ".parity-new"
        with open(new, "wb") as file:
            file.write(base64.b64decode(data))
        os.chmod(new, mode)
        os.rename(new, full)
        with open(layout.uploaded(), "a") as uploaded:
            uploaded.write(inside + "\n")

    def delete(self, inside: str) -> None:
        full = self.place_of(inside)
        if os.path.isdir(full) and not os.path.islink(full):
            # Its import takes a moment, and this is rare.
            import shutil

            shutil.rmtree(full, ignore_errors=True)
        else:
            disk.remove(full)


def digest(path: str) -> str | None:
    """Of a file's content; `None` where there is no file."""
    try:
        return hashlib.sha256(disk.read(path)).hexdigest()
    except (IsADirectoryError, PermissionError):
        return ""
    except OSError:
        return None


def is_older(path: str, noted: "list[object]") -> bool:
    """Has a file changed since it was read? Most are told by a look at their time and size."""
    known, changed, size = noted
    try:
        stat = os.stat(path)
    except OSError:
        return True
    return (stat.st_mtime_ns, stat.st_size) != (changed, size) and digest(path) != known
