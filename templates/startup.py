"""What is done in a process before it imports the application: its HOME is set, and an import that ends the process, or
never ends itself, will be told.

Apache runs this in each process that serves the application, before the script that imports it, and `started.py` after that. The
processes of `parity up --reload-on-changes` have it as a module.

    importing/PID   the process imports the application; where it hangs, once the time for that is over

mod_wsgi has no time limit for an import when a process starts, only for one that a request begins. So faulthandler ends the
process here: it needs no Python for that, which may be blocked for good. The process that Apache starts in its place tells
what became of it.
"""

import faulthandler
import os
import sys

IMPORTING = "/run/parity/importing"
# For the application to be imported; 0 for any time.
SECONDS = {{ seconds }}

# The file that says that this process imports the application.
mark = None


def begin(path, about=""):
    """This process imports the application from now on. `path` says so, and first in it is what is said `about` it."""
    global mark
    try:
        mark = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        note(about)
    except OSError:
        # Nobody is told then.
        pass
    module = sys.modules.get("parity_runtime.debug.hook")
    hook = module and module.hook
    # Somebody who debugs may take any time.
    if SECONDS and mark is not None and not (hook is not None and hook.armed.is_set()):
        faulthandler.dump_traceback_later(SECONDS, exit=True, file=mark)


def note(about):
    """Adds to what the file says."""
    if mark is not None and about:
        os.write(mark, about.encode())


def done():
    """The import has ended, whether well or not."""
    global mark
    faulthandler.cancel_dump_traceback_later()
    if mark is not None:
        try:
            os.close(mark)
        except OSError:
            # The application closes what it does not know.
            pass
        mark = None


def left_behind(directory, ending=""):
    """What processes have left that did not survive the import, in files whose names end so: the id of each, and what its file
    says. The file is gone then, so that one process tells it."""
    for name in os.listdir(directory):
        pid = name.removesuffix(ending)
        # Not that of one which Apache has not missed yet: it says how that one ended before it starts another.
        if pid.isdigit() and name.endswith(ending) and (int(pid) == os.getpid() or not os.path.exists("/proc/" + pid)):
            try:
                with open("%s/%s" % (directory, name)) as file:
                    said = file.read()
                os.unlink(file.name)
            except OSError:
                # Another process was faster.
                continue
            if int(pid) != os.getpid():
                yield int(pid), said


def tell(pid, dump):
    """Says in the log what became of a process, in the form of mod_wsgi's own words."""
    if dump.strip():
        others, stack = stacks(dump)
        sys.stderr.write(others + "mod_wsgi (pid=%d): Process ended: %s.\n%s" % (pid, LATE % SECONDS, stack))
    else:
        sys.stderr.write("mod_wsgi (pid=%d): Process ended while it imported the application.\n" % pid)


LATE = "the application was not imported within %d seconds (startup-timeout)"


# Where a control group says how often the kernel ended a process in it: of version 2, and of version 1.
MEMORY = "/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"


def tell_of_memory():
    """Says in the log that the kernel has ended a process of this container since this was said last."""
    for path in MEMORY:
        try:
            with open(path) as file:
                count = dict(line.split() for line in file).get("oom_kill", "0")
        except (OSError, ValueError):
            continue
        if count != "0":
            try:
                # One process tells it.
                os.close(os.open("/run/parity/oom_kill-" + count, os.O_CREAT | os.O_EXCL, 0o600))
            except OSError:
                return
            ended = "The kernel has ended a process of this container because memory ran out (oom_kill %s)" % count
            sys.stderr.write("mod_wsgi (pid=%d): %s.\n" % (os.getpid(), ended))
        return


def stacks(dump):
    """What faulthandler has written as Python writes tracebacks: that of other threads, and that of the import, with
    what went wrong at its end. parity's and the import system's own frames are left out."""
    import linecache
    import re

    # The file may have been saved since it was read last.
    linecache.checkcache()
    threads = []
    for line in dump.splitlines():
        frame = re.match(r'  File "(.*)", line (\d+) in (.*)', line)
        if frame and threads:
            threads[-1].insert(0, (frame[1], int(frame[2]), frame[3], None))
        elif "0x" in line:
            threads.append([])
    of_import = next((frames for frames in threads if any(map(imports, frames))), [])
    others = ""
    for frames in threads:
        if frames and frames is not of_import and not any(is_ours(path) for path, *_ in frames):
            others += "Another thread, at the same time (most recent call last):\n" + text_of(frames)
    return others, "Traceback (most recent call last):\n%sTimeoutError: %s\n" % (text_of(of_import), LATE % SECONDS)


def text_of(frames):
    import traceback

    # Frames below parity's own code do not concern the application.
    begun = max((at for at, (path, *_) in enumerate(frames, 1) if is_ours(path)), default=0)
    kept = [frame for frame in frames[begun:] if not frame[0].startswith("<frozen importlib")]
    return "".join(traceback.format_list(traceback.StackSummary.from_list(kept)))


def imports(frame):
    path, _, function, _ = frame
    return is_ours(path) and (path.endswith(".wsgi") or function == "load_now")


def is_ours(path):
    return path.startswith("/etc/parity/")


def keep_home():
    """HOME is what the container was started with, as for a command that is run in it. mod_wsgi has replaced it by what
    /etc/passwd says of the user."""
    try:
        with open("/run/parity/home", "rb") as file:
            os.environ["HOME"] = os.fsdecode(file.read())
    except OSError:
        pass


keep_home()
# Apache's name for a script that it runs.
if __name__.startswith("_mod_wsgi_"):
    sys.modules["parity_startup"] = sys.modules[__name__]
    try:
        os.makedirs(IMPORTING, mode=0o700, exist_ok=True)
        for left in left_behind(IMPORTING):
            tell(*left)
    except OSError:
        pass
    tell_of_memory()
    begin("%s/%d" % (IMPORTING, os.getpid()))
