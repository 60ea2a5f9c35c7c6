"""Carries out reloads in the container. `parity up` keeps it running and writes a line of JSON for each order.

    {"do": "hello"}
    {"do": "prepare", "generation": 7, "files": {"app.py": "<sha256>", "old.py": null}}
    {"do": "commit", "generation": 7}
    {"do": "discard", "generation": 7}
    {"do": "check", "files": {"httpd.conf": "..."}}
    {"do": "put", "path": "app.py", "data": "<base64>", "mode": 420}, {"do": "delete", "path": "app.py"}
    {"do": "memory"}

It writes a line for each thing that happens, `{"did": ...}`. It keeps nothing in mind that it could not find out
again from /run/parity and /proc (`slot.py` says what is there), but which reload is under way: when it dies, another one goes on.
No clock is compared with one of another machine, and none that can be set is used.
"""

import base64
import hashlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time

ETC = "/etc/parity"
RUN = "/run/parity"
SLOTS = RUN + "/slots"

# Seconds. A mount of an engine in a virtual machine may show a saved file late.
SEEN_WITHIN = 10
# A standby that is not there by then is said to be waited for.
TELL_AFTER = 0.15
# By then what still works off requests of the slot before the last is ended.
DRAINED_WITHIN = 3
# Between two looks at what says nothing when it changes.
LOOK = 0.05

with open(ETC + "/reload.json") as config:
    CONFIG = json.load(config)

NAMES = CONFIG["slots"]
PROJECT = CONFIG["project"]


def say(did, **more):
    sys.stdout.write(json.dumps({"did": did, **more}) + "\n")
    sys.stdout.flush()


# --- what there is --------------------------------------------------------------------------------------------------


def active():
    try:
        with open(RUN + "/active") as file:
            slot, generation = file.read().split()
        return slot, int(generation)
    except (OSError, ValueError):
        return NAMES[0], 0


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (OSError, IndexError):
        return False


def running(slot):
    """The slot's processes by their ids, as Apache started them: those that have not said anything yet are there too."""
    title = ("(wsgi:%s)" % slot).encode()
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/cmdline" % name, "rb") as file:
                    if file.read(64).startswith(title) and alive(int(name)):
                        found.append(int(name))
            except OSError:
                pass
    return found


def processes(slot):
    """What each living process of a slot says of itself. What dead ones left behind is taken away."""
    found = {}
    directory = SLOTS + "/" + slot
    try:
        names = os.listdir(directory)
    except OSError:
        return found
    for name in names:
        pid, _, kind = name.partition(".")
        if not pid.isdigit():
            continue
        if not alive(int(pid)):
            # A mark of what was imported ahead of time is read by the process that comes next.
            if kind != "preloading":
                remove(directory + "/" + name)
        elif not kind:
            try:
                with open(directory + "/" + name) as file:
                    found[int(pid)] = json.load(file)
            except (OSError, ValueError):
                pass
    return found


def remove(path):
    try:
        os.unlink(path)
    except OSError:
        pass


# Processes that have been told to end, and may take a moment for it.
ending = set()


def is_standby(slot):
    """All processes that production would have are there, and none has touched the application."""
    ending.difference_update([pid for pid in ending if not alive(pid)])
    found = [process for pid, process in processes(slot).items() if pid not in ending]
    return len(found) >= CONFIG["processes"] and all(process["doing"] == "standby" for process in found)


