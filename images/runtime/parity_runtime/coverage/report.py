"""Combines what the processes of a server have measured, and reports on it; run from a file of its own, in a container without a
network: what it reads was written beside the application. Settings come as JSON on stdin, the result goes to stdout as JSON, and
reports in coverage.py's own formats to a directory.
"""

import contextlib
import glob
import hashlib
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


def combined(measured: "Any", settings: "dict[str, Any]", work: str) -> int:
    """Returns how many processes have left something."""
    parts = glob.glob(settings["data"] + "/.coverage.*")
    more = [*earlier(settings, work), *of_tests(settings, work)]
    if parts or more:
        measured.combine([*more, *([settings["data"]] if parts else [])], keep=True)
    measured.load()
    return len(parts)


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
        said["processes"] = combined(measured, settings, work)
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
