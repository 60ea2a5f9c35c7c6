"""The same programs, read from beside: also those whose threads never wait for anything, of which a sampler within sees only the end."""

import ctypes
import faulthandler
import os
import shutil
import socket
import sys
import threading
import time
import unittest

import test_profile
import test_sql
from outside import Outside
from test_profile import HERE, measured

sys.path.insert(0, os.path.join(HERE, "..", "..", "images", "profile"))

from parity_profile import codes, memory, offsets, reader, serving, stacks

# Seconds for all of them.
PATIENCE = 300
# A request that does not end, and then the process does.
KILLED = """
import os, time
while runtime.listener is None:
    time.sleep(0.001)
runtime.listener("request_started", request_environ={"PATH_INFO": "/"})
time.sleep(0.4)
os.kill(os.getpid(), 9)
"""
KNOWN = serving.is_readable()


def computed(rounds):
    total = 0
    for number in range(rounds):
        total += number * number
    return total


def called(rounds):
    total = 0
    for number in range(rounds):
        total += small(number)
    return total


def small(number):
    return number * number


@measured
def sixty(rounds):
    computed(12 * rounds)


@measured
def thirty(rounds):
    called(4 * rounds)


@measured
def ten(rounds):
    computed(2 * rounds)


def rounds_of(seconds):
    """So many that all three take so long together, on this machine and now."""
    best = 1.0
    for _ in range(5):
        began = time.thread_time()
        computed(1400)
        called(400)
        best = min(best, time.thread_time() - began)
    return max(1, int(100 * seconds / best))


