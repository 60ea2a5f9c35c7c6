"""Combines what the processes of a server have measured, and reports on it; run from a file of its own, in a container without a
network, or for `--attach` in the server's: what it reads was written beside the application. Settings come as JSON on stdin, the result
goes to stdout as JSON, and reports in coverage.py's own formats to a directory.
"""

import contextlib
import glob
import hashlib
import inspect
import io
import json
import os
import shutil
import sys
from xml.sax.saxutils import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Of one text in the result.
LONGEST = 500
MOST_NOTES = 100
MOST_NAMES = 1000


def notes(data: str) -> "list[list[str]]":
    """What processes have to say, once each."""
    found: "list[list[str]]" = []
    for path in sorted(glob.glob(data + "/note.*"))[:1000]:
        try:
            with open(path, encoding="utf-8") as file:
                what, detail = json.loads(file.read(4096))
        except (OSError, ValueError, TypeError):
            continue
        note = [str(what)[:LONGEST], str(detail)[:LONGEST]]
        if note not in found and len(found) < MOST_NOTES:
            found.append(note)
    return found


def opened(coverage: "Any", settings: "dict[str, Any]", work: str, said: "dict[str, Any]") -> "Any":
    """The project's own settings, as they are said to be read from its directory."""
    config = settings.get("config")
    path: "str | bool" = False
    if config:
        path = "%s/%s" % (work, config["name"])
        with open(path, "w", encoding="utf-8") as file:
            file.write(config["text"])
    measured = coverage.Coverage(data_file=work + "/.coverage", config_file=path, messages=False)
    measured.set_option("run:plugins", [])
    measured.set_option("run:relative_files", False)
    said["fail-under"] = measured.get_option("report:fail_under") or None
    said["skip-covered"] = bool(measured.get_option("report:skip_covered"))
    # A file that cannot be parsed is no reason to say nothing of the others.
    measured.set_option("report:ignore_errors", True)
    measured.set_option("paths", {})
    if settings["by-check"]:
        measured.set_option("html:show_contexts", True)
        measured.set_option("json:show_contexts", True)
    return measured


def combined(measured: "Any", settings: "dict[str, Any]", work: str, said: "dict[str, Any]") -> None:
    parts = glob.glob(settings["data"] + "/.coverage.*")
    said["processes"] = len(parts)
    more = [*earlier(settings, work), *of_tests(settings, work)]
    if parts or more:
        now = certain(parts, settings, work, said) if settings.get("attached") else [settings["data"]] if parts else []
        measured.combine([*more, *now], keep=True)
    measured.load()


def certain(parts: "list[str]", settings: "dict[str, Any]", work: str, said: "dict[str, Any]") -> "list[str]":
    """What living processes have measured, of files that are as they were then, and which of these had been imported before."""
    import coverage

    told = sources(settings["data"])
    paths = []
    stale: "set[str]" = set()
    whole: "set[str]" = set()
    for number, path in enumerate(sorted(parts)):
        _, digests = told.get(path.rpartition(".pid")[2].partition(".")[0], (set(), {}))
        known = coverage.CoverageData(path)
        known.read()
        # Others are there as well, which have not run.
        ran = {name for name in known.measured_files() if known.lines(name)}
        if not ran:
            continue
        data = coverage.CoverageData("%s/.part.%d" % (work, number))
        data.update(known)
        changed = {name for name in ran if not is_same(name, digests)}
        data.purge_files(changed)
        stale |= changed
        whole |= {name for name in ran - changed if lines_of_import(name, alone=True).intersection(data.lines(name) or ())}
        data.write()
        data.close()
        paths.append(data.data_filename())
    said["processes"] = len(told)
    before = {name for imported, digests in told.values() for name in imported if is_same(name, digests)} - whole
    leave_out(before)
    said["imported-before"] = inside(before, settings)
    said["stale"] = inside(stale, settings)
    return paths


def is_same(name: str, digests: "dict[str, str | None]") -> bool:
    return digests.get(name) is not None and digests[name] == digest(name)


def inside(names: "set[str]", settings: "dict[str, Any]") -> "list[str]":
    project = settings["project"] + "/"
    return sorted(name[len(project) :] for name in names if name.startswith(project))[:MOST_NAMES]


def sources(data: str) -> "dict[str, tuple[set[str], dict[str, str | None]]]":
    """By the processes' ids: what each had imported before, and the digests of the files of which it ran lines."""
    found: "dict[str, tuple[set[str], dict[str, str | None]]]" = {}
    for path in glob.glob(data + "/sources.*"):
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError), open(path, encoding="utf-8") as file:
            told = json.load(file)
            found[path.rpartition(".")[2]] = set(told["before"]), dict(told["digests"])
    return found


def leave_out(files: "set[str]") -> None:
    """Lines that run when a file is imported are neither covered nor missing in these: nobody has seen whether they ran."""
    from coverage.python import PythonFileReporter

    reporter: "Any" = PythonFileReporter
    lines, excluded, exits = reporter.lines, reporter.excluded_lines, reporter.exit_counts

    def unseen(self: "Any") -> "set[int]":
        if self.filename not in files:
            return set()
        return self.translate_lines(lines_of_import(self.filename)) & lines(self)  # type: ignore[no-any-return]

    reporter.lines = lambda self: lines(self) - unseen(self)
    reporter.excluded_lines = lambda self: excluded(self) | unseen(self)
    reporter.exit_counts = lambda self: {line: count for line, count in exits(self).items() if line not in unseen(self)}


