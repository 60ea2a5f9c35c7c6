"""The debugger's half in a process that serves the application. The other half, `console.py`, has the terminal.

`hook.py` imports this when a console comes, and puts it before the application, request by request, as long as it is there. The console *arms* the process: exceptions and breakpoints then stop the thread
that meets them, and the prompt of pdb is asked for over the socket. When the console goes, everything goes on as before.

A line of JSON each way, at /run/parity/debug/PID.sock. From the console:

    {"do": "arm", "breakpoints": [{"at": "mysite/views.py:42", "if": "x > 1", "text": "return home()"}], "errors": true}
    {"do": "interrupt"}                             stop what runs
    {"do": "idle"}                                  a prompt where nothing runs
    {"line": "p x"} {"interrupt": true} {"eof": true}     the answer to a prompt
    {"complete": "req", "before": "p req"}          what could this become?

To the console:

    {"armed": true, "breakpoints": [...], "refused": ["..."]}
    {"interrupted": false, "generation": 3}         whether anything runs that will stop, and how new the application is
    {"stop": "GET /x"} {"out": "..."} {"ask": "(Pdb) "} {"completions": [...]} {"go": true, "breakpoints": [...]}
    {"end": true}                                   the user quit at a prompt that belongs to no request
    {"busy": true}                                  instead of `armed`: another console is there
"""

import bdb
import contextlib
import json
import linecache
import os
import queue
import socket
import sys
import threading

import mod_wsgi
import parity_hook


@contextlib.contextmanager
def without_readline():
    """The console has the terminal. Here readline would only take its time to read what kind of terminal that is."""
    known = "readline" in sys.modules
    if not known:
        sys.modules["readline"] = None
    try:
        yield
    finally:
        if not known:
            del sys.modules["readline"]


with without_readline():
    import pdb

ETC = "/etc/parity"
PROJECT = "/app"

# One thread at a time talks to the console; whoever stops meanwhile waits.
turn = threading.RLock()
console = None
# Requests under way: thread -> (what, debugger).
requests = {}


class Link:
    """The console, as the files that pdb reads and writes."""

    encoding = "utf-8"

    def __init__(self, connection):
        self.connection = connection
        self.sending = threading.Lock()
        self.answers = queue.Queue()
        self.pending = ""
        self.errors = True
        self.lost = False
        # The terminal itself, for debuggers that want one.
        self.terminal = None
        # As the console is told of them, and those that have no line at the moment.
        self.breakpoints = []
        self.homeless = []

    def send(self, **message):
        try:
            with self.sending:
                self.connection.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            self.lost = True

    def write(self, text):
        self.pending += text
        # What pdb says before its prompt belongs to the stop, which is announced first.
        if "\n" in text and Debugger.current is not None:
            # A command of the user's may take long and print on its way.
            self.flush()
        return len(text)

    def flush(self):
        done, newline, rest = self.pending.rpartition("\n")
        if newline:
            self.send(out=done + newline)
            self.pending = rest

    def isatty(self):
        return False

    def readline(self):
        """The next line of the user's; none when the console is gone or the user is done."""
        self.flush()
        prompt, self.pending = self.pending, ""
        if Debugger.current is not None:
            # What was to be interrupted is over.
            Debugger.current.interrupting = False
        self.send(ask=prompt)
        while True:
            answer = {"eof": True} if self.lost else self.answers.get()
            if "complete" in answer:
                self.send(completions=complete(answer["complete"], answer["before"]))
            elif "line" in answer:
                return answer["line"] + "\n"
            elif "interrupt" in answer:
                raise KeyboardInterrupt
            elif "eof" in answer:
                return ""


