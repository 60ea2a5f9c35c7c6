"""The application of this process: loaded once, served from then on; until then, what is answered instead."""

import os
import signal
import sys

from parity_runtime import layout
from parity_runtime.reload import deaths
from parity_runtime.reload.routing import active
from parity_runtime.reload.worker import context, importing, imports, modules, planning, prepared, touched, underway
from parity_runtime.reload.worker.state import State
from parity_runtime.reload.worker.telling import describe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from parity_runtime.instruments import Runtime


def load(ordered: "int | None" = None) -> "Any":
    """Imports the application if that has not been done. `ordered` is the generation that the agent wants it for."""
    startup = deaths.startup()
    with State.lock:
        if State.application is not None or State.doubt:
            return State.application
        first = State.doing != "failed"
        if first:
            State.doing = "loading"
            # Told before `active` is read: the agent looks for this after it has changed `active`, so one of the two sees the other.
            startup.begin(layout.loading(context.SLOT, context.PID))
        slot, generation = active() if ordered is None else (context.SLOT, ordered)
        State.generation = generation
        before = State.error
        died = deaths.error_of(generation)
        try:
            if died is not None:
                State.doing, State.kind, State.error = "failed", "died", died
            else:
                if slot == context.SLOT:
                    # Else it may be told to end at any time.
                    startup.note(deaths.about(generation, ordered is not None))
                load_now(ordered is None, None if first else before)
        finally:
            startup.done()
        application = State.application
        news = first or application is not None or State.error != before
    # Requests that waited for the application have it, and wait for none of this.
    if news:
        describe()
    modules.keep_compiled()
    if slot != context.SLOT:
        # A request that was sent here just before requests went elsewhere. What is loaded now is no standby any more.
        os.kill(context.PID, signal.SIGUSR1)
    return application


def load_now(log: bool, before: "str | None") -> None:
    """`before`: what the first try in this process failed with, where this is another. What that has left may make this one fail in
    another way, as Django does. The outcome of the first stands until this one has its own: other requests tell of it meanwhile, and
    so does the file for the agent."""
    importing.forget_directories()
    text: "str | None" = None
    kind: "str | None" = None
    outdated = prepared.outdated_before()
    application: "Any" = None
    error: "BaseException | None" = None
    if not outdated:
        if context.is_preloading() and imports.mode is None:
            imports.begin(imports.WATCH, context.is_own)
        try:
            with importing.garbage_waiting():
                application = importing.import_application()
                kind = "urls"
                importing.import_urls()
                kind = None
        except BaseException as raised:
            # Also `SystemExit`, and what asyncio and others end with: no request is to see more of it than that it failed.
            error = raised
            kind = kind or "import"
        if State.stood_by:
            # The first process goes on: what it imports with its first requests can be imported ahead of time, too.
            imports.end()
        outdated = prepared.outdated()
    certain = True
    if error is not None:
        from parity_runtime.reload.worker import errors

        text, certain = errors.text_of(error), errors.is_certain(error)
        touched.look_for(errors.files_of(error))
    if before is not None and outdated:
        application, text = None, before
    # The agent has the outcome of the first try: nobody would send the requests elsewhere.
    if before is None and State.stood_by and (outdated or not certain):
        State.doing, State.error, State.kind, State.later = "failed", text, kind, None
        State.doubt = "; ".join("%s: %s" % known for known in list(outdated.items())[:3]) or "the import failed"
        State.blamed = planning.to_blame(outdated or prepared.blamed(error))
        State.outdated = bool(outdated)
        return
    if application is None:
        told, State.logged = State.logged, text
        if log and text != told:
            # mod_wsgi's words for it, by which the log's readers know what the traceback means.
            sys.stderr.write("mod_wsgi (pid=%d): Failed to exec Python script file '%s'.\n" % (context.PID, layout.handler()))
            sys.stderr.write(text or "")
        later: "str | None" = None
        if before is not None and text != before:
            text, later = before, text
        State.doing, State.error, State.kind, State.later = "failed", text, kind, later
        return
    # The application first: who finds no error any more finds it.
    State.doing, State.application = "loaded", application
    State.error, State.kind, State.later = text, kind, None
    if Served.runtime is not None and State.error is None:
        # mod_wsgi asks for the name with each request: from the next one on nothing of this is in between but a note of it.
        serve(application)


def application(environ: "dict[str, Any]", start_response: "Any") -> "Any":
    """Until the application is loaded: loads it, or says why that cannot be done."""
    loaded, error, later = load(), State.error, State.later
    if State.doubt:
        from parity_runtime.reload.worker import passing

        return passing.answer(environ, start_response)
    # Django without its URLs takes seconds to fail with each request, and has nothing else to say about it.
    if loaded is None:
        # Another request may have loaded it since.
        loaded = State.application
    if loaded is None or error is not None:
        from parity_runtime.reload.worker import page

        return page.answer(environ, start_response, error, later)
    return loaded(environ, start_response)


class Served:
    """Who is told of the application that requests get; nobody before they may come."""

    runtime: "Runtime | None" = None


def attach(runtime: "Runtime") -> None:
    """Puts a module where mod_wsgi looks for the one of production's script, which it would execute otherwise. Its application is the
    real one once that is loaded."""
    Served.runtime = runtime
    serve(application if State.application is None or State.error else State.application)
    importing.Handler.put()


def serve(application: "Any") -> None:
    watched = underway.watch(application)
    if Served.runtime is not None:
        Served.runtime.tell_application(watched)
    module = importing.Handler.module
    module.application = module.handle_request = watched
