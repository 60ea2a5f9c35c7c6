"""The terminal's half of the debugger: prompts, history, completion and keys; `debugger.py` has the other half.

    console.py SETTINGS     {"breakpoints": [...], "errors": true, "attach": false, "request": {"method", "path", "data"}}

It runs with the user's terminal, connects to every process that serves the application, also to those that come later,
and arms them. One process at a time has the prompt. Ctrl-C stops what runs, Ctrl-D where nothing is stopped ends it.
"""

import json
import os
import readline
import select
import signal
import socket
import sys
import termios

PLACE = "/run/parity/debug"
# Between two looks for new processes, in seconds.
LOOK = 0.1

SETTINGS = json.loads(sys.argv[1])
wanted = SETTINGS["breakpoints"]


# Of the terminal, before anybody changes them.
MODES = termios.tcgetattr(0)


class End(Exception):
    pass


class Process:
    def __init__(self, path):
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.rest = b""
        self.messages = []
        self.armed = False
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
        while not self.messages:
            self.receive()
        return self.messages.pop(0)


processes = {}
told = set()
# Answers to the request that was asked for, to be shown when no prompt is in the way.
answers = []


def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def find():
    """Connects to processes that are new."""
    try:
        names = os.listdir(PLACE)
    except OSError:
        return
    for name in names:
        path = PLACE + "/" + name
        if path not in processes:
            try:
                processes[path] = Process(path)
            except OSError:
                # Of a process that is no more.
                try:
                    os.unlink(path)
                except OSError:
                    pass


def lose(process):
    processes.pop(process.path, None)
    process.socket.close()


def tell_when_ready():
    """Once, when whatever comes next can be stopped."""
    if processes and all(process.armed for process in processes.values()) and READY not in told:
        told.add(READY)
        say(READY % ("leaves the server to itself" if SETTINGS["attach"] else "ends"))


READY = "waiting for an exception or a breakpoint: Ctrl-C stops what runs, Ctrl-D %s\n"


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
SHOWN = 4000


def note(process, message):
    """What a process says while it is not stopped."""
    global wanted
    if "armed" in message:
        process.armed = True
        request, SETTINGS["request"] = SETTINGS["request"], None
        if request:
            import threading

            threading.Thread(target=ask, args=(request["method"], request["path"], request["data"]), daemon=True).start()
        for why in message["refused"]:
            if why not in told:
                told.add(why)
                say("no breakpoint at %s\n" % why)
        # With the texts of their lines, by which they are found again in changed code.
        if message["breakpoints"] and not message["refused"]:
            wanted = message["breakpoints"]
        tell_when_ready()
    elif "end" in message:
        raise End


def stopped(process, what):
    """One stop, from its prompt until the process goes on."""
    global wanted
    say("\n# stopped: %s\n" % what if what else "\n")

    def completer(text, state, found=[]):
        if state == 0:
            found.clear()
            process.send(complete=text, before=readline.get_line_buffer()[: readline.get_endidx()])
            answer = process.next()
            while "completions" not in answer:
                answer = process.next()
            found.extend(answer["completions"])
        return found[state] if state < len(found) else None

    readline.set_completer(completer)
    try:
        while True:
            message = process.next()
            if "out" in message:
                say(message["out"])
            elif "ask" in message:
                try:
                    process.send(line=input(message["ask"]))
                except KeyboardInterrupt:
                    say("\n")
                    process.send(interrupt=True)
                except EOFError:
                    process.send(eof=True)
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
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # It may have left it in a mode of its own.
        os.set_blocking(0, True)
        termios.tcsetattr(0, termios.TCSADRAIN, MODES)


def look():
    find()
    while answers:
        say(answers.pop(0))
    ready, _, _ = select.select([0, *processes.values()], [], [], LOOK)
    for one in ready:
        if one == 0:
            if not os.read(0, 4096):
                raise End
            continue
        try:
            one.receive()
            while one.messages:
                message = one.messages.pop(0)
                if message.get("terminal"):
                    lend(one, message["stop"])
                elif "stop" in message:
                    stopped(one, message["stop"])
                else:
                    note(one, message)
        except OSError:
            lose(one)


def main():
    readline.parse_and_bind("tab: complete")
    readline.set_completer_delims(" \t\n`~!@#$%^&*()-=+[{]}\\|;:'\",<>/?")
    while True:
        try:
            look()
        except KeyboardInterrupt:
            say("\n")
            for process in list(processes.values())[: 1 if not SETTINGS["attach"] else None]:
                try:
                    process.send(do="interrupt")
                except OSError:
                    lose(process)
        except End:
            return


main()
