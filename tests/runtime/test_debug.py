"""The debugger: the way in, pdb in a request, and the terminal's half, each with the other one played by the test."""

import bdb
import ctypes
import io
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
import types
import unittest.mock

import mod_wsgi
import support
from parity_runtime import instruments, layout
from parity_runtime.debug import breakpoints, console, hook, keys, peer, tools
from parity_runtime.debug.link import Link
from parity_runtime.debug.session import Session
from parity_runtime.protocol import debug as protocol

PATIENCE = 10

CODE = """\
def view(environ):
    # a comment
    value = environ["PATH_INFO"]
    if value == "/fail":
        raise KeyError("no such page")
    return value


def documented():
    "What it does."
    return 1


class Views:
    def home(self):
        return 2
"""


class Breakpoints(support.Case):
    def setUp(self):
        super().setUp()
        self.write("shop/views.py", CODE)
        self.replace(sys, "path", [*sys.path])
        self.addCleanup(breakpoints.clear)

    def resolve(self, at, **more):
        path, line = breakpoints.resolve({"at": at, **more})
        self.assertEqual(path, layout.PROJECT + "/shop/views.py")
        return line

    def refuses(self, at, why, **more):
        with self.assertRaises(ValueError) as refused:
            breakpoints.resolve({"at": at, **more})
        support.has(str(refused.exception), why)

    def test_lines_and_functions(self):
        self.assertEqual(self.resolve("shop/views.py:3"), 3)
        self.assertEqual(self.resolve("shop.views:view"), 3)
        self.assertEqual(self.resolve("shop/views.py:view"), 3)
        # Behind what it says of itself.
        self.assertEqual(self.resolve("shop.views:documented"), 11)
        self.assertEqual(self.resolve("shop.views:Views.home"), 16)

    def test_the_head_of_a_function_stands_for_its_body(self):
        head = "import shop\n\n\n@shop.get(\n    1)\ndef view(\n    one,\n):\n"
        self.write("shop/views.py", head + '    """Says."""\n    return one\ndef short(): return 1\n')
        self.assertEqual([self.resolve("shop/views.py:%d" % line) for line in (1, 4, 5, 6, 7, 8, 10, 11)], [1, 10, 10, 10, 10, 10, 10, 11])
        self.write("shop/views.py", "def view(:\n    x\n")
        self.assertEqual(self.resolve("shop/views.py:1"), 1)

    def test_a_line_that_has_moved_is_known_by_its_text(self):
        self.assertEqual(self.resolve("shop/views.py:1", text="return value"), 6)
        self.refuses("shop/views.py:1", "its line is gone", text="return other")

    def test_places_where_nobody_stops(self):
        self.refuses("views", "write FILE:LINE, FILE:FUNCTION or MODULE:FUNCTION")
        self.refuses("shop/none.py:1", "no such file")
        self.refuses("shop/views.py:2", "nothing of the program")
        self.refuses("shop.none:view", "no module shop.none")
        self.refuses("shop.views:none", "has no none")

    def test_code_that_is_saved_half_way_has_no_place_yet(self):
        self.write("shop/half.py", "def view(:\n")
        link = unittest.mock.Mock(breakpoints=[], homeless=[])
        with unittest.mock.patch("builtins.open", side_effect=[open(layout.PROJECT + "/shop/half.py", "rb"), OSError("gone")]):
            refused = breakpoints.set_all(link, [{"at": "shop.half:view"}, {"at": "shop.views:view"}])
        self.assertEqual([why.partition(":")[0] for why in refused], ["shop.half", "shop.views"])
        self.assertEqual([one["at"] for one in link.homeless], ["shop.half:view", "shop.views:view"])

    def test_what_cannot_be_set_waits_for_other_code(self):
        link = unittest.mock.Mock(breakpoints=[], homeless=[])
        refused = breakpoints.set_all(link, [{"at": "shop/views.py:3", "if": "value"}, {"at": "shop/views.py:99"}])
        self.assertEqual(len(refused), 1)
        known = [{"at": "shop/views.py:3", "if": "value", "text": 'value = environ["PATH_INFO"]'}, {"at": "shop/views.py:99"}]
        self.assertEqual(link.breakpoints, known)


