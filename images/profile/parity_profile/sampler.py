"""Looks at the threads that answer requests, and adds up where they are.

A sample counts as much as the time since the last one, as the rate falls where the GIL is busy. CPU time is the kernel's, by thread: in
each window it is shared among the samples in which the thread ran or wanted to. What is left of those is time in which it waited for
the GIL, or for a CPU: the kernel says how long it was for that.
"""

import _thread
import itertools
import os
import sys
import time

from . import routes
from .limits import JITTER, MOST_DEPTH, MOST_ENDED, MOST_NODES, MOST_ROUTES, MOST_STACKS, OTHERS, OWN

MOST_LEARNED = 2_000
MOST_THREADS = 2_000
# Nanoseconds: a request that ended so shortly before a sample gave the GIL up for it.
JUST_NOW = 1_000_000


class Thread:
    """One that answers requests."""

    __slots__ = ("cells", "clock", "cpu", "ident", "last", "place", "queued", "request", "requests", "seen", "tid")

    def __init__(self):
        self.ident = _thread.get_ident()
        self.tid = _thread.get_native_id()
        self.clock = time.pthread_getcpuclockid(self.ident)
        self.request = None
        # Of requests that have ended.
        self.cpu = 0
        self.requests = 0
        # The sampler's own: CPU time that is counted already, samples of this window, CPU time and place at the last sample.
        self.seen = 0
        self.cells = {}
        self.last = 0
        self.place = (None, 0)
        self.queued = None

    def cpu_now(self):
        """CPU time of its requests until now, in ns."""
        request = self.request
        return self.cpu + (clock(self.clock) - request.cpu if request is not None else 0)


class Request:
    __slots__ = ("cpu", "number", "path", "server_id", "witness")

    def __init__(self, path, cpu, number=0, server_id=None):
        self.path = path
        self.witness = None
        self.cpu = cpu
        # Of one that is recorded: its samples are told apart from those of others. 0: nobody wants that.
        self.number = number
        self.server_id = server_id


def clock(number):
    try:
        return time.clock_gettime_ns(number)
    except OSError:
        # The thread is no more.
        return 0


class Tree:
    """Stacks, as a tree of calls. What is new in it is told once."""

    def __init__(self):
        self.known = {}
        self.stacks = {}
        self.codes = {}
        self.nodes = 0
        self.new_nodes = []
        self.new_codes = []
        # Stacks that did not fit in.
        self.cut = 0

    def code(self, code):
        """Its number, or -1 where it is parity's own; and whether its frame tells the route."""
        number = -1 if code.co_filename.startswith(OWN) else len(self.codes)
        # The code is kept, so that no other has its id.
        known = self.codes[id(code)] = (number, routes.is_way(code), code)
        if number >= 0:
            self.new_codes.append([number, code.co_filename[:1000], code.co_qualname[:300], code.co_firstlineno])
        return known

    def leaf(self, frame, request):
        """The node of the stack that ends with this frame. 0 is that of no frame at all."""
        # Nearly all stacks have been seen before: by their hash alone, as this is most of what a sample costs.
        stack = []
        add, at = stack.append, frame
        while at is not None:
            add(id(at.f_code))
            add(at.f_lasti)
            at = at.f_back
        key = hash(tuple(stack))
        known = self.stacks.get(key)
        if known is None or (known[1] and request.witness is None):
            if len(self.stacks) >= MOST_STACKS:
                self.stacks.clear()
            known = self.stacks[key] = self.walk(frame, request)
        return known[0]

    def walk(self, frame, request):
        """The node of such a stack, and whether a frame in it tells the route."""
        stack = []
        tells = False
        codes = self.codes
        while frame is not None:
            code = frame.f_code
            number, is_way, _ = codes.get(id(code)) or self.code(code)
            if number >= 0:
                stack.append((number, frame.f_lasti, code))
            if is_way:
                tells = True
                request.witness = request.witness or routes.witness(frame)
            frame = frame.f_back
        node = 0
        if len(stack) > MOST_DEPTH:
            self.cut += 1
            del stack[: len(stack) - MOST_DEPTH]
        for number, at, code in reversed(stack):
            key = (node, number, at)
            found = self.known.get(key)
            if found is None:
                if self.nodes >= MOST_NODES:
                    self.cut += 1
                    return node, tells
                self.nodes += 1
                found = self.known[key] = self.nodes
                self.new_nodes.append((found, node, number, code, at))
            node = found
        return node, tells

    def unseen(self):
        """The node of what ended before the sampler got the GIL."""
        known = self.known.get("unseen")
        if known is None:
            number = len(self.codes)
            self.codes["unseen"] = (number, False, None)
            self.new_codes.append([number, "", "(not seen)", 0])
            self.nodes += 1
            known = self.known["unseen"] = self.nodes
            self.new_nodes.append((known, 0, number, None, 0))
        return known

    def news(self):
        """What has come since the last time."""
        codes, self.new_codes = self.new_codes, []
        nodes, self.new_nodes = self.new_nodes, []
        return codes, [[node, parent, number, line_of(code, at)] for node, parent, number, code, at in nodes]


