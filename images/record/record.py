"""Apache runs this when a process of the application starts, where requests are recorded."""

import importlib.util
import os
import sys

PACKAGE = os.path.join(os.path.dirname(__file__), "parity_record")


def load():
    """The package, without a place for it on the application's path."""
    name = "parity_record"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            name, os.path.join(PACKAGE, "__init__.py"), submodule_search_locations=[PACKAGE]
        )
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return importlib.import_module(name + ".serving")


load().install()