class Console:
    """The test as the console of a process."""

    def __init__(self, session):
        ours, theirs = socket.socketpair()
        self.socket, self.rest, self.messages = ours, b"", []
        self.thread = threading.Thread(target=session.serve, args=(theirs,), daemon=True)
        self.thread.start()

    def send(self, message):
        self.socket.sendall(message.to_text().encode() + b"\n")

    def next(self, kind):
        """What comes next of a kind; what is printed before it is kept."""
        self.printed = ""
        while True:
            while b"\n" not in self.rest:
                assert select.select([self.socket], [], [], PATIENCE)[0], "it says nothing"
                self.rest += self.socket.recv(1 << 16)
            line, _, self.rest = self.rest.partition(b"\n")
            message = protocol.TO_CONSOLE.read(line)
            if isinstance(message, kind):
                return message
            if isinstance(message, protocol.Output):
                self.printed += message.text

    def close(self):
        self.socket.close()
        self.thread.join(PATIENCE)


class Sessions(support.Case):
    """pdb in requests of an application, with the console's part played."""

    def setUp(self):
        super().setUp()
        self.addCleanup(mod_wsgi.event_callbacks.clear)
        self.hook = hook.Hook(instruments.Runtime())
        self.session = self.hook.session = Session(self.hook)
        self.path = self.write("shop/views.py", CODE)
        scope = {}
        exec(compile(CODE, self.path, "exec"), scope)

        def application(environ, start_response):
            text = scope["view"](environ)
            start_response("200 OK", [])
            return [text.encode()]

        self.application = application
        self.console = Console(self.session)
        self.addCleanup(self.console.close)

    def arm(self, *places, errors=True):
        self.console.send(protocol.Arm(breakpoints=[{"at": place} for place in places], errors=errors))
        return self.console.next(protocol.Armed)

    def ask(self, path="/"):
        answers = queue.Queue()

        def run():
            try:
                answers.put(mod_wsgi.serve(self.application, {"PATH_INFO": path}))
            except Exception as error:
                answers.put(error)

        threading.Thread(target=run, daemon=True).start()
        return answers

    def type(self, line):
        self.console.send(protocol.Line(text=line))

    def test_a_breakpoint_stops_a_request_until_it_goes_on(self):
        armed = self.arm("shop/views.py:3")
        self.assertEqual((armed.refused, armed.breakpoints[0]["text"]), ([], 'value = environ["PATH_INFO"]'))
        answers = self.ask("/x")
        self.assertEqual(self.console.next(protocol.Stopped).what, "GET /x")
        self.console.next(protocol.Prompt)
        self.type("p environ['PATH_INFO']")
        self.console.next(protocol.Prompt)
        support.has(self.console.printed, "'/x'")
        self.console.send(protocol.Complete(text="env", before="p env"))
        self.assertIn("environ", self.console.next(protocol.Completions).found)
        self.type("c")
        self.assertEqual(len(self.console.next(protocol.Resumed).breakpoints), 1)
        self.assertEqual(answers.get(timeout=PATIENCE)[2], b"/x")

    def test_it_stops_also_where_the_server_withdraws_interruptions(self):
        """Which Python 3.11 takes for one that is to come, and a traced thread waits for."""
        withdraw, inner = ctypes.pythonapi.PyThreadState_SetAsyncExc, self.application

        def application(environ, start_response):
            withdraw(ctypes.c_ulong(threading.get_ident()), None)
            return inner(environ, start_response)

        self.arm("shop/views.py:3")
        self.application = application
        for path in ("/x", "/y"):
            answers = self.ask(path)
            self.console.next(protocol.Stopped)
            self.console.next(protocol.Prompt)
            self.type("c")
            self.assertEqual(answers.get(timeout=PATIENCE)[2], path.encode())

    def test_what_is_raised_opens_a_prompt_where_it_was(self):
        self.arm()
        answers = self.ask("/fail")
        self.console.next(protocol.Stopped)
        self.console.next(protocol.Prompt)
        support.has(self.console.printed, "KeyError: 'no such page'")
        self.type("p value")
        self.console.next(protocol.Prompt)
        support.has(self.console.printed, "'/fail'")
        self.type("q")
        self.console.next(protocol.Resumed)
        self.assertIsInstance(answers.get(timeout=PATIENCE), KeyError)

    def test_errors_pass_where_nobody_wants_them(self):
        self.arm(errors=False)
        self.assertIsInstance(self.ask("/fail").get(timeout=PATIENCE), KeyError)

    def test_quitting_gives_the_request_up(self):
        self.arm("shop.views:view")
        answers = self.ask()
        self.console.next(protocol.Prompt)
        self.console.send(protocol.EndOfInput())
        status, _, body = answers.get(timeout=PATIENCE)
        self.assertEqual((status, body), ("500 Internal Server Error", b"The request was given up in the debugger.\n"))

    def test_a_command_that_runs_is_interrupted(self):
        self.arm("shop.views:view")
        answers = self.ask()
        self.console.next(protocol.Prompt)
        self.type("while True: pass")
        time.sleep(0.1)
        self.console.send(protocol.Interrupt())
        self.assertTrue(self.console.next(protocol.Interrupted).running)
        self.console.next(protocol.Prompt)
        self.type("c")
        self.assertEqual(answers.get(timeout=PATIENCE)[0], "200 OK")

    def test_where_nothing_runs_there_is_a_prompt_on_demand(self):
        self.hook.runtime.generation = lambda: 7
        self.arm()
        self.console.send(protocol.Interrupt())
        interrupted = self.console.next(protocol.Interrupted)
        self.assertEqual((interrupted.running, interrupted.generation), (False, 7))
        self.console.send(protocol.Idle())
        self.assertEqual(self.console.next(protocol.Stopped).what, "nothing runs")
        self.console.next(protocol.Prompt)
        self.type("p 6 * 7")
        self.console.next(protocol.Prompt)
        support.has(self.console.printed, "42")
        self.type("q")
        self.console.next(protocol.Ended)

    def test_a_second_console_is_told_that_it_is_busy(self):
        self.arm()
        other = Console(self.session)
        self.addCleanup(other.close)
        other.send(protocol.Arm(breakpoints=[], errors=True))
        other.next(protocol.Busy)

    def test_when_the_console_goes_everything_is_as_before(self):
        usual = sys.breakpointhook
        self.arm("shop.views:view")
        self.assertEqual(len(mod_wsgi.event_callbacks), 1)
        answers = self.ask("/x")
        self.console.next(protocol.Prompt)
        self.console.close()
        self.assertEqual(answers.get(timeout=PATIENCE)[2], b"/x")
        self.assertEqual((sys.breakpointhook, len(mod_wsgi.event_callbacks)), (usual, 0))
        self.assertFalse(any(bdb.Breakpoint.bpbynumber[1:]))

    def test_a_console_that_cannot_be_understood_is_let_go(self):
        with unittest.mock.patch.object(sys, "stderr", io.StringIO()) as errors:
            self.console.socket.sendall(b"{}\n")
            self.console.thread.join(PATIENCE)
        support.has(errors.getvalue(), "cannot be understood", "version None")

    def test_the_consoles_terminal_is_closed_when_it_goes(self):
        master, terminal = os.openpty()
        self.addCleanup(os.close, master)
        socket.send_fds(self.console.socket, [protocol.Arm(breakpoints=[], errors=True).to_text().encode() + b"\n"], [terminal])
        self.console.next(protocol.Armed)
        self.assertFalse(os.get_inheritable(self.session.console.terminal))
        os.close(terminal)
        self.console.close()
        # It has no end while somebody has it open.
        self.assertTrue(select.select([master], [], [], PATIENCE)[0])
        self.assertRaises(OSError, os.read, master, 1)

    def test_breakpoints_follow_code_that_is_newer(self):
        self.arm("shop.views:view")
        self.write("shop/views.py", "import os\n\n" + CODE)
        self.hook.note(object())
        armed = self.console.next(protocol.Armed)
        self.assertEqual(armed.breakpoints[0]["at"], "shop/views.py:5")

    def test_a_link_says_whole_lines(self):
        sent = []
        link = Link(types.SimpleNamespace(sendall=sent.append))
        link.write("a\nb")
        link.flush()
        link.flush_all()
        self.assertEqual([protocol.TO_CONSOLE.read(line).text for line in sent], ["a\n", "b"])
        link.lost = True
        self.assertEqual(link.readline(), "")


