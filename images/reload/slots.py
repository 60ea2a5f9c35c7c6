"""The slots of this container as `/run/parity` and `/proc` show them (`slot.py` says what is there), and what can be done to them.

Nothing is kept in mind that could not be found out again. No clock is compared with one of another machine.
"""

import json
import os
import socket
import sys

import deaths

ETC = "/etc/parity"
RUN = "/run/parity"
SLOTS = RUN + "/slots"

with open(ETC + "/reload.json") as config:
    CONFIG = json.load(config)

NAMES = CONFIG["slots"]

orders = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)


def say(did, **more):
    sys.stdout.write(json.dumps({"did": did, **more}) + "\n")
    sys.stdout.flush()


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
    loading = []
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
            ordered.discard(int(pid))
            if kind == "loading":
                bury(int(pid), directory + "/" + name)
            # A mark of what was imported ahead of time is read by the process that comes next.
            if kind != "preloading":
                remove(directory + "/" + name)
        elif not kind:
            try:
                with open(directory + "/" + name) as file:
                    found[int(pid)] = json.load(file)
            except (OSError, ValueError):
                pass
        elif kind == "loading":
            loading.append(int(pid))
            deaths.watch.add(int(pid), directory + "/" + name)
    for pid in loading:
        process = found.setdefault(pid, {"doing": "standby", "generation": 0, "error": None, "kind": None, "preloaded": 0, "doubt": None})
        if process["doing"] == "standby":
            process["doing"] = "loading"
    return found


def replace(path, text):
    """Writes a file so that nobody reads half of it."""
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)


def bury(pid, mark):
    """A process has ended that was importing the application."""
    try:
        with open(mark) as file:
            said = file.read()
    except OSError:
        return
    deaths.bury(pid, said, deaths.watch.status(pid))


def remove(path):
    try:
        os.unlink(path)
    except OSError:
        pass


# Processes that have been told to end, and may take a moment for it.
ending = set()
# Those that have been told to import the application, and may take a moment to say that they do.
ordered = set()


def is_touched(pid, process):
    """Does it stand by no more?"""
    return process["doing"] != "standby" or pid in ordered


def touched(slot):
    """Processes that stand by no more, and have not been told to end."""
    return [pid for pid, process in processes(slot).items() if is_touched(pid, process) and pid not in ending]


def standby(slot):
    """All processes that production would have, if none has touched the application; else none."""
    ending.difference_update([pid for pid in ending if not alive(pid)])
    found = {pid: process for pid, process in processes(slot).items() if pid not in ending}
    ready = len(found) >= CONFIG["processes"] and not any(is_touched(pid, process) for pid, process in found.items())
    return found if ready else {}


def preloaded(found):
    return min((process["preloaded"] for process in found.values()), default=0)


def memory():
    """Kilobytes of each slot: its share of what several processes have in common, if the system tells."""
    slots = {}
    for slot in NAMES:
        total = 0
        for pid in running(slot):
            total += proportional(pid)
        failing = any(process["error"] for process in processes(slot).values())
        slots[slot] = {"kilobytes": total, "processes": len(running(slot)), "active": slot == active()[0], "failing": failing}
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


# --- what can be done -----------------------------------------------------------------------------------------------


def order(slot, pid, what):
    if "load" in what:
        # It may end at once.
        deaths.watch.add(pid, "%s/%s/%d.loading" % (SLOTS, slot, pid))
    try:
        orders.sendto(json.dumps(what).encode(), "%s/%s/%d.sock" % (SLOTS, slot, pid))
        if "load" in what:
            ordered.add(pid)
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
        for kind in ("preloading", "loading"):
            remove("%s/%s/%d.%s" % (SLOTS, slot, pid, kind))
    send(pids, number)
    return pids


def activate(slot, generation):
    replace(RUN + "/active", "%s %d\n" % (slot, generation))


def hurry(wanted):
    """Processes that are importing ahead of time stop at that while they are waited for."""
    mark = RUN + "/hurry"
    if not wanted:
        remove(mark)
    elif not os.path.exists(mark):
        open(mark, "w").close()
