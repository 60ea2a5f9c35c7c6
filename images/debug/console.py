"""The terminal's half of the debugger: prompts, history, completion and keys; `debugger.py` has the other half.

    console.py SETTINGS     {"breakpoints": [...], "errors": true, "attach": false, "request": {"method", "path", "data"}}

It runs with the user's terminal, connects to every process that serves the application, also to those that come later,
and arms them. One process at a time has the prompt. Ctrl-C stops what runs, Ctrl-D where nothing is stopped ends it. So does Ctrl-C twice, which
parity itself sees to.
"""

import json
import os
import readline
import select
import signal
import socket
import sys
import termios
import threading
import time

PLACE = "/run/parity/debug"
# Holds this process's id.
CONSOLE = "console"
# Between two looks for new processes, in seconds; for the first one, somebody waits.
LOOK = 0.1
EAGER_LOOK = 0.005

SETTINGS = json.loads(sys.argv[1])
wanted = SETTINGS["breakpoints"]


# Of the terminal, before anybody changes them.
MODES = termios.tcgetattr(0)


class End(Exception):
    """The exit code is its argument, if it has one."""


# The exit code where another console was there before.
BUSY = 3


class Keys:
    """Ctrl-C. It ends what is typed at a prompt; anywhere else it is noted, and nothing is torn apart half way."""

    prompting = False
    pressed = False
    # Signals that the interpreter has not seen to yet.
    pending, wake = os.pipe()

    @classmethod
    def listen(cls):
        for end in (cls.pending, cls.wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGINT, cls.interrupt)
        signal.set_wakeup_fd(cls.wake, warn_on_full_buffer=False)
        threading.Thread(target=cls.insist, daemon=True).start()

    @classmethod
    def interrupt(cls, *ignored):
        try:
            os.read(cls.pending, 64)
        except BlockingIOError:
            pass
        if cls.prompting:
            cls.prompting = False
            raise KeyboardInterrupt
        cls.pressed = True

    @classmethod
    def insist(cls):
        """readline sees a signal only while it waits for a key. One that came just before would wait for the next key."""
        while True:
            select.select([cls.pending], [], [])
            time.sleep(LOOK / 2)
            if cls.prompting and select.select([cls.pending], [], [], 0)[0]:
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    @classmethod
    def was_pressed(cls):
        pressed, cls.pressed = cls.pressed, False
        return pressed


class Process:
    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.rest = b""
        self.messages = []
        self.armed = False
        self.generation = 0
        hello = json.dumps({"do": "arm", "breakpoints": wanted, "errors": SETTINGS["errors"]}).encode() + b"\n"
        socket.send_fds(self.socket, [hello], [0])

    def fileno(self):
        return self.socket.fileno()

    def send(self, **message):
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def receive(self):
        """Takes what has come; raises OSError when the process is gone."""
        data = self.socket.recv(1 << 16)
        if not data:
            raise OSError("gone")
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.messages.extend(json.loads(line) for line in lines)

    def next(self):
        """The next thing it says. Ctrl-C meanwhile is for what it does."""
        while not self.messages:
            if Keys.was_pressed():
                say("\n")
                self.send(do="interrupt")
            if select.select([self], [], [], LOOK)[0]:
                self.receive()
        return self.messages.pop(0)


processes = {}
# Ids of those that do not listen yet.
rung = set()
# Somebody looks for new ones.
finding = threading.Lock()
# A process is stopped, and its prompt takes all attention.
attending = threading.Event()
told = set()
# Answers to the request that was asked for, to be shown when no prompt is in the way.
answers = []


def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def remove(path):
    try:
        os.unlink(path)
    except OSError:
        pass


def find():
    """Connects to processes that are new."""
    try:
        names = os.listdir(PLACE)
    except OSError:
        return
    with finding:
        rung.clear()
        for name in names:
            path = PLACE + "/" + name
            pid, _, kind = name.partition(".")
            try:
                if kind == "sock" and path not in processes:
                    processes[path] = Process(path)
                elif kind == "pipe" and pid + ".sock" not in names:
                    rung.add(pid)
                    ring(path)
            except OSError:
                if not os.path.exists("/proc/" + pid):
                    rung.discard(pid)
                    remove(path)


def ring(pipe):
    """Tells a process that somebody comes: it listens then. That fails while it does not wait at its pipe."""
    pipe = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    try:
        os.write(pipe, b"debug\n")
    finally:
        os.close(pipe)


def find_meanwhile():
    """Processes that come wait until they are found. What is saved while another one is stopped would wait with them."""
    while attending.wait():
        find()
        time.sleep(LOOK)


def lose(process):
    processes.pop(process.path, None)
    questions.discard(process)
    process.socket.close()


def tell_when_ready():
    """Once, when whatever comes next can be stopped."""
    if processes and not rung and all(process.armed for process in list(processes.values())) and READY not in told:
        told.add(READY)
        say(READY % ("leaves the server to itself" if SETTINGS["attach"] else "ends"))


READY = "waiting for an exception or a breakpoint: Ctrl-C stops what runs; Ctrl-D, or Ctrl-C twice, %s\n"