class WayIn(support.Case):
    def test_a_process_waits_at_its_pipe_and_takes_the_probe(self):
        runtime = instruments.Runtime()
        with unittest.mock.patch.dict(os.environ):
            os.environ.pop("PARITY_DEBUG", None)
            os.makedirs(layout.debug())
            self.write(layout.debug_socket(2**22 + 1))
            hook.install(runtime)
        self.assertEqual(os.listdir(layout.debug()), ["%d.pipe" % os.getpid()])
        self.assertEqual(mod_wsgi.event_callbacks, [])
        self.assertFalse(hook.hook.armed.is_set())
        seen = self.directory + "/seen"
        self.write(layout.probe(), "def look_once():\n    open(%r, 'w').close()\n" % seen)
        with open(layout.debug_pipe(os.getpid()), "w") as pipe:
            pipe.write("probe\n")
        until = time.monotonic() + PATIENCE
        while not os.path.exists(seen) and time.monotonic() < until:
            time.sleep(0.005)
        self.assertTrue(os.path.exists(seen))

    def test_words_that_come_at_once_are_all_heard(self):
        os.makedirs(layout.debug())
        waiting = hook.Hook(instruments.Runtime())
        pipe, heard = layout.debug_pipe(os.getpid()), queue.Queue()
        waiting.obey = heard.put
        os.mkfifo(pipe)
        threading.Thread(target=waiting.wait_at, args=(pipe,), daemon=True).start()
        # The first is not read to its end before the last has written.
        writers = [os.open(pipe, os.O_WRONLY) for _ in range(4)]
        for writer, words in zip(writers, (b"debug\n", b"record\n", b"debug\n", b"\xff profile\n"), strict=True):
            os.write(writer, words)
        for writer in writers:
            os.close(writer)
        self.assertEqual([heard.get(timeout=PATIENCE) for _ in range(4)], ["debug", "record", "\ufffd", "profile"])

    def test_who_cannot_be_let_in_may_be_the_next_time(self):
        waiting = hook.Hook(instruments.Runtime())
        with self.assertRaises(FileNotFoundError):
            waiting.listen()
        os.makedirs(layout.debug())
        # The second time after the application has closed all that it does not know.
        for _ in range(2):
            waiting.listen()
            with socket.socket(socket.AF_UNIX) as console:
                console.connect(layout.debug_socket(os.getpid()))
            waiting.listener.shutdown(socket.SHUT_RDWR)
            until = time.monotonic() + PATIENCE
            while waiting.listener is not None and time.monotonic() < until:
                time.sleep(0.005)
            self.assertEqual((waiting.listener, os.listdir(layout.debug())), (None, []))

    def test_the_profiler_leaves_no_module_behind(self):
        self.replace(sys, "path", [*sys.path])
        before = [*sys.path]
        for _ in range(2):
            serving = hook.load_visitor(support.ROOT + "/images/profile", "parity_profile", "serving")
            self.assertTrue(callable(serving.begin))
            self.assertEqual([name for name in sys.modules if name.startswith("parity_profile")], [])
        self.assertEqual(sys.path, before)

    def test_somebody_debugs_as_long_as_the_console_lives(self):
        self.assertFalse(hook.is_debugged())
        self.write(layout.console(), "%d" % os.getpid())
        self.assertTrue(hook.is_debugged())
        self.write(layout.console(), "%d" % (2**22 + 1))
        self.assertFalse(hook.is_debugged())

    def test_debuggers_that_are_asked_for(self):
        self.replace(sys, "path", [*sys.path])
        with unittest.mock.patch.dict(os.environ, {"PARITY_DEBUGGER": ""}):
            self.assertIsNone(tools.wanted())
            os.environ["PARITY_DEBUGGER"] = "pudb"
            self.assertIsInstance(tools.wanted(), tools.Pudb)
            os.environ["PARITY_DEBUGGER"] = "ipdb"
            self.assertIsInstance(tools.wanted(), tools.Ipdb)


