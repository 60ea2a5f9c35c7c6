"""Leaves of a package that is the project itself what its build has made, as its code is the project's wherever it runs.

    compiled.py SITE_PACKAGES SOURCES

SITE_PACKAGES has the package installed alone; SOURCES lists the project's files before its build, one a line, relative to /app.
What has its source among them goes from SITE_PACKAGES; what stays, extension modules above all, is found in packages of the project
by `_parity_compiled`, which Python loads when it starts.
"""

import os
import sys

PROJECT = "/app"

FINDER = '''"""Finds what was made when the image was built in packages whose code is the project's."""

import importlib.machinery
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


class Finder:
    """The last that is asked: it has only what Python finds nowhere else."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        directory = os.path.join(HERE, *name.split(".")[:-1])
        if path is None or directory == HERE or not os.path.isdir(directory):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, [directory])
        # A directory without a module of its own.
        return spec if spec is not None and spec.loader is not None else None


sys.meta_path.append(Finder)
'''


def roots(sources: "set[str]", installed: "list[str]") -> "list[str]":
    """The directories of the project that modules are imported from, by where the files of those that are installed are in it."""
    found: "list[str]" = []
    for path in installed:
        for source in sorted(sources, key=len):
            if source == path or source.endswith("/" + path):
                root = source[: -len(path)].rstrip("/")
                if root not in found:
                    found.append(root)
                break
    return found


def main(site: str, listed: str) -> None:
    with open(listed) as lines:
        sources = {os.path.normpath(line.strip()) for line in lines}
    installed = []
    for directory, _, files in os.walk(site):
        if not directory.endswith((".dist-info", ".egg-info", ".libs", "__pycache__")):
            installed += [os.path.relpath(os.path.join(directory, file), site) for file in files]
    modules = [path for path in installed if path.endswith(".py")]
    found = roots(sources, modules)
    for path in installed:
        if any(os.path.normpath(os.path.join(root, path)) in sources for root in found):
            os.remove(os.path.join(site, path))
    with open(os.path.join(site, "_parity_compiled.py"), "w") as finder:
        finder.write(FINDER)
    with open(os.path.join(site, "_parity_compiled.pth"), "w") as paths:
        # The project's directory is there in any case, but for commands that a package installs.
        for root in found or [""]:
            paths.write(os.path.join(PROJECT, root).rstrip("/") + "\n")
        paths.write("import _parity_compiled\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