def lines_of_import(path: str, alone: bool = False) -> "set[int]":
    """Those of the module itself and of its classes; `alone`: without those that have something of a function too."""
    try:
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
    except (OSError, ValueError, SyntaxError):
        return set()
    found: "set[int]" = set()
    others: "set[int]" = set()
    codes = [(code, True)]
    while codes:
        code, is_imports = codes.pop()
        lines = {line for _, _, line in code.co_lines() if line}
        if not is_imports:
            # Of a function the first line is that of its `def`.
            others |= lines - {code.co_firstlineno} if code.co_name != "<lambda>" else lines
            continue
        found |= lines
        for inner in code.co_consts:
            if isinstance(inner, type(code)):
                # What has local variables of its own is a function's.
                is_functions = inner.co_flags & inspect.CO_OPTIMIZED and not inner.co_name.startswith("<generic parameters")
                codes.append((inner, not is_functions))
    return found - others if alone else found


def earlier(settings: "dict[str, Any]", work: str) -> "list[str]":
    """What was measured before, of files that are the same as then."""
    import coverage

    path = settings["given"] + "/kept"
    if not os.path.exists(path):
        return []
    with open(path + ".json", encoding="utf-8") as file:
        then = json.load(file)
    data = coverage.CoverageData(work + "/.earlier")
    known = coverage.CoverageData(path)
    known.read()
    data.update(known)
    data.purge_files([name for name in data.measured_files() if then.get(name) != digest(name)])
    data.write()
    data.close()
    return [work + "/.earlier"]


def of_tests(settings: "dict[str, Any]", work: str) -> "list[str]":
    """What the project's own tests have run in their processes, by this container's paths."""
    import coverage

    found = []
    for path in sorted(glob.glob(settings["given"] + "/tests.*")):
        known = coverage.CoverageData(path)
        known.read()
        data = coverage.CoverageData("%s/.%s" % (work, os.path.basename(path)))
        data.update(known, map_path=lambda name: in_the_container(name, settings))
        data.purge_files([name for name in data.measured_files() if not os.path.isfile(name)])
        data.write()
        data.close()
        found.append(data.data_filename())
    return found


def digest(path: str) -> "str | None":
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None


def keep(measured: "Any", out: str) -> None:
    """For what is measured later, in this container's paths."""
    import coverage

    data = coverage.CoverageData(out + "/kept")
    data.update(measured.get_data())
    data.write()
    names = data.measured_files()
    data.close()
    with open(out + "/kept.json", "w", encoding="utf-8") as file:
        json.dump({name: digest(name) for name in names}, file)


def lines_of(told: "dict[str, Any]") -> "dict[str, Any]":
    """What is said of a file, without its functions and classes."""
    return {
        "executed": told["executed_lines"],
        "missing": told["missing_lines"],
        "branches": told["summary"].get("num_branches", 0),
        "missing-branches": [list(pair) for pair in told.get("missing_branches", [])],
    }


def written(measured: "Any", settings: "dict[str, Any]", out: str) -> None:
    """The reports that were asked for."""
    for report in settings["reports"]:
        path = "%s/%s" % (out, report)
        if report == "html":
            measured.html_report(directory=path)
            # It is for those who keep the report in their repository.
            with contextlib.suppress(OSError):
                os.unlink(path + "/.gitignore")
        elif report == "lcov":
            measured.lcov_report(outfile=path)
        elif report == "json":
            measured.json_report(outfile=path)
        elif report == "xml":
            measured.xml_report(outfile=path)
            with open(path, encoding="utf-8") as file:
                text = file.read()
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace("<source>%s</source>" % settings["project"], "<source>%s</source>" % escape(settings["root"])))
        elif report == "data":
            import coverage

            kept = coverage.CoverageData(path)
            kept.update(measured.get_data(), map_path=lambda name: on_the_host(name, settings))
            kept.write()
            kept.close()


def on_the_host(name: str, settings: "dict[str, Any]") -> str:
    project = settings["project"] + "/"
    return os.path.join(settings["root"], name[len(project) :]) if name.startswith(project) else name


def in_the_container(name: str, settings: "dict[str, Any]") -> str:
    root = settings["root"].rstrip("/") + "/"
    return os.path.join(settings["project"], name.removeprefix(root))


def result(settings: "dict[str, Any]") -> "dict[str, Any]":
    sys.path.insert(0, settings["tool"])
    import coverage

    work = settings["work"]
    shutil.rmtree(work, ignore_errors=True)
    out = work + "/out"
    os.makedirs(out)
    os.chdir(settings["project"])
    said: "dict[str, Any]" = {"version": coverage.__version__, "notes": notes(settings["data"]), "processes": 0, "files": {}}
    try:
        measured = opened(coverage, settings, work, said)
        combined(measured, settings, work, said)
        path = work + "/report.json"
        measured.json_report(outfile=path)
        with open(path, encoding="utf-8") as file:
            told = json.load(file)
        said["branch"] = told["meta"]["branch_coverage"]
        said["files"] = {name.replace("\\", "/"): lines_of(each) for name, each in told["files"].items()}
        written(measured, settings, out)
        if settings["keep"]:
            keep(measured, out)
    except coverage.exceptions.NoDataError as error:
        said["empty"] = str(error)[:LONGEST]
    except coverage.CoverageException as error:
        said["error"] = str(error).replace(work + "/", "")[:LONGEST]
    return said


def main() -> None:
    settings = json.load(sys.stdin)
    with contextlib.redirect_stdout(io.StringIO()):
        said = result(settings)
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