class Terminal(support.Case):
    """The console, with processes played by the test."""

    def setUp(self):
        super().setUp()
        os.makedirs(layout.debug())
        self.enterContext(unittest.mock.patch.object(console.termios, "tcgetattr", return_value=[]))
        settings = protocol.Settings(breakpoints=[{"at": "a.py:1"}], errors=True, attach=True, request=None)
        self.output = io.StringIO()
        self.enterContext(unittest.mock.patch.object(sys, "stdout", self.output))
        self.console = console.Console(settings)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(layout.debug_socket(12))
        self.listener.listen(4)
        self.addCleanup(self.listener.close)

    def connect(self):
        with unittest.mock.patch.object(peer.Peer, "arm", lambda one, message, _: one.send(message)):
            self.console.find()
        self.process, _ = self.listener.accept()
        self.addCleanup(self.process.close)
        [one] = self.console.peers
        self.addCleanup(one.socket.close)
        return one

    def heard(self):
        *lines, _ = self.process.recv(1 << 16).split(b"\n")
        return [protocol.TO_PROCESS.read(line) for line in lines]

    def say(self, message):
        self.process.sendall(message.to_text().encode() + b"\n")

    def test_processes_are_armed_and_that_is_said_once(self):
        one = self.connect()
        self.assertEqual(self.heard(), [protocol.Arm(breakpoints=[{"at": "a.py:1"}], errors=True)])
        self.say(protocol.Armed(breakpoints=[{"at": "a.py:1", "if": None, "text": "x"}], refused=[]))
        self.console.hear(one)
        self.console.tell_when_ready()
        self.assertEqual(self.output.getvalue(), console.READY % "leaves the server to itself")
        self.assertEqual(self.console.wanted[0]["text"], "x")
        self.assertEqual(self.read(layout.console()), "%d" % os.getpid())

    def test_a_refused_breakpoint_is_said_once(self):
        one = self.connect()
        for _ in range(2):
            self.console.note(one, protocol.Armed(breakpoints=[], refused=["a.py:1: there is no such file"]))
        self.assertEqual(self.output.getvalue().count("no breakpoint at a.py:1: there is no such file\n"), 1)

    def test_a_stop_is_a_prompt_until_the_process_goes_on(self):
        one = self.connect()
        self.heard()
        for message in (protocol.Output(text="-> x\n"), protocol.Prompt(text="(Pdb) "), protocol.Resumed(breakpoints=[{"at": "b.py:2"}])):
            self.say(message)
        with unittest.mock.patch("builtins.input", return_value="c"):
            self.console.attend(one, protocol.Stopped(what="GET /"))
        self.assertEqual(self.output.getvalue(), "\n# stopped: GET /\n-> x\n")
        self.assertEqual(self.heard(), [protocol.Line(text="c")])
        self.assertEqual(self.console.wanted, [{"at": "b.py:2"}])

    def test_breakpoints_are_passed_on_to_those_that_are_there(self):
        one = self.connect()
        gone, other = unittest.mock.Mock(path="gone", send=unittest.mock.Mock(side_effect=OSError)), unittest.mock.Mock(path="other")
        self.console.peers.known.update(gone=gone, other=other)
        self.console.pass_on(one, [{"at": "b.py:2"}])
        self.assertEqual(set(self.console.peers), {one, other})
        other.send.assert_called_once_with(protocol.Arm(breakpoints=[{"at": "b.py:2"}], errors=True))

    def test_a_request_that_cannot_be_made_is_said(self):
        self.console.ask({"method": "GET", "path": "/a b", "data": None})
        self.assertEqual(len(self.console.answers), 1)
        support.has(self.console.answers[0], "# GET /a b -> no answer: ")

    def test_ends_of_a_prompt(self):
        for raised, answer in ((EOFError, protocol.EndOfInput()), (KeyboardInterrupt, protocol.Cancel())):
            with unittest.mock.patch("builtins.input", side_effect=raised):
                self.assertEqual(self.console.ask_user("(Pdb) "), answer)

    def test_ctrl_c_where_nothing_runs_opens_a_prompt_in_the_newest(self):
        one = self.connect()
        self.heard()
        self.console.interrupt()
        self.assertEqual(self.heard(), [protocol.Interrupt()])
        self.console.note(one, protocol.Interrupted(running=False, generation=3))
        self.assertEqual(self.heard(), [protocol.Idle()])
        self.console.interrupt()
        self.console.note(one, protocol.Interrupted(running=True))
        self.assertEqual((self.console.questions, self.heard()), (set(), [protocol.Interrupt()]))

    def test_how_it_ends(self):
        one = self.connect()
        for message, code in ((protocol.Ended(), 0), (protocol.Busy(), protocol.BUSY)):
            with self.assertRaises(console.End) as end:
                self.console.note(one, message)
            self.assertEqual(end.exception.code, code)

    def test_a_process_that_goes_or_says_nonsense_is_lost(self):
        one = self.connect()
        self.process.sendall(b"what\n")
        self.console.hear(one)
        self.assertEqual(list(self.console.peers), [])
        support.has(self.output.getvalue(), "process 12 cannot be understood")
        one = self.connect()
        self.process.close()
        self.console.hear(one)
        self.assertEqual(list(self.console.peers), [])

    def test_processes_that_do_not_listen_yet_are_rung(self):
        os.mkfifo(layout.debug_pipe(13))
        reader = os.open(layout.debug_pipe(13), os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.connect()
        self.assertEqual((os.read(reader, 100), self.console.peers.rung), (b"debug\n", {"13"}))

    def test_what_dead_processes_left_is_taken_away(self):
        os.mkfifo(layout.debug_pipe(2**22 + 1))
        self.connect()
        self.assertFalse(os.path.exists(layout.debug_pipe(2**22 + 1)))

    def test_the_end_of_the_input_where_nothing_is_stopped(self):
        for typed, ends in ((b"", True), (b"\x04", True), (b"x\n\x04", True), (b"x\n", False), (OSError(), True)):
            with unittest.mock.patch.object(console.os, "read", side_effect=[typed]):
                self.assertEqual(console.is_at_end(), ends, typed)

    def test_ctrl_c_ends_what_is_typed_and_is_noted_elsewhere(self):
        typed = keys.Keys()
        typed.listen()
        self.addCleanup(signal.signal, signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.set_wakeup_fd, -1)
        signal.raise_signal(signal.SIGINT)
        self.assertTrue(typed.was_pressed() and not typed.was_pressed())
        typed.prompting = True
        with self.assertRaises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        self.assertFalse(typed.prompting or typed.pressed)


TYPING = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY)
sys.path.insert(0, sys.argv[1])
import readline
from parity_runtime.debug.keys import Keys
keys = Keys()
keys.listen()
while True:
    try:
        print("said " + keys.ask("(Pdb) "))
    except KeyboardInterrupt:
        print("cancelled")
