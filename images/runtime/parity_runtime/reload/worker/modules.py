"""The project's modules: imported from their sources, and what was read of them is known."""

import importlib.machinery
import marshal
import os
import sys
import time

from parity_runtime import layout
from parity_runtime.reload.worker import context, imports
from parity_runtime.reload.worker.state import State

try:
    from _sha2 import sha256
except ImportError:
    try:
        from _sha256 import sha256
    except ImportError:
        from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Milliseconds. An editor that writes a file in its place empties it first, and on a busy machine may have to wait then.
WRITTEN_WITHIN = 200

# What was read of each of the project's files: path -> [digest, time of change in nanoseconds, size].
read: "dict[str, list[Any]]" = {}


def remember(path: str, source: bytes) -> None:
    """Notes a source before it is used: a change in between then looks stale, never fresh."""
    stat = os.stat(path)
    read[path] = [sha256(source).hexdigest(), stat.st_mtime_ns, stat.st_size]


# What has been compiled and is not in `bytecode/` yet: where it goes, the digest of its source, and the code.
compiled: "list[tuple[str, bytes, Any]]" = []


def keep_compiled() -> None:
    """Writes it. No request waits for this that waits for the application."""
    while True:
        try:
            kept, digest, code = compiled.pop()
        except IndexError:
            return
        try:
            with open("%s.%d" % (kept, context.PID), "wb") as file:
                file.write(digest)
                marshal.dump(code, file)
            os.rename(file.name, kept)
        except (OSError, ValueError):
            pass


class Loader(imports.OfProject, importlib.machinery.SourceFileLoader):  # type: ignore[misc]
    """Imports from sources only. Python trusts a .pyc whose source had the same second and size; two saves within a
    second can leave the old code in force for ever. Bytecode is kept here by the content of its source instead."""

    def get_code(self, fullname: str) -> "Any":
        path = self.get_filename(fullname)
        stat, source = self.read_source(path)
        digest = sha256(source)
        if stat is not None:
            read[path] = [digest.hexdigest(), stat.st_mtime_ns, stat.st_size]
        kept = "%s/%s" % (layout.bytecode(), sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:32])
        digest = digest.digest()
        try:
            with open(kept, "rb") as file:
                if file.read(32) == digest:
                    return marshal.load(file)
        except (OSError, EOFError, ValueError, TypeError):
            pass
        code = self.source_to_code(source, path)
        compiled.append((kept, digest, code))
        if State.doing != "loading":
            keep_compiled()
        return code

    def read_source(self, path: str) -> "tuple[os.stat_result | None, bytes]":
        """What is known of a file, and then its content. One that was emptied a moment ago is being written."""
        for _ in range(WRITTEN_WITHIN):
            try:
                stat = os.stat(path)
            except OSError:
                return None, self.get_data(path)
            source = self.get_data(path)
            if source or not 0 <= time.time_ns() - stat.st_mtime_ns < WRITTEN_WITHIN * 1_000_000:
                break
            time.sleep(0.001)
        return stat, source


finder = importlib.machinery.FileFinder.path_hook(
    (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
    (Loader, importlib.machinery.SOURCE_SUFFIXES),
    (importlib.machinery.SourcelessFileLoader, importlib.machinery.BYTECODE_SUFFIXES),
)


def project_finder(path: str) -> "Any":
    if not context.is_own(path + "/"):
        raise ImportError("not a directory of the project")
    return finder(path)


def begin(finders: "list[Any]") -> None:
    """Directories are searched by these from now on, before all others."""
    os.makedirs(layout.bytecode(), mode=0o700, exist_ok=True)
    sys.path_hooks[:0] = [project_finder, *finders]
    for path in list(sys.path_importer_cache):
        # Not parity's own.
        if not path.startswith(layout.ETC):
            del sys.path_importer_cache[path]