class Debugger(pdb.Pdb):
    """pdb for one request."""

    current = None

    def __init__(self, link, what):
        with without_readline():
            pdb.Pdb.__init__(self, completekey=None, stdin=link, stdout=link, nosigint=True, readrc=False)
        self.use_rawinput = False
        self.link = link
        self.what = what
        self.interrupting = False
        self.detached = False
        self.handed_over = False
        self.executing = None
        self.edge = threading.Lock()

    # A prompt. pdb calls it for each stop, whatever was the reason.
    def interaction(self, frame, traceback_or_exception):
        with turn:
            if self.link.lost or self.link is not console:
                self.let_go()
                return
            if TOOL:
                self.hand_over(frame, traceback_or_exception)
            else:
                self.hold(frame, traceback_or_exception)

    def hold(self, frame, traceback_or_exception):
        Debugger.current = self
        self.link.send(stop=self.what)
        note_prompt(True)
        try:
            pdb.Pdb.interaction(self, frame, traceback_or_exception)
        finally:
            note_prompt(False)
            Debugger.current = None
            self.link.flush()
            if self.link.pending:
                self.link.send(out=self.link.pending)
                self.link.pending = ""
            self.link.breakpoints = breakpoints() + self.link.homeless
            self.link.send(go=True, breakpoints=self.link.breakpoints)
        if self.link.lost:
            self.let_go()

    def hand_over(self, frame, raised):
        """Gives the terminal to the debugger that was asked for, until the request is done."""
        self.link.flush()
        self.link.send(stop=self.what, terminal=True)
        self.handed_over = True
        for name in ("stdin", "stdout", "stderr"):
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(os.dup(self.link.terminal), mode, encoding="utf-8", buffering=1 if mode == "w" else -1))
        tracing = sys.gettrace()
        sys.settrace(None)
        # Such a debugger has the request until that is done.
        note_prompt(True)
        try:
            if raised is None:
                stop_in(TOOL.debugger(), frame)
                return
            TOOL.post_mortem(getattr(raised, "__traceback__", raised))
        except BaseException as error:
            # Or the console would wait for it for ever.
            self.take_back()
            if isinstance(error, bdb.BdbQuit) or not isinstance(error, Exception):
                raise
            failed = error
        else:
            self.take_back()
            return
        sys.settrace(tracing)
        self.link.write("%s does not work here (%s: %s), so this is pdb\n" % (os.environ.get("PARITY_DEBUGGER"), type(failed).__name__, failed))
        self.hold(frame, raised)

    def take_back(self):
        if self.handed_over:
            self.handed_over = False
            sys.stdin, sys.stdout, sys.stderr = STREAMS
            self.link.send(go=True, breakpoints=breakpoints())

    def let_go(self):
        """The console is gone: whatever was to be debugged goes on."""
        self.detached = True
        self.quitting = False
        self.set_continue()
        sys.settrace(None)

    # A command of the user's may never end by itself. Ctrl-C raises KeyboardInterrupt in it, which pdb tells at the next prompt.
    def onecmd(self, line):
        self.executing = threading.get_ident()
        try:
            return pdb.Pdb.onecmd(self, line)
        finally:
            with self.edge:
                raise_in(self.executing, None)
                self.executing = None

    def interrupt_command(self):
        with self.edge:
            if self.executing is not None:
                # If it is one that lets the request go on, that is stopped at its next line.
                self.interrupting = True
                raise_in(self.executing, KeyboardInterrupt)

    def do_EOF(self, argument):
        # The end of input is the end of this stop. Where the console went, the request is none of its business.
        if self.link.lost:
            self.set_continue()
            return True
        self.message("")
        return self.do_quit(argument)

    def emptyline(self):
        return pdb.Pdb.emptyline(self)

    def do_interact(self, argument):
        import code

        namespace = {**self.curframe.f_globals, **self.curframe.f_locals}
        interpreter = code.InteractiveConsole(namespace)
        interpreter.raw_input = self.ask
        interpreter.write = self.link.write
        before, sys.stdout = sys.stdout, self.link
        try:
            interpreter.interact("*interactive*, Ctrl-D ends it", "")
        finally:
            sys.stdout = before

    def ask(self, prompt=""):
        self.link.write(prompt)
        line = self.link.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")

    # What is traced. All of a request is, so that it can be stopped at any moment.
    def trace_dispatch(self, frame, event, argument):
        if self.detached:
            return None
        if self.interrupting and event in ("line", "call") and not is_machinery(frame):
            self.interrupting = False
            self.set_step()
        traced = pdb.Pdb.trace_dispatch(self, frame, event, argument)
        # What another debugger has set must stay.
        return frame.f_trace if self.handed_over else traced

    def set_continue(self):
        # pdb stops tracing where there are no breakpoints; an interrupt must still find its way.
        self._set_stopinfo(self.botframe, None, -1)

    def begin(self, frame):
        """Traces what this thread does from here on, without stopping."""
        self.reset()
        self.botframe = frame
        self.set_continue()
        sys.settrace(self.trace_dispatch)

    def stop_soon(self, thread):
        """Another thread's wish: stops at the next line, also in a loop that calls nothing."""
        self.interrupting = True
        frame = sys._current_frames().get(thread)
        while frame is not None and frame is not self.botframe:
            if not is_machinery(frame):
                frame.f_trace = self.trace_dispatch
            frame = frame.f_back