@unittest.skipUnless(KNOWN, "this Python does not say how it is read")
class Truth(test_profile.Truth):
    run_of = Outside

    def test_short_requests_that_only_compute_have_their_shares(self):
        rounds = rounds_of(0.002)

        def work():
            sixty(rounds)
            thirty(rounds)
            ten(rounds)

        run = Outside(1000)
        end = time.monotonic() + 3 * test_profile.SECONDS

        def serve():
            while time.monotonic() < end:
                run.request(work)
                # As a server does, between two of them.
                time.sleep(0)

        threads = [threading.Thread(target=serve) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seen = run.stop()
        self.assertGreater(seen.samples, 1000)
        self.compare(seen, "sixty", "thirty", "ten", within=5)
        self.same_cpu(seen, "sixty", "thirty", "ten")

    def test_a_sampler_sleeps_while_nobody_asks(self):
        run = Outside()
        for _ in range(300):
            if run.profiling.watched.idle:
                break
            time.sleep(0.01)
        self.assertTrue(run.profiling.watched.idle)
        run.request(lambda: time.sleep(0.2))
        self.assertFalse(run.profiling.watched.idle)
        seen = run.stop()
        self.assertGreater(seen.samples, 3)

    def test_lines_are_those_that_run(self):
        def work():
            time.sleep(0.2)

        run = Outside()
        run.request(work)
        seen = run.stop()
        line = work.__code__.co_firstlineno + 1
        self.assertIn((work.__code__.co_qualname, line), seen.lines)

    def test_code_that_is_gone_gives_its_address_to_another(self):
        run = Outside()
        for number in range(6):
            # Longer than what is known is believed.
            namespace = {"sleep": time.sleep}
            exec("def made_%d():\n    sleep(1.1)" % number, namespace)
            run.request(namespace["made_%d" % number])
            del namespace
        seen = run.stop()
        for number in range(6):
            self.assertLess(abs(seen.wall("made_%d" % number) - 1.1), 0.3, number)

    def test_stacks_that_are_deep(self):
        run = Outside()
        run.request(lambda: test_profile.deeper(800, 0.3))
        seen = run.stop()
        self.assertGreater(seen.wall("deeper"), 0.2)
        self.assertGreater(seen.wall("burn"), 0.2)

    def test_a_connection_that_is_lost_is_the_end(self):
        run = Outside()
        run.request(lambda: time.sleep(0.1))
        run.profiling.connection.shutdown(2)
        seen = run.stop()
        self.assertTrue(run.profiling.ended)
        self.assertGreater(seen.samples, 3)

    def test_what_was_seen_of_a_process_that_is_killed_is_told(self):
        run = Outside(program=KILLED)
        run.other.wait()
        while not run.messages:
            time.sleep(0.01)
        run.collector.stdin.close()
        run.thread.join()
        run.collector.wait()
        shutil.rmtree(run.directory)
        self.assertGreater(sum(count[2] for message in run.messages for count in message["counts"]), 20)


@unittest.skipUnless(KNOWN, "this Python does not say how it is read")
class Sql(test_sql.Truth):
    run_of = Outside


@unittest.skipUnless(KNOWN, "this Python does not say how it is read")
class Routes(unittest.TestCase):
    late = staticmethod(test_profile.Routes.late)

    def test_they_are_found_in_frames(self):
        run = Outside()
        run.request(self.late(0.1), "/late/17")
        # Also what was seen before it was known.
        self.assertEqual(set(run.stop().routes), {"/late/"})

    def test_what_was_told_before_one_is_known_waits_for_it(self):
        run = Outside()
        # Longer than the time between two messages.
        run.request(self.late(1.2, 0.3), "/late/17")
        seen = run.stop()
        self.assertTrue(run.messages[0]["ticks"] and run.messages[1]["ticks"])
        self.assertEqual(set(seen.routes), {"/late/"})

    def test_what_ends_before_one_is_known_takes_that_of_its_path(self):
        run = Outside()
        run.request(self.late(0.05), "/late/17")
        run.request(lambda: time.sleep(0.1), "/late/17")
        run.request(lambda: time.sleep(0.1), "/other")
        self.assertEqual(set(run.stop().routes), {"/late/", "/other"})


class Refusals(unittest.TestCase):
    """What is not as it is known is left alone, and sampled from within."""

    def test_another_layout_is_refused(self):
        with open("/proc/self/mem", "rb") as file:
            own = memory.Memory(file.fileno())
            for text in (b"xdebugpy" + bytes(8), b"nonsense" + bytes(8)):
                buffer = ctypes.create_string_buffer(text, 1024)
                with self.assertRaises(offsets.Unknown):
                    offsets.read(own, ctypes.addressof(buffer))
            with self.assertRaises(offsets.Unknown):
                offsets.read(own, 8)

    @unittest.skipUnless(KNOWN, "this Python does not say how it is read")
    def test_a_reader_that_sees_something_else_is_not_believed(self):
        hello = {"pid": os.getpid(), "rate": 100, "table": 0, "code_type": id(type(computed.__code__)), "tid": 1, "state": 8, "stack": []}
        hello["runtime"] = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
        with open("/proc/self/mem", "rb") as file, self.assertRaises(offsets.Unknown):
            reader.Reader(hello, file.fileno())

    @unittest.skipUnless(KNOWN, "this Python does not say how it is read")
    def test_then_the_process_samples_itself(self):
        before, serving.watched.Watched.callers = serving.watched.Watched.callers, staticmethod(lambda: [["x.py", "nobody", 1, 1]])
        try:
            run = Outside()
        finally:
            serving.watched.Watched.callers = staticmethod(before)
        self.assertIn("its stack is read as", run.begun["inside"])
        run.request(lambda: time.sleep(0.2))
        seen = run.stop()
        self.assertTrue(run.profiling.ended)
        self.assertGreater(seen.samples, 3)


@unittest.skipUnless(KNOWN, "this Python does not say how it is read")
class Rows(unittest.TestCase):
    def test_each_thread_has_one(self):
        here, there = socket.socketpair()
        watched = serving.watched.Watched(here, (), lambda _: False)
        tell = watched.listener()

        def request():
            tell("request_started", request_environ={"PATH_INFO": "/"})
            tell("request_finished")

        for _ in range(3):
            request()
            # As where Python's state of a thread does not outlive a request.
            del watched.local.row
        request()
        thread = threading.Thread(target=request)
        thread.start()
        thread.join()
        self.assertLessEqual(watched.words[0], 2)
        self.assertEqual(watched.words[serving.watched.WORDS] >> 1, 4)
        # More of them than there are rows share one that is not read.
        watched.words[0] = serving.watched.MOST_ROWS
        for _ in range(3):
            watched.tids.clear()
            del watched.local.row
            request()
            self.assertEqual(watched.words[0], serving.watched.MOST_ROWS)
        here.close()
        there.close()


class Lines(unittest.TestCase):
    def test_tables_say_what_python_says(self):
        for function in (computed, rounds_of, Truth.test_lines_are_those_that_run, test_profile.Seen.__init__, codes.lines_of):
            code = function.__code__
            mine = list(codes.lines_of(code.co_linetable, code.co_firstlineno))
            where = {at: line for begin, end, line in mine for at in range(begin, end, 2)}
            python = {at: line for begin, end, line in code.co_lines() for at in range(begin, end, 2)}
            self.assertEqual(where, python)


@unittest.skipUnless(KNOWN, "this Python does not say how it is read")
class Stacks(unittest.TestCase):
    def test_calls_that_change_all_the_time_are_read(self):
        """A thread that calls, and builds and ends generators, as fast as it can."""
        ended, told = [], []
        get_state = ctypes.pythonapi.PyThreadState_Get
        get_state.restype = ctypes.c_void_p

        def one(number):
            return sum(each for each in range(number))

        def run():
            told.append((get_state(), threading.get_native_id()))
            while not ended:
                one(3)

        thread = threading.Thread(target=run)
        thread.start()
        while not told:
            time.sleep(0.001)
        with open("/proc/self/mem", "rb") as file:
            own = memory.Memory(file.fileno())
            layout = offsets.read(own, ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime")))
            known = codes.Codes(own, layout, id(type(run.__code__)))
            reading, last, names = stacks.Stacks(own, layout, known), stacks.Last(), set()
            for _ in range(300):
                stack = reading.read(*told[0], last)
                if stack:
                    names.add(stack[0][0].name.rpartition(".")[2])
                    self.assertEqual(stack[-1][0].name, "Thread._bootstrap")
                time.sleep(0)
        ended.append(True)
        thread.join()
        self.assertLess(reading.torn, 10)
        self.assertLessEqual(names, {"run", "one", "<genexpr>"})


if __name__ == "__main__":
    # What hangs says where.
    faulthandler.dump_traceback_later(PATIENCE, exit=True)
    unittest.main()