def ask(method, path, data):
    """Makes the request that was asked for, as a browser on this machine would."""
    import http.client

    try:
        connection = http.client.HTTPConnection("127.0.0.1", 8000)
        headers = {"Host": "localhost"}
        if data is not None:
            headers["Content-Type"] = "application/json" if data[:1] in ("{", "[") else "application/x-www-form-urlencoded"
        connection.request(method, path, body=None if data is None else data.encode(), headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        shown = text if len(text) <= SHOWN else text[:SHOWN] + "\n... %d characters more" % (len(text) - SHOWN)
        answers.append("# %s %s -> %d %s\n%s\n" % (method, path, answer.status, answer.reason, shown.rstrip()))
    except OSError as error:
        answers.append("# %s %s -> no answer: %s\n" % (method, path, error))


# Characters of an answer's body.
SHOWN = 600


def note(process, message):
    """What a process says while it is not stopped."""
    global wanted
    if "armed" in message:
        if not any(one.armed for one in list(processes.values())):
            mark()
        process.armed = True
        request, SETTINGS["request"] = SETTINGS["request"], None
        if request:
            threading.Thread(target=ask, args=(request["method"], request["path"], request["data"]), daemon=True).start()
        for why in message["refused"]:
            if why not in told:
                told.add(why)
                say("no breakpoint at %s\n" % why)
        # With the texts of their lines, by which they are found again in changed code.
        if message["breakpoints"] and not message["refused"]:
            wanted = message["breakpoints"]
        tell_when_ready()
    elif "interrupted" in message:
        if message["interrupted"]:
            questions.clear()
        elif process in questions:
            questions.discard(process)
            process.generation = message["generation"]
            if not questions:
                prompt_where_nothing_runs()
    elif "end" in message:
        raise End
    elif "busy" in message:
        raise End(BUSY)


# Processes that were asked whether they run something to stop, and have not answered.
questions = set()


def interrupt():
    """Ctrl-C where nothing is stopped."""
    say("\n")
    questions.clear()
    questions.update(processes.values())
    for process in list(questions):
        try:
            process.send(do="interrupt")
        except OSError:
            lose(process)


def prompt_where_nothing_runs():
    """In the process that serves what was saved last."""
    newest = max(list(processes.values()), key=lambda process: process.generation)
    try:
        newest.send(do="idle")
    except OSError:
        lose(newest)


def ask_user(prompt):
    """A line of the user's, or another end of the prompt."""
    try:
        try:
            Keys.prompting = True
            answer = {"line": input(prompt)}
        except EOFError:
            answer = {"eof": True}
        Keys.prompting = False
    except KeyboardInterrupt:
        say("\n")
        answer = {"interrupt": True}
    return answer


def stopped(process, what):
    """One stop, from its prompt until the process goes on."""
    global wanted
    say("\n# stopped: %s\n" % what if what else "\n")

    def completer(text, state, found=[]):
        if state == 0:
            found.clear()
            Keys.prompting = False
            try:
                process.send(complete=text, before=readline.get_line_buffer()[: readline.get_endidx()])
                answer = process.next()
                while "completions" not in answer:
                    answer = process.next()
                found.extend(answer["completions"])
            finally:
                Keys.prompting = True
        return found[state] if state < len(found) else None

    readline.set_completer(completer)
    try:
        while True:
            message = process.next()
            if "out" in message:
                say(message["out"])
            elif "ask" in message:
                process.send(**ask_user(message["ask"]))
            elif "go" in message:
                changed = message["breakpoints"]
                if changed != wanted:
                    wanted = changed
                    for other in list(processes.values()):
                        if other is not process:
                            other.send(do="arm", breakpoints=wanted, errors=SETTINGS["errors"])
                return
            else:
                note(process, message)
    finally:
        readline.set_completer(None)


def lend(process, what):
    """Stays away from the terminal while a debugger of its own has it."""
    say("# stopped: %s\n" % what)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while "go" not in process.next():
            pass
    finally:
        signal.signal(signal.SIGINT, Keys.interrupt)
        # It may have left it in a mode of its own.
        os.set_blocking(0, True)
        termios.tcsetattr(0, termios.TCSADRAIN, MODES)


def attend(process, message):
    attending.set()
    try:
        (lend if message.get("terminal") else stopped)(process, message["stop"])
    finally:
        attending.clear()


def look():
    find()
    tell_when_ready()
    if Keys.was_pressed():
        interrupt()
    while answers:
        say(answers.pop(0))
    ready, _, _ = select.select([0, *processes.values()], [], [], LOOK if processes and not rung else EAGER_LOOK)
    for one in ready:
        if one == 0:
            try:
                gone = not os.read(0, 4096)
            except OSError:
                gone = True
            if gone:
                raise End
            continue
        try:
            one.receive()
            while one.messages:
                message = one.messages.pop(0)
                if "stop" in message:
                    attend(one, message)
                else:
                    note(one, message)
        except OSError:
            lose(one)


def mark():
    """Processes that come from now on wait until they are found."""
    new = "%s/%s.%d" % (PLACE, CONSOLE, os.getpid())
    with open(new, "w") as file:
        file.write("%d" % os.getpid())
    os.rename(new, "%s/%s" % (PLACE, CONSOLE))


def main():
    readline.parse_and_bind("tab: complete")
    readline.set_completer_delims(" \t\n`~!@#$%^&*()-=+[{]}\\|;:'\",<>/?")
    Keys.listen()
    threading.Thread(target=find_meanwhile, daemon=True).start()
    try:
        while True:
            look()
    except End as end:
        return end.args[0] if end.args else 0


sys.exit(main())
