"""The page that says why the application cannot be served."""

from parity_runtime.reload.worker import context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# ruff: noqa: E501
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2.5rem auto; max-width: 60rem; padding: 0 1rem; color: #222; background: #fff }}
h1 {{ font-size: 1.3rem; color: #b00020 }} pre {{ background: #f4f4f4; padding: 1rem; overflow: auto; font-size: 14px }}
p {{ color: #555 }} @media (prefers-color-scheme: dark) {{ body {{ color: #ddd; background: #181818 }} pre {{ background: #262626 }} p {{ color: #aaa }} }}
</style></head><body><h1>{title}</h1><pre>{text}</pre>
<p>Save a file that fixes it, and this page is gone. Production answers with a bare “Internal Server Error” here; this text is
shown by <code>parity up --reload-on-changes</code> only.</p></body></html>
"""


def answer(environ: "dict[str, Any]", start_response: "Any", error: "str | None", later: "str | None") -> "list[bytes]":
    """`later`: what another try in this process failed with."""
    text = in_project(error or "")
    title = text.strip().rsplit("\n", 1)[-1]
    if later:
        text += "\nTried again for this request, in the same process:\n\n" + in_project(later)
    if "html" in environ.get("HTTP_ACCEPT", "html") or environ.get("HTTP_ACCEPT") == "*/*":
        import html

        kind, body = "text/html", PAGE.format(title=html.escape(title), text=html.escape(text))
    else:
        kind, body = "text/plain", text
    data = body.encode("utf-8", "replace")
    headers = [
        ("Content-Type", kind + "; charset=utf-8"),
        ("Content-Length", str(len(data))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    start_response("500 Internal Server Error", headers)
    return [data]


def in_project(text: str) -> str:
    """With paths of the machine that the project is on."""
    return text.replace(context.INSIDE, context.CONFIG.root.rstrip("/") + "/")
