"""The import of the application itself, as mod_wsgi does it, with what makes it faster or tells more."""

import contextlib
import gc
import importlib.machinery
import sys

from parity_runtime import layout
from parity_runtime.reload.worker import context, modules
from parity_runtime.reload.worker.state import State

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# mod_wsgi's name for the script that it has the application from: the MD5 of the path.
SCRIPT = "_mod_wsgi_982e2cba3259bb47459cab3590ec1386"

# Objects that are made before the collector looks for garbage among them, while the application is imported.
PLENTY = 200_000


@contextlib.contextmanager
def garbage_waiting() -> "Iterator[None]":
    """Of what is imported hardly anything is garbage: the collector's looking for it takes a tenth of the time. What is there in
    the end is old to it, as if it had looked, also what was imported ahead of time. What the application sets itself stays
    as it is."""
    if State.frozen:
        # As in production, before the application looks. From here on it is old to the collector, which costs nothing.
        gc.unfreeze()
        State.frozen = False
    usual, frozen = gc.get_threshold(), gc.get_freeze_count()
    gc.set_threshold(PLENTY, *usual[1:])
    try:
        yield
    finally:
        if gc.get_threshold() == (PLENTY, *usual[1:]):
            gc.set_threshold(*usual)
        if gc.get_freeze_count() == frozen:
            gc.freeze()
            gc.unfreeze()


def forget_directories() -> None:
    """What `importlib.invalidate_caches` does, without the 15 ms that it takes to import `importlib.metadata` for it. What is
    not the project's does not change; if it does, Python sees that by the directory's time."""
    for path, finder in list(sys.path_importer_cache.items()):
        if finder is None:
            sys.path_importer_cache.pop(path, None)
        elif hasattr(finder, "invalidate_caches") and context.is_own(path + "/"):
            finder.invalidate_caches()
    for searcher in sys.meta_path:
        if searcher is not importlib.machinery.PathFinder and hasattr(searcher, "invalidate_caches"):
            searcher.invalidate_caches()
    metadata = sys.modules.get("importlib.metadata")
    if metadata is not None:
        # Of an instance, as it is no class method before Python 3.13.
        metadata.MetadataPathFinder().invalidate_caches()


class Handler:
    """Production's script, and the module that mod_wsgi asks for the application."""

    code: "Any"
    module: "Any"

    @classmethod
    def begin(cls) -> None:
        cls.module = type(sys)(SCRIPT)
        cls.module.__file__ = layout.handler()
        # Compiled ahead of time, as the first time takes 2 ms, whatever it is that is compiled.
        with open(layout.handler(), "rb") as file:
            cls.code = compile(file.read(), layout.handler(), "exec", dont_inherit=True)

    @classmethod
    def put(cls) -> None:
        """Where mod_wsgi finds it: it would execute the script otherwise."""
        sys.modules.setdefault(SCRIPT, cls.module)


def import_application() -> "Any":
    # As where mod_wsgi executes it: there from the beginning.
    Handler.put()
    script = context.CONFIG.script
    if script:
        with open(script, "rb") as file:
            modules.remember(script, file.read())
    handler = {"__name__": SCRIPT, "__file__": layout.handler(), "__builtins__": __builtins__}
    exec(Handler.code, handler)
    # Behind a document-root mod_wsgi calls it by another name.
    return handler.get("handle_request", handler["application"])


def import_urls() -> None:
    """Django imports its URLs with the first request. Done at once, a mistake in them is told when it is made."""
    urls = sys.modules.get("django.urls")
    conf = sys.modules.get("django.conf")
    if urls is not None and conf is not None and conf.settings.configured:
        urls.get_resolver().url_patterns  # noqa: B018