def raise_in(thread, kind):
    """Raises an exception in another thread at its next step; None takes back one that has not been raised yet."""
    # Imported when it is needed, since somebody waits for the first prompt.
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), kind and ctypes.py_object(kind))


class Ipdb:
    def debugger(self):
        from ipdb.__main__ import _init_pdb

        with home_for_history():
            return _init_pdb(context=5)

    def post_mortem(self, traceback):
        debugger = self.debugger()
        debugger.reset()
        debugger.interaction(None, traceback)


@contextlib.contextmanager
def home_for_history():
    """IPython makes `~/.pdbhistory` when it begins, and breaks where that cannot be."""
    home = os.environ.get("HOME")
    if home is None or os.access(home, os.W_OK):
        yield
        return
    os.environ["HOME"] = "/tmp"
    try:
        yield
    finally:
        os.environ["HOME"] = home


class Pudb:
    def debugger(self):
        import pudb.debugger

        return pudb.debugger.Debugger(stdin=sys.stdin, stdout=sys.stdout)

    def post_mortem(self, traceback):
        debugger = self.debugger()
        debugger.reset()
        kind, error = sys.exc_info()[:2]
        debugger.interaction(traceback.tb_frame, (kind, error, traceback))


def stop_in(debugger, frame):
    """Lets another debugger stop at the line that is about to run, and go on from there."""
    debugger.reset()
    outer = frame
    while outer is not None:
        outer.f_trace = debugger.trace_dispatch
        debugger.botframe = outer
        outer = outer.f_back
    debugger.set_step()
    sys.settrace(debugger.trace_dispatch)
    debugger.trace_dispatch(frame, "line", None)


def tool():
    name = os.environ.get("PARITY_DEBUGGER")
    if not name:
        return None
    sys.path.append("/opt/debugger")
    # There is no home directory that lasts.
    os.environ.setdefault("IPYTHONDIR", "/tmp/ipython")
    os.environ.setdefault("XDG_CONFIG_HOME", "/tmp/config")
    return {"ipdb": Ipdb, "pudb": Pudb}[name]()


TOOL = tool()
STREAMS = sys.stdin, sys.stdout, sys.stderr


def note_prompt(is_open):
    """A request that stops at a prompt is not cut off, however many saves wait for its process (`reload/underway.py`)."""
    # Where nothing runs there may be a prompt all the same.
    with contextlib.suppress(Exception):
        mod_wsgi.request_data()["parity.prompt"] = is_open


def is_machinery(frame):
    return frame.f_code.co_filename.startswith((ETC, "<frozen importlib")) or frame.f_code.co_filename == threading.__file__


def complete(text, before):
    debugger = Debugger.current
    if debugger is None:
        return []
    words = before.lstrip()
    begin = len(words) - len(text)
    try:
        if begin > 0:
            command = debugger.parseline(words)[0]
            finder = getattr(debugger, "complete_%s" % command, None) if command else None
            found = (finder or debugger.completedefault)(text, words, begin, len(words))
        else:
            found = debugger.completenames(text, words, begin, len(words)) + debugger.completedefault(text, words, begin, len(words))
    except Exception:
        found = []
    return sorted(set(found or []))


# --- breakpoints ----------------------------------------------------------------------------------------------------


def set_breakpoints(link, wanted):
    """Sets them all anew. Returns what could not be set, and why; changed code may have a line for it again."""
    bdb.Breakpoint.clearBreakpoints()
    refused, link.homeless = [], []
    for one in wanted:
        try:
            path, line = resolve(one)
            failed = bdb.Bdb().set_break(path, line, cond=one.get("if"))
        except ValueError as why:
            failed = why
        if failed:
            refused.append("%s: %s" % (one["at"], failed))
            link.homeless.append(one)
    link.breakpoints = breakpoints() + link.homeless
    return refused


