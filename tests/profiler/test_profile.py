"""The sampler, with plain threads instead of mod_wsgi's: programs that measure themselves how long each of their functions takes.

A machine that does something else meanwhile makes all of it take longer; what was sampled is compared with what was measured.
"""

import json
import os
import socket
import sys
import tempfile
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "..", "images", "profile"))

from parity_profile import routes, sampler, serving, states

SECONDS = float(os.environ.get("PROFILE_SECONDS", "1.0"))


MEASURED = {}
LOCK = threading.Lock()


def measured(function):
    """Adds up for how long a function runs."""

    def call(*args):
        began, cpu = time.perf_counter(), time.thread_time()
        try:
            return function(*args)
        finally:
            took = time.perf_counter() - began, time.thread_time() - cpu
            with LOCK:
                known = MEASURED.get(function.__name__, (0, 0))
                MEASURED[function.__name__] = known[0] + took[0], known[1] + took[1]

    return call


def burn(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


@measured
def first(unit):
    burn(6 * unit)


@measured
def second(unit):
    burn(3 * unit)


@measured
def third(unit):
    burn(unit)


@measured
def nap(seconds):
    time.sleep(seconds)


@measured
def deep(unit):
    return deeper(30, unit)


def deeper(levels, unit):
    return deeper(levels - 1, unit) if levels else burn(unit)


def rows(unit):
    for _ in range(3):
        burn(unit)
        yield b"row"


@measured
def listed(unit):
    return list(rows(unit))


@measured
def encode(text):
    return json.dumps(text)


class Load:
    """Requests, of which one who has `request` and `stop` sees something."""

    def during(self, *works, times=1):
        """Each in a thread of its own, again and again for a while."""
        end = time.monotonic() + SECONDS * times

        def repeat(work):
            while time.monotonic() < end:
                self.request(work)

        threads = [threading.Thread(target=repeat, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.stop()


class Run(Load):
    """A sampler that runs, and what it has said."""

    def __init__(self, rate=300):
        self.messages = []
        self.states = states.States()
        self.sampler = sampler.Sampler(rate, self.states, self.messages.append)
        # A test that fails before it stops it ends all the same.
        self.thread = threading.Thread(target=self.sampler.run, daemon=True)
        self.thread.start()

    def request(self, work, path="/", server_id=None):
        self.sampler.started(path, server_id)
        try:
            work()
        finally:
            self.sampler.finished()

    def stop(self):
        self.sampler.stop()
        self.thread.join()
        self.states.close()
        return Seen(self.messages)


class Seen:
    """What the messages come to: microseconds on a CPU, waiting, for the GIL and for a CPU, by function."""

    def __init__(self, messages):
        codes, nodes = {}, {}
        self.own, self.total, self.all, self.samples, self.lines = {}, {}, [0, 0, 0, 0], 0, {}
        self.routes = {}
        for message in messages:
            codes.update((number, name) for number, _, name, _ in message["codes"])
            nodes.update((number, (parent, code, line)) for number, parent, code, line in message["nodes"])
            routes = dict(message["routes"])
            for leaf, route, samples, *parts, _ in message["counts"]:
                self.samples += samples
                self.add(self.routes, routes[route], parts)
                self.all = [a + b for a, b in zip(self.all, parts)]
                at, names = leaf, []
                while at:
                    at, code, line = nodes[at]
                    names.append(codes[code])
                    self.add(self.lines, (codes[code], line), parts)
                if names:
                    self.add(self.own, names[0], parts)
                for name in set(names):
                    self.add(self.total, name, parts)
        self.requests = sum(message["requests"] for message in messages)

    @staticmethod
    def add(to, key, parts):
        to[key] = [a + b for a, b in zip(to.get(key, [0, 0, 0, 0]), parts)]

    def wall(self, name):
        return sum(self.total.get(name, [0])) / 1e6


class Truth(unittest.TestCase):
    run_of = Run

    def setUp(self):
        MEASURED.clear()

    def compare(self, seen, *names, within=6):
        """Shares of these functions in the time that they take together, in percent."""
        all_seen = sum(seen.wall(name) for name in names)
        all_measured = sum(MEASURED[name][0] for name in names)
        for name in names:
            sampled, true = seen.wall(name) * 100 / all_seen, MEASURED[name][0] * 100 / all_measured
            self.assertLess(abs(sampled - true), within, "%s: %.1f instead of %.1f" % (name, sampled, true))

    def same_cpu(self, seen, *names):
        true = sum(MEASURED[name][1] for name in names)
        self.assertLess(abs(seen.all[0] / 1e6 - true), true * 0.2, "%s instead of %s" % (seen.all[0] / 1e6, true))

    def test_samples_of_recorded_requests_are_told_apart(self):
        run = self.run_of()
        works = [(lambda: burn(0.1), "slow"), (lambda: None, "quick"), (lambda: time.sleep(0.1), None)]
        for work, server_id in works:
            run.request(work, server_id=server_id)
        run.stop()
        ended = [each for message in run.messages for each in message["ended"]]
        self.assertEqual([list(each) for each in ended], [[1, "slow"], [2, "quick"]])
        samples = {}
        for message in run.messages:
            for count in message["counts"]:
                samples[count[-1]] = samples.get(count[-1], 0) + count[2]
        self.assertGreater(samples[1], 5)
        self.assertGreater(samples[0], 5)
        self.assertLess(samples.get(2, 0), 2)

    def test_busy_functions_have_their_shares(self):
        unit = 0.002
        seen = self.run_of().during(lambda: (first(unit), second(unit), third(unit)), times=2)
        self.compare(seen, "first", "second", "third", within=8)
        self.same_cpu(seen, "first", "second", "third")
        self.assertGreater(seen.requests, 10)

    def test_the_same_with_four_threads_at_once(self):
        unit = 0.002
        work = lambda: (first(unit), second(unit), third(unit))  # noqa: E731
        seen = self.run_of().during(work, work, work, work, times=3)
        self.compare(seen, "first", "second", "third", within=8)
        self.same_cpu(seen, "first", "second", "third")
        # Four want the GIL, and one has it.
        self.assertGreater(seen.all[2] / (sum(seen.all) - seen.all[3]), 0.6)
        self.assertLess(seen.all[1], sum(seen.all) / 10)

    def test_waiting_is_no_work(self):
        def work():
            nap(0.03)
            first(0.002)

        seen = self.run_of().during(work, times=2)
        self.compare(seen, "nap", "first", within=10)
        self.same_cpu(seen, "nap", "first")
        # All of the waiting is the nap's.
        self.assertGreater(seen.all[1] / 1e6, MEASURED["nap"][0] * 0.6)
        self.assertGreater(seen.total["nap"][1], seen.all[1] * 0.95)

    def test_a_lock_is_waited_for(self):
        lock = threading.Lock()

        def locked():
            with lock:
                time.sleep(0.01)

        seen = self.run_of().during(locked, locked)
        self.assertGreater(seen.all[1] / (sum(seen.all) - seen.all[3]), 0.8)

    def test_recursion_and_generators(self):
        seen = self.run_of().during(lambda: (deep(0.004), listed(0.004)), times=2)
        self.compare(seen, "deep", "listed", within=8)
        # A function that calls itself counts once, and a generator below whoever goes through it.
        self.assertLess(abs(seen.wall("deeper") - seen.wall("deep")), 0.1)
        self.assertLess(abs(seen.wall("rows") - seen.wall("listed")), 0.1)

    def test_what_c_does_is_its_callers(self):
        text = "x" * 4_000_000
        seen = self.run_of().during(lambda: (encode(text), first(0.002)), times=2)
        self.compare(seen, "encode", "first", within=25)

    def test_threads_without_a_request_are_not_seen(self):
        run = self.run_of()
        idle = threading.Thread(target=burn, args=(0.2,))
        idle.start()
        run.request(lambda: nap(0.3))
        idle.join()
        seen = run.stop()
        self.assertEqual(seen.requests, 1)
        self.assertNotIn("burn", seen.total)
        self.assertLess(abs(seen.wall("nap") - MEASURED["nap"][0]), 0.1)

    def test_a_sampler_sleeps_while_nobody_asks(self):
        run = self.run_of()
        time.sleep(1.5)
        self.assertTrue(run.sampler.idle)
        run.request(lambda: time.sleep(0.2))
        seen = run.stop()
        self.assertGreater(seen.samples, 3)


class Short(unittest.TestCase):
    def test_requests_that_are_over_before_anybody_can_look_are_counted(self):
        MEASURED.clear()
        run = Run()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            # The GIL is free between them alone.
            run.request(lambda: first(0.0003), "/short")
            time.sleep(0.0001)
        seen = run.stop()
        self.assertGreater(seen.samples, 20)
        true = MEASURED["first"][0]
        self.assertLess(abs(sum(seen.all) / 1e6 - true), true * 0.4, "%s instead of %s" % (sum(seen.all) / 1e6, true))
        self.assertEqual(set(seen.routes), {"/short"})


class Limits(unittest.TestCase):
    def test_memory_has_an_end(self):
        before, sampler.MOST_NODES = sampler.MOST_NODES, 5
        try:
            run = Run()
            run.request(lambda: deeper(50, 0.1))
            run.sampler.stop()
            run.thread.join()
            self.assertLessEqual(run.sampler.tree.nodes, 6)
            self.assertGreater(sum(message["cut"] for message in run.messages), 0)
        finally:
            sampler.MOST_NODES = before
            run.states.close()

    def test_routes_have_an_end(self):
        before, sampler.MOST_ROUTES = sampler.MOST_ROUTES, 2
        try:
            run = Run()
            for number in range(4):
                run.request(lambda: time.sleep(0.05), "/%d" % number)
            self.assertLessEqual(set(run.stop().routes), {"/0", "/1", sampler.OTHERS})
        finally:
            sampler.MOST_ROUTES = before

    def test_without_the_kernel_cpu_time_tells(self):
        run = Run()
        run.states.pread = None
        MEASURED.clear()
        seen = run.during(lambda: (nap(0.03), first(0.005)))
        true = MEASURED["first"][1] + MEASURED["nap"][1]
        self.assertLess(abs(seen.all[0] / 1e6 - true), true * 0.2)
        self.assertGreater(seen.total["nap"][1], seen.all[1] * 0.15)


class Routes(unittest.TestCase):
    def test_frameworks_say_them(self):
        class Match:
            route = "items/<int:id>/"

        class Request:
            resolver_match = Match

        class Rule:
            rule = "/items/<id>"

        class Context:
            class request:
                url_rule = Rule

        self.assertEqual(routes.route_of(Request), "/items/<int:id>/")
        self.assertEqual(routes.route_of(Context), "/items/<id>")
        self.assertIsNone(routes.route_of(None))
        self.assertIsNone(routes.route_of(object()))

    @staticmethod
    def late(before, after=0.1):
        """A request of Django, whose route is known after so many seconds."""

        class Match:
            route = "late/"

        class Request:
            resolver_match = None

        source = "def __call__(request):\n    sleep(before)\n    request.resolver_match = match\n    sleep(after)\n"
        namespace = {"sleep": time.sleep, "before": before, "after": after, "match": Match}
        exec(compile(source, "/x/site-packages/django/core/handlers/wsgi.py", "exec"), namespace)
        return lambda: namespace["__call__"](Request())

    def test_they_are_found_in_frames(self):
        run = Run()
        run.request(self.late(0.1), "/late/17")
        # Also what was seen before it was known.
        self.assertEqual(set(run.stop().routes), {"/late/"})

    def test_what_was_told_before_one_is_known_waits_for_it(self):
        run = Run()
        # Longer than the time between two messages.
        run.request(self.late(1.2, 0.3), "/late/17")
        seen = run.stop()
        self.assertTrue(run.messages[0]["ticks"] and run.messages[1]["ticks"])
        self.assertEqual(set(seen.routes), {"/late/"})

    def test_what_ends_before_one_is_known_takes_that_of_its_path(self):
        run = Run()
        run.request(self.late(0.05), "/late/17")
        run.request(lambda: time.sleep(0.1), "/late/17")
        run.request(lambda: time.sleep(0.1), "/other")
        self.assertEqual(set(run.stop().routes), {"/late/", "/other"})

    def test_a_path_is_without_its_numbers(self):
        path = lambda **environ: routes.path_of(environ)  # noqa: E731
        self.assertEqual(path(SCRIPT_NAME="/shop", PATH_INFO="/items/17/"), "/shop/items/*/")
        self.assertEqual(path(), "/")
        self.assertEqual(path(PATH_INFO="/\xc3\xa9"), "/é")


class Way(unittest.TestCase):
    """The collector's side of it, with a runtime that does nothing else."""

    def test_it_ends_with_its_collector(self):
        class Runtime:
            listener = None

            def listen(self, _, listener):
                self.listener = listener

            def ignore(self, _):
                self.listener = None

            def listens(self, instrument):
                return instrument == "record" and self.recorded

        with tempfile.TemporaryDirectory() as directory:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(directory + "/collector.sock")
            listener.listen(1)
            runtime, began = Runtime(), []
            runtime.recorded = True
            thread = threading.Thread(target=lambda: began.append(serving.begin(runtime, directory + "/collector.sock")))
            thread.start()
            connection, _ = listener.accept()
            connection.sendall(b'{"rate": 200, "own": ["parity-health"]}\n')
            thread.join()
            for agent in ("parity-health", "curl"):
                environ = {"PATH_INFO": "/a", "HTTP_USER_AGENT": agent}
                runtime.listener("request_started", request_environ=environ, request_id="id-of-" + agent)
                time.sleep(0.1)
                runtime.listener("request_finished")
            connection.shutdown(socket.SHUT_WR)
            lines = [json.loads(line) for line in connection.makefile("rb")]
            for _ in range(100):
                if began[0].ended:
                    break
                time.sleep(0.01)
            self.assertTrue(began[0].ended)
            self.assertIsNone(runtime.listener)
            self.assertEqual(lines[0]["python"], "%d.%d.%d" % sys.version_info[:3])
            self.assertEqual(sum(line["requests"] for line in lines[1:]), 1)
            self.assertEqual(lines[-1]["routes"], [[0, "/a"]])
            self.assertEqual([ended for line in lines[1:] for ended in line["ended"]], [[1, "id-of-curl"]])
            self.assertTrue(all(count[-1] == 1 for line in lines[1:] for count in line["counts"]))
            connection.close()
            listener.close()


if __name__ == "__main__":
    unittest.main()
