"""Modules that are not the project's, as they are imported: with bytecode that was read ahead of time, as far as there is any.

They are files of the image, which do not change while a container runs: what was read of them stays right.
"""

import importlib.machinery
import importlib.util
import marshal
import os
import sys

from parity_runtime.reload.worker import imports, likeness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Bytecode that was read ahead of time, by the path of its source.
read: "dict[str, Any]" = {}


def read_ahead(paths: "list[str]", is_urgent: "Callable[[], bool]") -> None:
    """Reads the bytecode of modules that the application has been seen to import, and runs none of it. As Python does it,
    but for the moment."""
    imported = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    for path in paths:
        if is_urgent():
            return
        if path in imported:
            continue
        try:
            stat = os.stat(path)
            with open(importlib.util.cache_from_source(path), "rb") as file:
                data = file.read()
            known = [int.from_bytes(data[at : at + 4], "little") for at in (4, 8, 12)]
            # A source of this time and size, and not one that is compared by its content.
            if data[:4] == importlib.util.MAGIC_NUMBER and known == [0, int(stat.st_mtime) & 0xFFFFFFFF, stat.st_size & 0xFFFFFFFF]:
                read[path] = marshal.loads(memoryview(data)[16:])
        except (OSError, ValueError, EOFError, TypeError, NotImplementedError):
            pass


class OfImage(imports.OfImage):
    def exec_module(self, module: "Any") -> None:
        super().exec_module(module)
        if imports.mode is not None:
            likeness.note(module.__name__, module)
        if imports.mode is imports.REFUSE:
            # It is there by then.
            from parity_runtime.reload.worker import namespaces

            namespaces.note_import(module.__name__, module)


imports.pass_for_machinery(OfImage.exec_module)


class Loader(OfImage, importlib.machinery.SourceFileLoader):  # type: ignore[misc]
    def get_code(self, fullname: str) -> "Any":
        code = read.pop(self.path, None)
        if code is None:
            code = super().get_code(fullname)
        if imports.mode is imports.REFUSE and "-packages/" in self.path:
            from parity_runtime.reload.worker import namespaces

            namespaces.note_code(fullname, code)
        return code


class ExtensionLoader(OfImage, importlib.machinery.ExtensionFileLoader):
    pass


finder = importlib.machinery.FileFinder.path_hook(
    (ExtensionLoader, importlib.machinery.EXTENSION_SUFFIXES),
    (Loader, importlib.machinery.SOURCE_SUFFIXES),
    (importlib.machinery.SourcelessFileLoader, importlib.machinery.BYTECODE_SUFFIXES),
)