def resolve(one):
    """The place of a breakpoint: `mysite/views.py:42`, or `mysite.views:home`. A line that has moved is known by its text."""
    place, _, where = one["at"].rpartition(":")
    if not place:
        raise ValueError("write FILE:LINE or MODULE:FUNCTION")
    if not where.isdigit():
        return find_function(place, where)
    path = os.path.normpath(os.path.join(PROJECT, place))
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
    return path, line


def find_function(module, name):
    """Where a function's body begins, without importing anything."""
    import ast

    base = module.replace(".", "/")
    roots = [PROJECT] + [entry for entry in sys.path if entry]
    candidates = ["%s/%s%s" % (root, base, ending) for root in roots for ending in (".py", "/__init__.py")]
    path = next((path for path in candidates if os.path.isfile(path)), None)
    if path is None:
        raise ValueError("there is no module %s" % module)
    with open(path, "rb") as file:
        body = ast.parse(file.read()).body
    for part in name.split("."):
        found = next((node for node in body if getattr(node, "name", None) == part), None)
        if found is None:
            raise ValueError("%s has no %s" % (module, name))
        body = found.body
    first = body[0]
    is_text = isinstance(first, ast.Expr) and isinstance(getattr(first, "value", None), ast.Constant)
    return path, (body[1] if is_text and len(body) > 1 else first).lineno


def set_again():
    """Sets them where their lines are now. A process may have been told of them long before it imports the code."""
    link = console
    if link is not None and link.breakpoints:
        refused = set_breakpoints(link, link.breakpoints)
        link.send(armed=True, breakpoints=link.breakpoints, refused=refused)


def breakpoints():
    """Those that are set, for a process that comes later: with the text of their lines."""
    found = []
    for one in bdb.Breakpoint.bpbynumber:
        if one is not None and not one.temporary:
            path = one.file[len(PROJECT) + 1 :] if one.file.startswith(PROJECT + "/") else one.file
            text = linecache.getline(one.file, one.line).strip()
            found.append({"at": "%s:%d" % (path, one.line), "if": one.cond, "text": text})
    return found


# --- requests -------------------------------------------------------------------------------------------------------


def wrap(application):
    """The application, with a look at whether somebody debugs."""

    def debugged(environ, start_response):
        if console is None:
            return application(environ, start_response)
        return Request(console, environ).run(application, start_response)

    return debugged


class Request:
    def __init__(self, link, environ):
        self.environ = environ
        self.debugger = Debugger(link, "%s %s" % (environ.get("REQUEST_METHOD", ""), environ.get("PATH_INFO", "")))
        self.parts = None

    def run(self, application, start_response):
        listen_to_frameworks()
        result = self.guard(lambda: application(self.environ, start_response), start_response)
        wrapper = self.environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and isinstance(result, wrapper) or isinstance(result, (list, tuple)):
            return result
        self.result, self.parts = result, iter(result)
        return self

    def guard(self, work, start_response=None):
        thread = threading.get_ident()
        requests[thread] = self.debugger
        self.debugger.begin(sys._getframe())
        try:
            return work()
        except bdb.BdbQuit:
            sys.settrace(None)
            if start_response is None:
                raise StopIteration from None
            body = b"The request was given up in the debugger.\n"
            start_response("500 Internal Server Error", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))], sys.exc_info())
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
            requests.pop(thread, None)

    def __iter__(self):
        return self

    def __next__(self):
        return self.guard(lambda: next(self.parts))

    def close(self):
        close = getattr(self.result, "close", None)
        if close is not None:
            self.guard(close)


def post_mortem(debugger, error):
    """A prompt where the exception was raised; once for each."""
    link = debugger.link
    if not link.errors or link.lost or isinstance(error, bdb.BdbQuit) or getattr(error, "__parity_seen__", False):
        return
    try:
        error.__parity_seen__ = True
    except AttributeError:
        pass
    after = Debugger(link, debugger.what)
    after.reset()
    tracing = sys.gettrace()
    sys.settrace(None)
    link.write("%s: %s\n" % (type(error).__name__, error))
    try:
        after.interaction(None, error if sys.version_info >= (3, 13) else without_parity(error.__traceback__))
    finally:
        sys.settrace(tracing)


def without_parity(traceback):
    while traceback.tb_next is not None and is_machinery(traceback.tb_frame):
        traceback = traceback.tb_next
    return traceback


