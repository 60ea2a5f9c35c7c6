"""Which of an application's routes a request takes, by the frameworks' own objects: found once, in a frame of its thread."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType
    from typing import Any

# The file's end, the function, the local variable.
FLASK = ("/flask/app.py", "wsgi_app", "ctx")
DJANGO = ("/django/core/handlers/wsgi.py", "__call__", "request")
WAYS = (FLASK, DJANGO)
LONGEST = 200
# Of requests that `parity replay` makes: the recorder leaves them out.
REPLAY = "HTTP_PARITY_REPLAY"


def is_way(code: CodeType) -> bool:
    """Does a frame of this code have what tells?"""
    return any(code.co_name == name and code.co_filename.endswith(end) for end, name, _ in WAYS)


def is_way_of(qualname: str, file: str) -> bool:
    """The same, of code that is in another process."""
    return any(qualname.rpartition(".")[2] == name and file.endswith(end) for end, name, _ in WAYS)


def witness(frame: FrameType) -> Any:
    """The framework's object in such a frame, if it is there yet."""
    code = frame.f_code
    for end, name, variable in WAYS:
        if code.co_name == name and code.co_filename.endswith(end):
            return frame.f_locals.get(variable)
    return None


def route_of(found: Any) -> str | None:
    """`/items/<int:id>/`, as the application's own code has it; `None`: it has taken none yet."""
    if found is None:
        return None
    try:
        match = getattr(found, "resolver_match", None)
        if match is not None:
            route = match.route
            # The pattern of an include may begin with a slash of its own.
            return text(route if route.startswith(("/", "^")) else "/" + route)
        rule = getattr(getattr(found, "request", None), "url_rule", None)
        return text(rule.rule) if rule is not None else None
    except Exception:
        # Whatever an application has made of it.
        return None


def text(route: object) -> str | None:
    return route[:LONGEST] if isinstance(route, str) else None


def path_of(environ: dict[str, Any]) -> str:
    """The path of a request, for those whose route is not known: numbers in it are of no interest."""
    path = "%s%s" % (environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", ""))
    parts = path.encode("latin-1", "replace").decode("utf-8", "replace").split("/")
    return "/".join("*" if part.isdigit() else part for part in parts)[:LONGEST] or "/"