def line_of(code, at):
    if code is None:
        return 0
    for begin, end, line in code.co_lines():
        if begin <= at < end:
            return line or code.co_firstlineno
    return code.co_firstlineno


class Sampler:
    """`tell(message)`: takes what has been seen, as a dictionary that JSON can have."""

    def __init__(self, rate, states, tell, now=time.perf_counter_ns):
        self.rate = rate
        self.interval = int(1e9 / rate)
        self.states = states
        self.tell = tell
        self.now = now
        self.tree = Tree()
        self.threads = {}
        self.labels = {}
        # Which route a path took when that was seen: a request that ends before its own is known took the same.
        self.learned = {}
        self.counts = {}
        # Of requests that had just begun when their window was settled: their route may be known in the next one.
        self.unrouted = {}
        # Recorded requests: how many have begun, and those that have ended since the last message.
        self.recorded = itertools.count(1)
        self.ended = []
        self.ticks = 0
        self.active = 0
        self.requests_told = 0
        # When the next sample is due, and the last request that has ended since.
        self.due = float("inf")
        self.unseen = None
        self.stopping = False
        self.waiting = _thread.allocate_lock()
        self.waiting.acquire()
        self.idle = True
        self.number = 12345

    # --- in the threads of requests ---------------------------------------------------------------------------------

    def started(self, path, server_id=None):
        """`server_id`: what the server calls the request, if it is recorded."""
        thread = self.threads.get(_thread.get_ident())
        if thread is None or thread.tid != _thread.get_native_id():
            # One that is gone has left its number to this one.
            if len(self.threads) >= MOST_THREADS:
                return
            thread = Thread()
            self.states.open(thread.tid)
            thread.queued = self.states.queued(thread.tid)
            self.threads[thread.ident] = thread
        number = next(self.recorded) if server_id is not None else 0
        thread.request = Request(path, time.thread_time_ns(), number, server_id)
        if self.idle:
            self.wake()

    def finished(self):
        thread = self.threads.get(_thread.get_ident())
        if thread is None or thread.request is None:
            return
        request = thread.request
        thread.cpu += time.thread_time_ns() - request.cpu
        now = self.now()
        if self.due <= now:
            # The sampler waits for the GIL, and may get it as this ends.
            self.unseen = (thread, request, now)
        thread.requests += 1
        thread.request = None
        if request.number and len(self.ended) < MOST_ENDED:
            self.ended.append((request.number, request.server_id))

    # --- in the sampler's own ---------------------------------------------------------------------------------------

    def wake(self):
        self.idle = False
        try:
            self.waiting.release()
        except RuntimeError:
            # Somebody else has.
            pass

    def stop(self):
        self.stopping = True
        self.wake()

    def pause(self):
        """Until the next sample, in seconds. No `random`, of which an application would see that it is imported."""
        self.number = (self.number * 1103515245 + 12345) % (1 << 31)
        return self.interval / 1e9 * (1 + JITTER * (2 * self.number / (1 << 31) - 1))

    def tick(self, elapsed):
        """Takes a sample of all threads."""
        frames = sys._current_frames()
        any_active = False
        unseen, self.unseen = self.unseen, None
        if unseen is not None and unseen[0].request is None and self.now() - unseen[2] < JUST_NOW:
            thread, request, _ = unseen
            cell = self.cells_of(thread, request, self.tree.unseen())
            cell[0] += 1
            cell[1] += elapsed
            any_active = True
        for thread in list(self.threads.values()):
            request = thread.request
            frame = frames.get(thread.ident) if request is not None else None
            if frame is None:
                continue
            any_active = True
            cpu = clock(thread.clock)
            before, thread.last = thread.last, cpu
            # One that has used no CPU since is where it was.
            if cpu != before or cpu == 0 or thread.place[0] is not request:
                thread.place = request, self.tree.leaf(frame, request)
            cell = self.cells_of(thread, request, thread.place[1])
            cell[0] += 1
            cell[self.kind_of(thread, cpu - before, elapsed)] += elapsed
        del frames
        if any_active:
            self.ticks += 1
            self.active += elapsed
        return any_active

    def kind_of(self, thread, cpu, elapsed):
        """1: it runs, or wants to; 2: it waits."""
        runs = self.states.runs(thread.tid)
        if runs is None:
            runs = cpu > elapsed // 4
        return 1 if runs else 2

    def cells_of(self, thread, request, leaf):
        key = (request, leaf)
        cell = thread.cells.get(key)
        if cell is None:
            cell = thread.cells[key] = [0, 0, 0]
        return cell

    def settle(self, is_last=False):
        """Shares the CPU time of this window among its samples."""
        unrouted, self.unrouted = self.unrouted, {}
        for (request, leaf), weight in unrouted.items():
            self.count(request, leaf, weight)
        for thread in list(self.threads.values()):
            total = thread.cpu_now()
            cpu, thread.seen = max(0, total - thread.seen), max(total, thread.seen)
            cells, thread.cells = thread.cells, {}
            ran = sum(cell[1] for cell in cells.values())
            waited = sum(cell[2] for cell in cells.values())
            share = min(1, cpu / ran) if ran else 0
            queued = self.states.queued(thread.tid)
            before, thread.queued = thread.queued, queued
            ready = ran * (1 - share)
            queue = min(1, max(0, queued - before) / ready) if ready and before is not None and queued is not None else 0
            # More than that was used where it seemed to wait.
            rest = min(1, max(0, cpu - ran) / waited) if waited else 0
            for (request, leaf), (samples, run, wait) in cells.items():
                on_cpu = run * share + wait * rest
                parts = (on_cpu, wait * (1 - rest), run * (1 - share) * (1 - queue), run * (1 - share) * queue)
                if not is_last and thread.request is request and self.route(request) is None:
                    self.unrouted[request, leaf] = (samples, *parts)
                else:
                    self.count(request, leaf, (samples, *parts))

    def count(self, request, leaf, weight):
        """Adds samples, and nanoseconds on a CPU, waiting, for the GIL and for a CPU."""
        key = (leaf, self.label(request), request.number)
        self.counts[key] = [had + more for had, more in zip(self.counts.get(key, (0, 0, 0, 0, 0)), weight, strict=True)]

    def route(self, request):
        """The route of a request, where that is known; it is learned for others with its path."""
        route = routes.route_of(request.witness)
        if route is not None and (request.path in self.learned or len(self.learned) < MOST_LEARNED):
            self.learned[request.path] = route
        return route

    def label(self, request):
        text = self.route(request) or self.learned.get(request.path) or request.path
        if text not in self.labels and len(self.labels) >= MOST_ROUTES:
            text = OTHERS
        return self.labels.setdefault(text, len(self.labels))

    def message(self, is_last=False):
        """What has come since the last message. The last one waits for nothing more."""
        # Before the samples are added up: all that there are of these requests is in this message then.
        ended, self.ended = self.ended, []
        self.settle(is_last)
        codes, nodes = self.tree.news()
        counts, self.counts = self.counts, {}
        requests = sum(thread.requests for thread in list(self.threads.values()))
        message = {
            "pid": os.getpid(),
            "codes": codes,
            "nodes": nodes,
            "routes": [[number, text] for text, number in list(self.labels.items())],
            "counts": [
                [leaf, route, samples, *(round(part / 1000) for part in parts), number]
                for (leaf, route, number), (samples, *parts) in counts.items()
            ],
            "ended": ended,
            "ticks": self.ticks,
            "active": self.active // 1000,
            "requests": requests - self.requests_told,
            "cut": self.tree.cut,
        }
        self.requests_told = requests
        self.ticks = self.active = self.tree.cut = 0
        return message

    def run(self, flush=1.0, check=lambda: True, grace=1.0):
        """Until it is stopped, or `check`, which is asked several times a second, says no."""
        flushed = checked = used = last = self.now()
        while not self.stopping:
            pause = self.pause()
            self.due = self.now() + int(pause * 1e9)
            time.sleep(pause)
            now = self.now()
            if self.tick(now - last):
                used = now
            self.due = float("inf")
            last = now
            if now - flushed > flush * 1e9:
                self.tell(self.message())
                flushed = self.now()
            if now - checked > 2e8:
                checked = now
                if not check():
                    break
            if now - used > grace * 1e9:
                # Nobody asks anything.
                self.tell(self.message())
                self.sleep(check)
                flushed = used = last = self.now()
        self.stopping = True
        self.tell(self.message(is_last=True))

    def sleep(self, check):
        """Until the next request."""
        self.idle = True
        while self.idle and not self.stopping:
            if any(thread.request is not None for thread in list(self.threads.values())):
                break
            self.waiting.acquire(timeout=0.5)
            if not check():
                self.stopping = True
        self.idle = False
