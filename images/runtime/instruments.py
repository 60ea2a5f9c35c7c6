"""The one way in for what parity has beside an application: Apache runs this in a process before all else (WSGIImportScript).

`instruments.txt` beside it names the instruments that are wanted. Their package is imported without a change to `sys.path` or to
anything else that the application sees of the import system. The first process compiles it, also for those that come later, as each
save brings some.
"""

# `importlib.machinery`, which is not there before an application in production.
import _frozen_importlib_external as machinery
import _imp
import _thread
import marshal
import os
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))


# Code by the content of its source, in memory.
COMPILED = "/run/parity/compiled-" + str(sys.implementation.cache_tag)


class Loader(machinery.SourceFileLoader):
    """Nothing is written beside the sources."""

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        source = self.get_data(path)
        digest = _imp.source_hash(len(path), source)
        kept = "%s/%s" % (COMPILED, fullname)
        try:
            with open(kept, "rb") as file:
                if file.read(len(digest)) == digest:
                    return marshal.load(file)
        except (OSError, EOFError, ValueError, TypeError):
            pass
        code = compile(source, path, "exec", dont_inherit=True)
        compiled.append((kept, digest, code))
        return code


# What is to be kept: where, the digest of its source, and the code.
compiled = []


def keep_compiled():
    """Nobody waits for this, and what was kept is not held any longer."""
    try:
        os.makedirs(COMPILED, mode=0o700, exist_ok=True)
        while compiled:
            kept, digest, code = compiled.pop()
            with open("%s.%d" % (kept, os.getpid()), "wb") as file:
                file.write(digest)
                marshal.dump(code, file)
            os.rename(file.name, kept)
    except OSError:
        # It is compiled again then.
        pass


class Finder(machinery.FileFinder):
    """Of the directories of the package, which Python finds where it keeps what it knows of directories."""

    def find_spec(self, name, target=None):
        spec = super().find_spec(name, target)
        for directory in (spec.submodule_search_locations or ()) if spec else ():
            admit(directory)
        return spec


def admit(directory):
    sys.path_importer_cache[directory] = Finder(directory, (Loader, [".py"]))


def wanted():
    with open(ROOT + "/instruments.txt") as file:
        return file.read().split()


def main():
    admit(ROOT)
    sys.path.insert(0, ROOT)
    try:
        from parity_runtime import instruments
    finally:
        sys.path.remove(ROOT)
    try:
        instruments.install(wanted())
    finally:
        if compiled:
            _thread.start_new_thread(keep_compiled, ())


# Apache's name for a script that it runs.
if __name__.startswith("_mod_wsgi_"):
    main()