"""


class Prompt(unittest.TestCase):
    """In a terminal of its own."""

    def setUp(self):
        self.master, slave = os.openpty()
        self.addCleanup(os.close, self.master)
        self.resize(50)
        arguments = [sys.executable, "-B", "-c", TYPING, support.RUNTIME]
        self.program = subprocess.Popen(
            arguments, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env={**os.environ, "TERM": "xterm"}
        )
        os.close(slave)
        self.addCleanup(self.program.wait)
        self.addCleanup(self.program.kill)
        self.shown = b""

    def resize(self, rows):
        termios.tcsetwinsize(self.master, (rows, 200))

    def shows(self, text):
        until = time.monotonic() + PATIENCE
        while text not in self.shown:
            self.assertTrue(select.select([self.master], [], [], until - time.monotonic())[0], (text, self.shown))
            self.shown += os.read(self.master, 4096)
        self.shown = self.shown.partition(text)[2]

    def test_it_is_drawn_again_however_late_it_learns_of_the_size(self):
        self.shows(b"(Pdb) ")
        os.write(self.master, b"p wan")
        self.shows(b"p wan")
        for _ in range(3):
            # A machine that is busy has it run when both have been done.
            self.program.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, self.program.pid, os.WSTOPPED | os.WNOWAIT)
            self.resize(51)
            self.resize(50)
            self.program.send_signal(signal.SIGCONT)
            self.shows(b"(Pdb) p wan")
        os.write(self.master, b"ted\r")
        self.shows(b"said p wanted")

    def test_ctrl_c_ends_it(self):
        self.shows(b"(Pdb) ")
        os.write(self.master, b"p wan")
        self.shows(b"p wan")
        os.write(self.master, b"\x03")
        self.shows(b"cancelled")

    def test_ctrl_c_ends_it_also_where_it_is_to_be_drawn_again(self):
        for _ in range(5):
            self.shows(b"(Pdb) ")
            os.write(self.master, b"p wan")
            self.shows(b"p wan")
            self.program.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, self.program.pid, os.WSTOPPED | os.WNOWAIT)
            for number in (signal.SIGINT, signal.SIGWINCH, signal.SIGCONT):
                self.program.send_signal(number)
            self.shows(b"cancelled")


class Programs(unittest.TestCase):
    def run_it(self, *words):
        return subprocess.run([sys.executable, "-I", "-S", support.RUNTIME + "/run.py", *words], capture_output=True, text=True)

    def test_programs_are_known_by_name(self):
        ran = self.run_it("dance")
        self.assertEqual((ran.returncode, ran.stderr), (2, "parity: there is no program dance\n"))
        self.assertEqual(self.run_it("takeover", "what").returncode, 2)


if __name__ == "__main__":
    unittest.main()
