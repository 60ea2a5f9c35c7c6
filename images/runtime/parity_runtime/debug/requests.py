"""A request that is debugged, as it passes between the server and the application."""

import bdb
import sys
import threading

from parity_runtime.debug.prompt import Debugger, is_machinery

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from parity_runtime.debug.link import Link
    from parity_runtime.debug.session import Session


class Request:
    def __init__(self, session: "Session", link: "Link", environ: "dict[str, Any]") -> None:
        self.session = session
        self.environ = environ
        self.debugger = Debugger(session, link, "%s %s" % (environ.get("REQUEST_METHOD", ""), environ.get("PATH_INFO", "")))
        self.result: "Any" = None
        self.parts: "Any" = None

    def run(self, application: "Any", start_response: "Any") -> "Any":
        self.session.listen_to_frameworks()
        result = self.guard(lambda: application(self.environ, start_response), start_response)
        wrapper = self.environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and isinstance(result, wrapper) or isinstance(result, (list, tuple)):
            return result
        self.result, self.parts = result, iter(result)
        return self

    def guard(self, work: "Callable[[], Any]", start_response: "Any" = None) -> "Any":
        thread = threading.get_ident()
        self.session.requests[thread] = self.debugger
        self.debugger.begin(sys._getframe())
        try:
            return work()
        except bdb.BdbQuit:
            sys.settrace(None)
            if start_response is None:
                raise StopIteration from None
            body = b"The request was given up in the debugger.\n"
            start_response(
                "500 Internal Server Error", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))], sys.exc_info()
            )
            return [body]
        except StopIteration:
            raise
        except Exception as error:
            sys.settrace(None)
            post_mortem(self.debugger, error)
            raise
        finally:
            sys.settrace(None)
            self.debugger.take_back()
            self.session.requests.pop(thread, None)

    def __iter__(self) -> "Request":
        return self

    def __next__(self) -> "Any":
        return self.guard(lambda: next(self.parts))

    def close(self) -> None:
        close = getattr(self.result, "close", None)
        if close is not None:
            self.guard(close)


def post_mortem(debugger: Debugger, error: BaseException) -> None:
    """A prompt where the exception was raised; once for each."""
    link = debugger.link
    if not link.errors or link.lost or isinstance(error, bdb.BdbQuit) or getattr(error, "__parity_seen__", False):
        return
    try:
        error.__parity_seen__ = True  # type: ignore[attr-defined]
    except AttributeError:
        pass
    after = Debugger(debugger.session, link, debugger.what)
    after.reset()
    tracing = sys.gettrace()
    sys.settrace(None)
    link.write("%s: %s\n" % (type(error).__name__, error))
    try:
        after.interaction(None, error if sys.version_info >= (3, 13) else without_parity(error.__traceback__))
    finally:
        sys.settrace(tracing)


def without_parity(traceback: "Any") -> "Any":
    while traceback.tb_next is not None and is_machinery(traceback.tb_frame):
        traceback = traceback.tb_next
    return traceback