def from_framework(*ignored, **more):
    """Django's and Flask's signal: an exception that they are about to turn into a 500."""
    error = more.get("exception") or sys.exc_info()[1]
    debugger = requests.get(threading.get_ident())
    if debugger is not None and error is not None:
        post_mortem(debugger, error)


def listen_to_frameworks():
    for name in unheard[:]:
        signal = getattr(sys.modules.get(name), "got_request_exception", None)
        if signal is not None:
            signal.connect(from_framework, weak=False)
            unheard.remove(name)


# Frameworks whose signal nobody listens to: they come with the application, which may be imported after the console came.
unheard = ["django.core.signals", "flask.signals"]


def breakpoint_in_code(*ignored, **more):
    """`breakpoint()` and `pdb.set_trace()`: of a request, a stop; of anything else, what they have always been."""
    debugger = requests.get(threading.get_ident())
    if console is None or debugger is None:
        link = console
        if link is None:
            return ORIGINAL(*ignored, **more)
        debugger = Debugger(link, "outside of a request")
        debugger.reset()
    # What is done here and in pdb must not be traced itself.
    sys.settrace(None)
    frame = sys._getframe(1)
    frame.f_trace = debugger.trace_dispatch
    if debugger.botframe is None:
        debugger.botframe = frame
    debugger.set_step()
    sys.settrace(debugger.trace_dispatch)


ORIGINAL, SET_TRACE = sys.breakpointhook, pdb.set_trace


# --- the console ----------------------------------------------------------------------------------------------------


def arm(link, wanted):
    global console
    link.errors = wanted.get("errors", True)
    # With the texts that their lines have now.
    refused = set_breakpoints(link, wanted.get("breakpoints") or [])
    console = link
    sys.breakpointhook = breakpoint_in_code
    pdb.set_trace = breakpoint_in_code
    parity_hook.arm()
    link.send(armed=True, breakpoints=link.breakpoints, refused=refused)


def disarm(link):
    global console
    link.lost = True
    link.answers.put({"eof": True})
    if console is link:
        console = None
        parity_hook.disarm()
        sys.breakpointhook, pdb.set_trace = ORIGINAL, SET_TRACE
        bdb.Breakpoint.clearBreakpoints()


def interrupt(link):
    current = Debugger.current
    if current is not None:
        current.interrupt_command()
        link.send(interrupted=True)
        return
    running = [(thread, debugger) for thread, debugger in list(requests.items()) if debugger.link is link]
    for thread, debugger in running[:1]:
        debugger.stop_soon(thread)
    slot = sys.modules.get("parity_slot")
    generation = 1 if slot is None else slot.State.generation if slot.State.doing == "loaded" else 0
    link.send(interrupted=bool(running), generation=generation)


def idle(link):
    """A prompt where nothing runs, in the application's module."""
    debugger = Debugger(link, "nothing runs")
    debugger.reset()
    scope = {"__name__": "__parity__", "application": parity_hook.application()}
    exec(compile("def here(show):\n    show()\n", ETC + "/idle", "exec"), scope)

    def show():
        debugger.interaction(sys._getframe(1), None)

    scope["here"](show)
    if debugger.quitting and not link.lost:
        link.send(end=True)


def serve(connection):
    link = Link(connection)
    rest = b""
    try:
        while True:
            # The console sends its terminal along with its first words.
            data, terminals, _, _ = socket.recv_fds(connection, 1 << 16, 1)
            if terminals:
                link.terminal = terminals[0]
            if not data:
                return
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                message = json.loads(line)
                do = message.get("do")
                if do == "arm" and console not in (None, link):
                    link.send(busy=True)
                elif do == "arm":
                    arm(link, message)
                elif do == "interrupt":
                    interrupt(link)
                elif do == "idle":
                    threading.Thread(target=idle, args=(link,), name="parity-debug-idle", daemon=True).start()
                else:
                    link.answers.put(message)
    except (OSError, ValueError):
        pass
    finally:
        disarm(link)


def at_startup():
    """A prompt before the application is imported, for breakpoints that are to be there from the beginning."""
    debugger = Debugger(console, "before the application is imported")
    debugger.reset()

    def startup():
        debugger.interaction(sys._getframe(), None)

    startup()
    if debugger.quitting and not debugger.link.lost:
        debugger.link.send(end=True)
