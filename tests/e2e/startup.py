"""Cases of `startup.py` and `deaths.py`: what is left of a process that did not survive the import, and what is said of it."""

import io
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, "/etc/parity")
from parity_runtime import layout
from parity_runtime.reload import deaths
from parity_runtime.reload.agent.ends import Ends

startup = deaths.startup()
assert sys.modules["parity_startup"] is startup and startup.SECONDS == 2

# --- an import that is late -----------------------------------------------------------------------------------------

HANGS = """
import sys, threading
sys.path.insert(0, "/etc/parity")
import startup
lock = threading.Lock()
lock.acquire()
waits = threading.Event()
threading.Thread(target=waits.wait, daemon=True).start()
startup.begin(sys.argv[1], '{"v": 1, "generation": 7, "ordered": true}\\n')
# As parity's own code in a process that serves.
exec(compile("def load_now(f):\\n    f()", "/etc/parity/parity_runtime/reload/worker/application.py", "exec"))
load_now(lambda: exec(compile("def f():\\n    {}\\nf()", "/tmp/app.py", "exec"), {"lock": lock}))
"""


def hang(how):
    """What is left of a process that hangs so."""
    process = subprocess.Popen([sys.executable, "-c", HANGS.replace("{}", how), "/tmp/left"])
    assert process.wait(20) == 1
    with open("/tmp/left") as file:
        return process.pid, file.read()


for how in ("lock.acquire()", "while True: pass"):
    with open("/tmp/app.py", "w") as file:
        file.write("def f():\n    %s\nf()\n" % how)
    pid, said = hang(how)
    head, _, dump = said.partition("\n")
    others, stack = startup.stacks(dump)
    assert "Another thread, at the same time" in others and "self._waiters" not in stack, others
    lines = stack.splitlines()
    assert lines[0] == "Traceback (most recent call last):", stack
    assert lines[-1] == "TimeoutError: the application was not imported within 2 seconds (startup-timeout)", stack
    assert '  File "/tmp/app.py", line 2, in f' in lines and "    " + how in lines, stack
    assert "/etc/parity/" not in stack and "importlib" not in stack, stack

    layout.RUN = "/tmp"
    assert deaths.bury(pid, said) == (True, dump)
    assert deaths.error_of(7).endswith(stack) and deaths.error_of(8) is None
    os.unlink("/tmp/died")

# --- the end of a process -------------------------------------------------------------------------------------------

ends = Ends()
for number, (code, how) in enumerate([
    ("os._exit(3)", ": exit code 3"),
    ("os._exit(255)", ": exit code 255"),
    ("os.kill(os.getpid(), 9)", ": SIGKILL"),
    ("os.abort()", ": SIGABRT"),
]):
    process = subprocess.Popen([sys.executable, "-c", "import os, sys; sys.stdin.read(); " + code], stdin=subprocess.PIPE)
    open("/tmp/mark", "w").close()
    ends.add(process.pid, "/tmp/mark")
    process.stdin.close()
    # Nobody has asked how it ended until this is over.
    ends.epoll.poll(20)
    status = ends.status(process.pid)
    deaths.bury(process.pid, deaths.about(number + 1, False), status)
    assert deaths.error_of(number + 1) == "process %d ended while it imported the application%s\n" % (process.pid, how)
    process.wait()
assert ends.watched == {} and ends.statuses == {}

# An older generation that dies late does not make the newer one be tried again.
deaths.bury(1, deaths.about(2, True))
assert deaths.error_of(2) is None and deaths.error_of(4)
# A process that had not begun.
assert deaths.bury(1, "") is None

# --- what is left behind --------------------------------------------------------------------------------------------

os.makedirs("/tmp/slot")
dead = subprocess.Popen(["true"])
dead.wait()
lives = subprocess.Popen(["sleep", "60"])
for name in ("%d.loading" % dead.pid, "%d" % dead.pid, "%d.loading" % os.getpid(), "%d.loading" % lives.pid, "x.loading"):
    with open("/tmp/slot/" + name, "w") as file:
        file.write("said")
assert list(startup.left_behind("/tmp/slot", ".loading")) == [(dead.pid, "said")]
assert sorted(os.listdir("/tmp/slot")) == sorted(["%d" % dead.pid, "%d.loading" % lives.pid, "x.loading"])
assert list(startup.left_behind("/tmp/slot", ".loading")) == []
lives.kill()

sys.stderr = io.StringIO()
startup.tell(12, "")
assert sys.stderr.getvalue() == "mod_wsgi (pid=12): Process ended while it imported the application.\n"

print("all cases")
