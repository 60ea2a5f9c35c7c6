"""The project's files as the container sees them."""

import base64
import hashlib
import os

from slots import CONFIG, RUN, remove

PROJECT = CONFIG["project"]


def digest(path):
    """Of a file's content; `None` where there is no file."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except (IsADirectoryError, PermissionError):
        return ""
    except OSError:
        return None


def is_older(path, noted):
    """Has a file changed since it was read? Most are told by a look at their time and size."""
    known, changed, size = noted
    try:
        stat = os.stat(path)
    except OSError:
        return True
    return (stat.st_mtime_ns, stat.st_size) != (changed, size) and digest(path) != known


def inside(path):
    return path[len(PROJECT) + 1 :] if path.startswith(PROJECT + "/") else path


def place_of(path):
    """Where a file of the project is. Nothing outside of it is written."""
    full = os.path.normpath(os.path.join(PROJECT, path))
    if not full.startswith(PROJECT + "/"):
        raise ValueError("not a path inside the project")
    return full


def put(path, data, mode):
    full = place_of(path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    new = full + ".parity-new"
    with open(new, "wb") as file:
        file.write(base64.b64decode(data))
    os.chmod(new, mode)
    os.rename(new, full)
    with open(RUN + "/uploaded", "a") as file:
        file.write(path + "\n")


def delete(path):
    full = place_of(path)
    if os.path.isdir(full) and not os.path.islink(full):
        import shutil

        shutil.rmtree(full, ignore_errors=True)
    else:
        remove(full)
