"""Where to stop: places that a user names, and the lines that they are now."""

import bdb
import linecache
import os
import sys

from parity_runtime import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from parity_runtime.debug.link import Link


def set_all(link: "Link", wanted: "list[dict[str, Any]]") -> "list[str]":
    """Sets them all anew. Returns what could not be set, and why; changed code may have a line for it again."""
    clear()
    refused = []
    link.homeless = []
    for one in wanted:
        try:
            path, line = resolve(one)
            failed = bdb.Bdb().set_break(path, line, cond=one.get("if"))
        except (ValueError, SyntaxError, OSError) as why:
            # The file may be saved half way: it may be one again with the next save.
            failed = str(why)
        if failed:
            refused.append("%s: %s" % (one["at"], failed))
            link.homeless.append(one)
    link.breakpoints = known() + link.homeless
    return refused


def clear() -> None:
    bdb.Breakpoint.clearBreakpoints()


def resolve(one: "dict[str, Any]") -> "tuple[str, int]":
    """The place of a breakpoint: `mysite/views.py:42`, or `mysite.views:home`. A line that has moved is known by its text."""
    place, _, where = one["at"].rpartition(":")
    if not place:
        raise ValueError("write FILE:LINE, FILE:FUNCTION or MODULE:FUNCTION")
    if not where.isdigit():
        return find_function(os.path.normpath(place)[:-3].replace("/", ".") if place.endswith(".py") else place, where)
    path = os.path.normpath(os.path.join(layout.PROJECT, place))
    linecache.checkcache(path)
    lines = linecache.getlines(path)
    if not lines:
        raise ValueError("there is no such file")
    line, text = int(where), one.get("text")
    if text and (line > len(lines) or lines[line - 1].strip() != text):
        same = [number for number, have in enumerate(lines, 1) if have.strip() == text]
        if not same:
            raise ValueError("its line is gone: %s" % text)
        line = min(same, key=lambda number: abs(number - line))
    if line <= len(lines) and lines[line - 1].strip()[:1] in ("", "#"):
        raise ValueError("nothing of the program is in that line")
    return path, behind_head("".join(lines), line)


def behind_head(source: str, line: int) -> int:
    """The same line, unless it is the head of a function: that is passed once, when its module is imported, and who stops there
    means a call of it."""
    import ast

    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:
        # Saved half way.
        return line
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            head = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if head <= line < node.body[0].lineno:
                return line_of(node.body)
    return line


def find_function(module: str, name: str) -> "tuple[str, int]":
    """Where a function's body begins, without importing anything."""
    import ast

    base = module.replace(".", "/")
    roots = [layout.PROJECT, *(entry for entry in sys.path if entry)]
    candidates = ["%s/%s%s" % (root, base, ending) for root in roots for ending in (".py", "/__init__.py")]
    path = next((path for path in candidates if os.path.isfile(path)), None)
    if path is None:
        raise ValueError("there is no module %s" % module)
    with open(path, "rb") as file:
        body: "list[Any]" = ast.parse(file.read()).body
    for part in name.split("."):
        found = next((node for node in body if getattr(node, "name", None) == part), None)
        if found is None:
            raise ValueError("%s has no %s" % (module, name))
        body = found.body
    return path, line_of(body)


def line_of(body: "list[Any]") -> int:
    """Where the body of a function begins, behind what it says of itself."""
    import ast

    first = body[0]
    is_text = isinstance(first, ast.Expr) and isinstance(getattr(first, "value", None), ast.Constant)
    return int((body[1] if is_text and len(body) > 1 else first).lineno)


def known() -> "list[dict[str, Any]]":
    """Those that are set, for a process that comes later: with the text of their lines."""
    found = []
    for one in bdb.Breakpoint.bpbynumber:
        if one is not None and not one.temporary:
            path = one.file[len(layout.PROJECT) + 1 :] if one.file.startswith(layout.PROJECT + "/") else one.file
            text = linecache.getline(one.file, one.line).strip()
            found.append({"at": "%s:%d" % (path, one.line), "if": one.cond, "text": text})
    return found