def digest(path):
    """Of a file's content; `None` where there is no file."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except (IsADirectoryError, PermissionError):
        return ""
    except OSError:
        return None


def is_older(path, noted):
    """Has a file changed since it was read? Most are told by a look at their time and size."""
    known, changed, size = noted
    try:
        stat = os.stat(path)
    except OSError:
        return True
    return (stat.st_mtime_ns, stat.st_size) != (changed, size) and digest(path) != known


# --- orders to processes --------------------------------------------------------------------------------------------

orders = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
nudges = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
nudges.setblocking(False)


def order(slot, pid, what):
    try:
        orders.sendto(json.dumps(what).encode(), "%s/%s/%d.sock" % (SLOTS, slot, pid))
        return True
    except OSError:
        return False


def send(pids, number):
    ending.update(pids)
    for pid in pids:
        try:
            os.kill(pid, number)
        except OSError:
            pass


def end(slot, number):
    """Ends the processes of a slot; Apache starts new ones. That is no fault of what they were importing."""
    pids = running(slot)
    for pid in pids:
        remove("%s/%s/%d.preloading" % (SLOTS, slot, pid))
    send(pids, number)
    return pids


def activate(slot, generation):
    with open(RUN + "/active.new", "w") as file:
        file.write("%s %d\n" % (slot, generation))
    os.rename(RUN + "/active.new", RUN + "/active")


# --- a reload -------------------------------------------------------------------------------------------------------


class Reload:
    """One reload, step by step: the saved files are seen here, a standby is there, it has loaded, requests go to it."""

    def __init__(self, generation, files):
        self.generation = generation
        self.files = files
        self.begun = time.monotonic()
        self.slot = None
        # Requests are to go there as soon as there is a slot; they do.
        self.wanted = False
        self.committed = False
        self.finished = False
        self.told = False
        self.reported = False
        # Without standby processes: those that are to make way.
        self.outgoing = None
        self.ordered = None

    def look(self):
        """Goes as far as can be gone now."""
        if self.finished:
            return
        if self.slot is None and not (self.seen() and self.found()):
            return
        if self.wanted and not self.committed:
            self.committed = True
            activate(self.slot, self.generation)
            say("committed", generation=self.generation)
        if len(NAMES) == 1 and not self.restarted():
            return
        self.answered()

    def seen(self):
        """Are the files as they were saved? A mount may be late, and somebody may have saved again meanwhile."""
        late = [path for path, wanted in self.files.items() if digest("%s/%s" % (PROJECT, path)) != wanted]
        if not late or time.monotonic() - self.begun > SEEN_WITHIN:
            if late:
                say("unseen", generation=self.generation, files=late)
            self.files = {}
            return True
        return False

    def found(self):
        """Is there a slot to load into?"""
        current = active()[0]
        if len(NAMES) == 1:
            self.slot = current
            say("prepared", generation=self.generation, slot=current)
            return True
        free = [slot for slot in NAMES if slot != current]
        waited = time.monotonic() - self.begun
        # One that has imported third-party modules already is faster.
        ready = sorted((slot for slot in free if is_standby(slot)), key=lambda slot: -preloaded(slot))
        if ready:
            hurry(False)
            self.slot = ready[0]
            self.ordered = time.monotonic()
            for pid in processes(self.slot):
                order(self.slot, pid, {"load": self.generation})
            say("prepared", generation=self.generation, slot=self.slot)
            return True
        hurry(True)
        if waited > TELL_AFTER and not self.told:
            self.told = True
            say("waiting", generation=self.generation)
        if waited > DRAINED_WITHIN:
            # Still busy with requests of a generation before the last, or dead in a way that nobody has noticed.
            self.begun = time.monotonic()
            end(free[0] if all(processes(slot) for slot in free) else next(slot for slot in free if not processes(slot)), signal.SIGKILL)
        return False

    def restarted(self):
        """Without standby processes: those that run are told to end, and their successors load at once."""
        if not self.committed:
            return False
        if self.outgoing is None:
            self.outgoing = set(end(self.slot, signal.SIGINT))
            self.ordered = time.monotonic()
        return not any(alive(pid) for pid in self.outgoing)

    def answered(self):
        found = processes(self.slot)
        done = [process for process in found.values() if process["doing"] in ("loaded", "failed")]
        expected = CONFIG["processes"]
        if len(done) < expected:
            self.hurry(found)
            return
        failed = next((process for process in done if process["error"]), None)
        read = {}
        for process in done:
            read.update(process.get("read") or {})
        stale = sorted(path for process in done for path, noted in (process.get("read") or {}).items() if is_older(path, noted))
        if any(process["generation"] != self.generation for process in done):
            stale.append("")
        if not self.committed:
            if not self.reported:
                self.reported = True
                self.tell("loaded", found, failed, read, stale)
            return
        self.finished = True
        self.tell("serving", found, failed, read, stale)
        keep_modules(self.slot)
        retire_all_but(self.slot)

    def tell(self, did, found, failed, read, stale):
        say(
            did,
            generation=self.generation,
            slot=self.slot,
            pids=sorted(found),
            error=failed and failed["error"],
            kind=failed and failed["kind"],
            read=sorted(inside(path) for path in read),
            stale=sorted({inside(path) for path in stale}),
            preloaded=max((process["preloaded"] for process in found.values()), default=0),
        )

    def hurry(self, found):
        """Sees to processes that died, or that never finish."""
        waited = time.monotonic() - self.ordered
        for pid, process in found.items():
            # Apache started it after the order: it is the successor of one that died.
            if process["doing"] == "standby" and waited > LOOK:
                order(self.slot, pid, {"load": self.generation})
        if waited > CONFIG["startup_timeout"]:
            self.ordered = time.monotonic()
            say("overdue", generation=self.generation, seconds=CONFIG["startup_timeout"])
            end(self.slot, signal.SIGKILL)

    def commit(self):
        self.wanted = True
        self.look()

    def discard(self):
        hurry(False)
        if not self.committed and not self.finished:
            self.finished = True
            if self.slot is not None and len(NAMES) > 1:
                end(self.slot, signal.SIGTERM)


def hurry(wanted):
    """Processes that are importing ahead of time stop at that while they are waited for."""
    mark = RUN + "/hurry"
    if not wanted:
        remove(mark)
    elif not os.path.exists(mark):
        open(mark, "w").close()


def inside(path):
    return path[len(PROJECT) + 1 :] if path.startswith(PROJECT + "/") else path


def preloaded(slot):
    return min((process["preloaded"] for process in processes(slot).values()), default=0)


# --- after a reload -------------------------------------------------------------------------------------------------

# Slots whose processes are to be ended once they have said which modules they have, or by then.
retiring = {}


def retire_all_but(current):
    """Also what an agent before this one did not get to."""
    for slot in NAMES:
        if slot != current and any(process["doing"] != "standby" for process in processes(slot).values()):
            retire(slot)


def retire(slot):
    """Lets a slot finish its requests and end. What it had imported by now is what the next ones import ahead of time."""
    if slot not in retiring:
        found = processes(slot)
        asked = CONFIG["preload"] and any(order(slot, pid, {"modules": True}) for pid in found)
        retiring[slot] = time.monotonic() + (0.5 if asked else 0)


def see_to_retiring():
    for slot, until in list(retiring.items()):
        if slot == active()[0]:
            del retiring[slot]
        elif time.monotonic() >= until or take_modules(slot):
            del retiring[slot]
            # New requests went elsewhere before; a request that was on its way all the same loads what is on disk then.
            send([pid for pid, process in processes(slot).items() if process["doing"] != "standby"], signal.SIGUSR1)


def take_modules(slot):
    for pid in processes(slot):
        path = "%s/modules/%d" % (RUN, pid)
        try:
            with open(path) as file:
                text = file.read()
        except OSError:
            continue
        remove(path)
        with open(RUN + "/preload.json.new", "w") as file:
            file.write(text)
        os.rename(RUN + "/preload.json.new", RUN + "/preload.json")
        return True
    return False


# The slot that is asked for its modules for the first time, and standby slots that are to start anew with them, which is
# given up in the end.
asking = None
fresh = []
fresh_until = 0
RENEWED_WITHIN = 30


def keep_modules(slot):
    """The first time: which modules are imported ahead of time is known once the application has loaded. Standby slots start
    anew with them, one after the other, so that there is always one for a save that comes early."""
    global asking
    if CONFIG["preload"] and len(NAMES) > 1 and not os.path.exists(RUN + "/preload.json") and asking is None:
        if any([order(slot, pid, {"modules": True}) for pid in processes(slot)]):
            asking = slot


def see_to_preloading():
    global asking, fresh_until
    if asking is not None and (asking != active()[0] or take_modules(asking)):
        asking = None
        fresh.extend(slot for slot in NAMES if slot != active()[0])
        fresh_until = time.monotonic() + RENEWED_WITHIN
    if fresh and time.monotonic() > fresh_until:
        fresh.clear()
    if fresh and (reload is None or reload.finished):
        slot = fresh[0]
        others = [other for other in NAMES if other not in (slot, active()[0])]
        if slot == active()[0] or (is_standby(slot) and preloaded(slot)):
            fresh.pop(0)
        elif is_standby(slot) and all(is_standby(other) for other in others) and running(slot):
            # The next one's turn comes when this one is back.
            fresh.pop(0)
            end(slot, signal.SIGTERM)


# --- other orders ---------------------------------------------------------------------------------------------------


def hello():
    slot, generation = active()
    found = processes(slot)
    read = sorted({inside(path) for process in found.values() for path in process.get("read") or {}})
    stale = sorted(
        {inside(path) for process in found.values() for path, noted in (process.get("read") or {}).items() if is_older(path, noted)}
    )
    error = next((process["error"] for process in found.values() if process["error"]), None)
    kind = next((process["kind"] for process in found.values() if process["error"]), None)
    say("hello", slot=slot, generation=generation, read=read, stale=stale, error=error, kind=kind, pids=sorted(found))
    if found and not error:
        keep_modules(slot)
    retire_all_but(slot)


def check(files):
    """Would Apache take this configuration? Its files are put beside those that are in force."""
    directory = RUN + "/check"
    os.makedirs(directory, mode=0o700, exist_ok=True)
    for name, text in files.items():
        with open("%s/%s" % (directory, os.path.basename(name)), "w") as file:
            file.write(text)
    done = subprocess.run(
        ["/usr/sbin/apache2", "-t", "-f", directory + "/httpd.conf"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    say("checked", ok=done.returncode == 0, output=done.stdout.replace(directory + "/", ""))


def place_of(path):
    """Where a file of the project is. Nothing outside of it is written."""
    full = os.path.normpath(os.path.join(PROJECT, path))
    if not full.startswith(PROJECT + "/"):
        raise ValueError("not a path inside the project")
    return full


def put(path, data, mode):
    full = place_of(path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    new = full + ".parity-new"
    with open(new, "wb") as file:
        file.write(base64.b64decode(data))
    os.chmod(new, mode)
    os.rename(new, full)
    with open(RUN + "/uploaded", "a") as file:
        file.write(path + "\n")


def delete(path):
    full = place_of(path)
    if os.path.isdir(full) and not os.path.islink(full):
        import shutil

        shutil.rmtree(full, ignore_errors=True)
    else:
        remove(full)


def memory():
    """Kilobytes of each slot: its share of what several processes have in common, if the system tells."""
    slots = {}
    for slot in NAMES:
        total = 0
        for pid in running(slot):
            total += proportional(pid)
        slots[slot] = {"kilobytes": total, "processes": len(running(slot)), "active": slot == active()[0]}
    say("memory", slots=slots)


def proportional(pid):
    for name, key in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        try:
            with open("/proc/%d/%s" % (pid, name)) as file:
                for line in file:
                    if line.startswith(key):
                        return int(line.split()[1])
        except OSError:
            pass
    return 0


# --- the loop -------------------------------------------------------------------------------------------------------

reload = None


def obey(line):
    global reload
    wanted = json.loads(line)
    do = wanted["do"]
    if do == "hello":
        hello()
    elif do == "prepare":
        if reload is not None and not reload.finished:
            reload.discard()
        reload = Reload(wanted["generation"], wanted.get("files") or {})
        reload.look()
    elif do in ("commit", "discard"):
        if reload is not None and reload.generation == wanted["generation"]:
            getattr(reload, do)()
    elif do == "check":
        check(wanted["files"])
    elif do == "put":
        put(wanted["path"], wanted["data"], wanted["mode"])
    elif do == "delete":
        delete(wanted["path"])
    elif do == "memory":
        memory()


def main():
    if sys.argv[1:] == ["memory"]:
        return memory()
    # One agent at a time: the one that a killed session left behind ends with the end of its input.
    remove(RUN + "/agent.sock")
    nudges.bind(RUN + "/agent.sock")
    os.set_blocking(0, False)
    selector = selectors.DefaultSelector()
    selector.register(0, selectors.EVENT_READ)
    selector.register(nudges, selectors.EVENT_READ)
    rest = b""
    while True:
        waiting = retiring or fresh or asking or (reload is not None and not reload.finished)
        late = reload is not None and not reload.finished and reload.slot is None
        for key, _ in selector.select(LOOK / 10 if late else LOOK if waiting else None):
            if key.fd == 0:
                data = os.read(0, 1 << 20)
                if not data:
                    return
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    try:
                        obey(line)
                    except Exception as error:
                        say("refused", why="%s: %s" % (type(error).__name__, error))
            else:
                try:
                    while nudges.recv(64):
                        pass
                except OSError:
                    pass
        if reload is not None:
            reload.look()
        see_to_retiring()
        see_to_preloading()


main()
