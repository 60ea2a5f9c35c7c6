"""The agent: what it makes of what processes say, and what it has them do. No process runs: a fake of the slots says what is there."""

import contextlib
import io
import json
import os
import signal
import socket
import unittest
import unittest.mock

import support
from parity_runtime import disk, layout
from parity_runtime.protocol import agent as protocol
from parity_runtime.protocol.worker import Load, Requests, State, TellModules, TellRequests
from parity_runtime.reload import deaths
from parity_runtime.reload.agent import doubting, draining, files, generation, main, processes, recycling, telling
from parity_runtime.reload.agent.ends import Ends
from parity_runtime.reload.agent.notes import Notes
from parity_runtime.reload.agent.session import Agent
from parity_runtime.reload.agent.slots import Slots, preloaded


class Clock:
    """Instead of `time`."""

    now = 100.0

    def monotonic(self):
        return self.now


class FakeSlots(Slots):
    """The same, with processes that are only said to be there."""

    def __init__(self, config):
        super().__init__(config)
        self.there = {name: {} for name in config.slots}
        self.ordered_what = []
        self.sent = []

    def alive(self, pid):
        return any(pid in found for found in self.there.values())

    def running(self, slot):
        return list(self.there[slot])

    def processes(self, slot):
        return dict(self.there[slot])

    def order(self, slot, pid, what):
        self.ordered_what.append((slot, pid, what))
        if isinstance(what, Load):
            self.ordered.add(pid)
        return True

    def send(self, pids, number):
        self.ending.update(pids)
        self.sent.extend((pid, number) for pid in pids)

    def put(self, slot, pid, doing, **more):
        self.there[slot][pid] = State(**{"doing": doing, "generation": 1, **more})


class AgentCase(support.Case):
    def setUp(self):
        super().setUp()
        self.clock = Clock()
        for module in (generation, recycling, draining):
            self.replace(module, "time", self.clock)
        self.write(layout.ETC + "/startup.py", support.startup())
        self.slots = FakeSlots(support.config())
        self.addCleanup(self.slots.orders.close)
        self.addCleanup(self.slots.ends.epoll.close)
        self.output = io.StringIO()
        self.slots.activate("g0", 1)
        self.slots.put("g0", 1, "loaded", read={})
        self.slots.put("g1", 2, "standby", preloaded=5)
        self.slots.put("g2", 3, "standby")

    def saying(self):
        return contextlib.redirect_stdout(self.output)

    def said(self):
        text = self.output.getvalue()
        self.output.seek(0)
        self.output.truncate()
        return [protocol.EVENTS.read(line) for line in text.splitlines()]


class Reloads(AgentCase):
    def setUp(self):
        super().setUp()
        self.agent = Agent(self.slots)

    def take(self, order):
        with self.saying():
            self.agent.take(order.to_text().encode())
            self.agent.look(False)

    def look(self, heard=True):
        with self.saying():
            self.agent.look(heard)

    def kinds(self):
        return [type(event) for event in self.said()]

    def save(self, number=2, text="x = 1\n"):
        path = self.write("app.py", text)
        self.take(protocol.Prepare(generation=number, files={"app.py": files.digest(path)}))

    def test_a_save_is_loaded_by_the_slot_that_has_done_most_and_then_served(self):
        self.save()
        self.assertEqual(self.kinds(), [protocol.Begun])
        self.assertEqual(self.slots.ordered_what, [("g1", 2, Load(generation=2))])
        self.slots.put("g1", 2, "loaded", generation=2, read={})
        self.look()
        [loaded] = self.said()
        self.assertEqual((type(loaded), loaded.generation, loaded.slot, loaded.pids, loaded.error), (protocol.Loaded, 2, "g1", [2], None))
        self.assertEqual(self.slots.active(), ("g0", 1))
        self.take(protocol.Commit(generation=2))
        [serving] = self.said()
        self.assertEqual((type(serving), self.slots.active()), (protocol.Serving, ("g1", 2)))
        # The slot that has served is asked what it has, and ended.
        self.clock.now += 1
        self.look()
        self.assertEqual([(slot, pid) for slot, pid, what in self.slots.ordered_what if what == TellModules()], [("g1", 2), ("g0", 1)])
        self.clock.now += 1
        self.look()
        self.assertEqual(self.slots.sent, [(1, signal.SIGUSR1)])

    def test_an_import_that_fails_is_told_with_its_traceback(self):
        self.save()
        self.take(protocol.Commit(generation=2))
        self.slots.put("g1", 2, "failed", generation=2, error="Traceback\nNameError: x\n", kind="import", read={})
        self.look()
        serving = self.said()[-1]
        self.assertEqual((type(serving), serving.error, serving.kind), (protocol.Serving, "Traceback\nNameError: x\n", "import"))

    def test_a_doubt_is_cleared_up_by_a_fresh_process(self):
        self.save()
        self.take(protocol.Commit(generation=2))
        doubt = {"doubt": "it starts a thread", "blamed": ["numpy"], "outdated": False}
        self.slots.put("g1", 2, "failed", generation=2, error="Traceback\nRuntimeError: no\n", **doubt)
        self.look()
        # Another slot is to import it as soon as it starts, and requests wait where they are.
        self.assertTrue(os.path.exists(layout.fresh("g2")))
        self.assertIn((3, signal.SIGTERM), self.slots.sent)
        del self.slots.there["g2"][3]
        self.slots.put("g2", 4, "loaded", generation=2, read={})
        self.look()
        avoided, serving = self.said()[-2:]
        self.assertEqual((type(avoided), avoided.avoided), (protocol.Avoided, ["numpy"]))
        self.assertEqual((type(serving), serving.slot, serving.error), (protocol.Serving, "g2", None))
        self.assertEqual(self.slots.active(), ("g2", 2))
        self.assertFalse(os.path.exists(layout.fresh("g2")))
        self.assertEqual(disk.text_of(layout.preload_bad()), "numpy RuntimeError: no\n")

    def test_what_only_one_process_can_hold_is_imported_alone(self):
        self.save()
        self.take(protocol.Commit(generation=2))
        error = "Traceback\nsqlite3.OperationalError: database is locked\n"
        self.slots.put("g1", 2, "failed", generation=2, error=error, doubt="the import failed", blamed=["*"])
        self.look()
        del self.slots.there["g2"][3]
        self.slots.put("g2", 4, "failed", generation=2, error=error, read={})
        self.look()
        # Requests go back to the slot that served; all others make way, and then it does.
        self.assertEqual(self.slots.active(), ("g0", 2))
        del self.slots.there["g2"][4], self.slots.there["g1"][2]
        self.look()
        self.assertIn((1, signal.SIGINT), self.slots.sent)
        del self.slots.there["g0"][1]
        self.slots.put("g0", 5, "loaded", generation=2, read={})
        self.look()
        avoided, serving = self.said()[-2:]
        self.assertEqual((avoided.avoided, serving.error, serving.slot), (["held"], None, "g0"))
        self.assertTrue(doubting.is_in_place(self.slots.config))

    def test_files_that_are_not_seen_as_saved_are_waited_for(self):
        self.write("app.py", "old")
        self.take(protocol.Prepare(generation=2, files={"app.py": files.digest(self.write("new.py", "new"))}))
        self.assertEqual(self.said(), [])
        self.write("app.py", "new")
        # The slot is lost once.
        del self.slots.there["g1"][2]
        self.look(False)
        self.assertEqual(self.kinds(), [protocol.Begun])
        self.assertTrue(self.agent.learned.late)

    def test_files_that_are_never_seen_are_said(self):
        self.take(protocol.Prepare(generation=2, files={"app.py": "00"}))
        self.clock.now += generation.SEEN_WITHIN + 1
        self.look(False)
        unseen = self.said()[0]
        self.assertEqual((type(unseen), unseen.files), (protocol.Unseen, ["app.py"]))

    def test_where_no_process_stands_by_that_is_said_once_and_hurried(self):
        for name in ("g1", "g2"):
            self.slots.there[name].clear()
        self.save()
        self.clock.now += 1
        self.look(False)
        self.look(False)
        self.assertEqual(self.kinds(), [protocol.Waiting])
        self.assertTrue(os.path.exists(layout.urgent()))
        self.slots.put("g1", 5, "standby")
        self.look(False)
        self.assertEqual(self.kinds(), [protocol.Begun])
        self.assertFalse(os.path.exists(layout.urgent()))

    def test_a_process_that_never_got_the_order_gets_it_again(self):
        self.save()
        del self.slots.there["g1"][2]
        self.slots.put("g1", 7, "standby")
        self.clock.now += 1
        self.look()
        self.assertIn(("g1", 7, Load(generation=2)), self.slots.ordered_what)

    def test_a_process_that_dies_is_tried_again_afresh_and_then_told(self):
        self.save()
        self.take(protocol.Commit(generation=2))
        deaths.keep(2, "process 2 ended while it imported the application: SIGSEGV\n")
        self.slots.there["g1"] = {}
        self.slots.put("g1", 8, "failed", generation=2, error="x", kind="died")
        self.look()
        self.assertIn((8, signal.SIGTERM), self.slots.sent)
        deaths.keep(2, "process 8 ended while it imported the application: SIGSEGV\n")
        del self.slots.there["g1"][8]
        self.look()
        serving = self.said()[-1]
        self.assertEqual((type(serving), serving.kind), (protocol.Serving, "died"))
        support.has(serving.error, "process 8 ended")

    def test_discarding_ends_what_was_loaded(self):
        self.save()
        self.take(protocol.Discard(generation=1))
        self.assertEqual(self.slots.sent, [])
        self.take(protocol.Discard(generation=2))
        self.assertEqual(self.slots.sent, [(2, signal.SIGTERM)])

    def test_what_the_application_wrote_itself_is_not_reloaded(self):
        self.write(layout.touched(1), json.dumps(["written", layout.PROJECT + "/var/cache"]) + "\n")
        self.take(protocol.Prepare(generation=2, files={"var/cache/page.py": "00"}, unless_own=True))
        self.assertEqual(self.said()[0], protocol.Own(generation=2, files=["var/cache/page.py"]))
        self.assertEqual(self.slots.ordered_what, [])

    def test_hello_says_what_is_there(self):
        path = self.write("app.py", "old")
        stat = os.stat(path)
        self.slots.put("g0", 1, "loaded", read={path: ["00", stat.st_mtime_ns - 1, 3]})
        self.take(protocol.Hello())
        touched, greeting = self.said()[:2]
        self.assertEqual(type(touched), protocol.Touched)
        self.assertEqual((greeting.slot, greeting.read, greeting.stale, greeting.pids), ("g0", ["app.py"], ["app.py"], [1]))

    def test_a_failure_that_is_over_is_said(self):
        self.slots.put("g0", 1, "failed", error="Traceback")
        self.take(protocol.Hello())
        self.slots.put("g0", 1, "loaded", read={layout.PROJECT + "/app.py": ["00", 1, 1]})
        self.look()
        self.assertIn(protocol.Recovered(generation=1, read=["app.py"]), self.said())

    def test_an_order_that_cannot_be_read_or_done_is_refused(self):
        with self.saying():
            self.agent.take(b"what")
            self.agent.take(b'{"v": 9, "do": "hello"}')
        self.take(protocol.Put(path="../outside", data="", mode=0o644))
        self.assertEqual([type(event) for event in self.said()], [protocol.Refused] * 3)

    def test_files_are_put_and_deleted(self):
        self.take(protocol.Put(path="a/b.py", data="eCA9IDE=", mode=0o600))
        self.assertEqual(self.read(layout.PROJECT + "/a/b.py"), "x = 1")
        self.assertEqual(os.stat(layout.PROJECT + "/a/b.py").st_mode & 0o777, 0o600)
        self.take(protocol.Delete(path="a"))
        self.assertFalse(os.path.exists(layout.PROJECT + "/a"))
        self.assertEqual(self.said(), [])


class Draining(AgentCase):
    def setUp(self):
        super().setUp()
        self.draining = draining.Draining(self.slots)

    def answer(self, pid, number, *requests):
        found = [{"path": "/x", "streaming": None, "sized": False, "events": False, **request} for request in requests]
        disk.replace(layout.requests(pid), Requests(asked=number, requests=found).to_text())

    def look(self):
        with self.saying():
            self.draining.look(None)

    def test_only_streams_are_cut_and_only_where_the_slot_is_needed(self):
        os.makedirs(layout.RUN + "/requests")
        for name, pid in (("g1", 2), ("g2", 3)):
            self.draining.add(name, [pid])
        self.look()
        asked = [what for _, _, what in self.slots.ordered_what]
        self.assertEqual(asked, [TellRequests(number=1)] * 2)
        self.answer(2, 1, {"streaming": 3.0})
        self.answer(3, 1, {"streaming": None})
        self.look()
        self.assertEqual([event.responses for event in self.said()], [[{"path": "/x", "milliseconds": 3000}]])
        self.assertEqual(self.slots.sent, [(2, signal.SIGTERM)])
        self.clock.now += 1
        self.look()
        self.assertIn((2, signal.SIGKILL), self.slots.sent)
        self.assertNotIn((3, signal.SIGTERM), self.slots.sent)

    def test_requests_that_have_a_right_to_end_are_spared(self):
        self.draining.add("g1", [2])
        self.assertFalse(self.draining.spares("g2"))
        leaving = self.draining.slots["g1"]
        leaving.answered, leaving.requests = self.clock.now, [{"path": "/", "streaming": None, "sized": False, "events": False}]
        self.assertTrue(self.draining.spares("g1"))
        self.clock.now += self.slots.config.graceful_timeout + 1
        self.assertFalse(self.draining.spares("g1"))

    def test_what_is_a_stream(self):
        for request, stream in (
            ({"streaming": 3.0, "sized": False, "events": False}, True),
            ({"streaming": 3.0, "sized": True, "events": False}, False),
            ({"streaming": 1.0, "sized": False, "events": False}, False),
            ({"streaming": 1.0, "sized": False, "events": True}, True),
            ({"streaming": None, "sized": False, "events": True}, False),
        ):
            self.assertEqual(draining.is_stream(request), stream, request)

    def test_slots_that_have_gone_are_forgotten(self):
        self.draining.add("g1", [2])
        del self.slots.there["g1"][2]
        self.look()
        self.assertIsNone(self.draining.patience())


class Directory(support.Case):
    """What is read of `/run/parity`, with this process as the one that says it."""

    def setUp(self):
        super().setUp()
        self.slots = Slots(support.config())
        self.addCleanup(self.slots.orders.close)
        self.addCleanup(self.slots.ends.epoll.close)
        os.makedirs(layout.slot("g1"))

    def test_what_living_processes_say(self):
        pid = os.getpid()
        self.write(layout.process("g1", pid), State(doing="standby", generation=0, preloaded=3).to_text())
        self.assertEqual(preloaded(self.slots.standby("g1")), 3)
        self.write(layout.loading("g1", pid), "")
        self.assertEqual(self.slots.processes("g1")[pid].doing, "loading")
        self.assertEqual(self.slots.standby("g1"), {})
        self.assertEqual(self.slots.touched("g1"), [pid])

    def test_what_cannot_be_read_is_none_of_it(self):
        self.write(layout.process("g1", os.getpid()), '{"doing": "standby"}')
        self.assertEqual(self.slots.processes("g1"), {})

    def test_dead_processes_are_tidied_away_and_buried(self):
        dead = dead_pid()
        self.write(layout.ETC + "/startup.py", support.startup())
        self.write(layout.process("g1", dead), State(doing="standby", generation=0).to_text())
        self.write(layout.loading("g1", dead), deaths.about(7, True))
        self.write(layout.preloading("g1", dead), "numpy")
        self.assertEqual(self.slots.processes("g1"), {})
        self.assertEqual(os.listdir(layout.slot("g1")), ["%d.preloading" % dead])
        self.assertEqual(deaths.error_of(7), "process %d ended while it imported the application\n" % dead)

    def test_orders_arrive_as_messages(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as process:
            process.bind(layout.orders("g1", 12))
            self.assertTrue(self.slots.order("g1", 12, Load(generation=7)))
            self.assertEqual(json.loads(process.recv(1000)), {"v": 1, "do": "load", "generation": 7})
        self.assertFalse(self.slots.order("g2", 12, TellModules()))

    def test_nobody_has_said_where_requests_go(self):
        self.assertEqual(self.slots.active(), ("g0", 0))
        self.write(layout.active(), "g1 seven")
        self.assertEqual(Slots(self.slots.config).active(), ("g0", 0))
        self.slots.activate("g1", 7)
        self.assertEqual((self.slots.active(), Slots(self.slots.config).active()), (("g1", 7), ("g1", 7)))

    def test_memory_and_files_are_told(self):
        self.write(
            layout.process("g1", os.getpid()), State(doing="loaded", generation=1, read={layout.PROJECT + "/a.py": ["", 1, 1]}).to_text()
        )
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            telling.memory(self.slots)
            telling.files(self.slots)
        memory, found = [protocol.EVENTS.read(line) for line in output.getvalue().splitlines()]
        self.assertEqual((sorted(memory.slots), memory.slots["g0"]["active"]), (["g0", "g1", "g2"], True))
        self.assertEqual(found.read, ["a.py"])

    def test_processes_of_the_system(self):
        self.assertTrue(processes.alive(os.getpid()))
        self.assertFalse(processes.alive(dead_pid()))
        self.assertEqual(processes.running("no-such-slot"), [])
        self.assertGreater(processes.proportional(os.getpid()), 1000)
        processes.send([dead_pid()], signal.SIGTERM)


def dead_pid():
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return child


class NotesOfFiles(support.Case):
    def setUp(self):
        super().setUp()
        self.slots = Slots(support.config(script=layout.PROJECT + "/run.cgi"))
        self.addCleanup(self.slots.orders.close)
        self.addCleanup(self.slots.ends.epoll.close)
        self.notes = Notes(self.slots)

    def note(self, name, *lines):
        with open(layout.touched(name), "a") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)

    def test_what_was_opened_and_changed_is_stale(self):
        path = self.write("site.conf", "a")
        stat = os.stat(path)
        pid = os.getpid()
        self.note(pid, ["opened", path, stat.st_mtime_ns, 1], ["opened", layout.PROJECT + "/local.conf", None, None])
        self.assertTrue(self.notes.read())
        self.assertFalse(self.notes.read())
        self.assertEqual(self.notes.take_news(), {"opened": ["site.conf", "local.conf"], "written": []})
        self.assertIsNone(self.notes.take_news())
        self.assertEqual(self.notes.stale([pid]), set())
        self.assertTrue(self.notes.is_own(path, [pid]))
        self.write("site.conf", "ab")
        self.write("local.conf", "")
        self.assertEqual(self.notes.stale([pid]), {path, layout.PROJECT + "/local.conf"})
        self.assertFalse(self.notes.is_own(path, [pid]))
        # What it has written itself is not.
        self.note(pid, ["written", layout.PROJECT + "/site.conf"])
        self.notes.read()
        self.assertEqual(self.notes.stale([pid]), {layout.PROJECT + "/local.conf"})

    def test_sources_are_never_its_own(self):
        for name in ("a.py", "a.wsgi", "run.cgi"):
            self.assertFalse(self.notes.is_own(self.write(name), []), name)

    def test_lines_that_are_none_are_passed_over(self):
        self.note(os.getpid(), 7, [], ["danced", "/x"], ["opened"])
        self.write(layout.touched("1"), "{")
        self.notes.read()
        self.assertEqual(self.notes.everything(), {"opened": [], "written": []})

    def test_what_dead_processes_noted_remains(self):
        self.note(dead_pid(), ["written", layout.PROJECT + "/var"])
        self.notes.tidy()
        self.assertEqual(os.listdir(layout.touched()), ["former"])
        again = Notes(self.slots)
        again.read()
        self.assertTrue(again.wrote(layout.PROJECT + "/var/cache/x"))

    def test_what_processes_were_answering_when_they_ended_goes(self):
        dead, here = dead_pid(), os.getpid()
        for answer in (layout.requests, layout.modules):
            for name in (answer(here), answer(dead), "%s.%d" % (answer(dead), dead)):
                self.write(name)
        self.notes.tidy()
        for answer in (layout.requests, layout.modules):
            self.assertEqual(os.listdir(os.path.dirname(answer(here))), [str(here)])


class Small(support.Case):
    def test_what_says_that_another_process_holds_something(self):
        self.assertTrue(doubting.is_held("Traceback\nOSError: [Errno 98] Address already in use"))
        self.assertFalse(doubting.is_held("Traceback\nNameError: locked"))
        self.assertFalse(doubting.is_held(None))

    def test_what_is_avoided_is_ever_more(self):
        config = support.config()
        self.assertEqual(doubting.avoid(config, ["b", "a"], "it\nfails"), ["a", "b"])
        self.assertEqual(disk.text_of(layout.preload_bad()), "a it fails\nb it fails\n")
        # A process that began before that has met it, too.
        self.assertEqual(doubting.avoid(config, ["a"], "it fails"), ["a"])
        self.assertEqual(disk.text_of(layout.preload_bad()), "a it fails\nb it fails\n")
        self.assertEqual(doubting.avoid(config, ["*"], "it fails"), ["preload"])
        self.assertEqual(doubting.avoid(config, ["c"], "it fails"), ["standby"])
        self.assertTrue(doubting.is_in_place(config))

    def test_processes_differ_in_what_they_have_read(self):
        one, other = (State(doing="loaded", generation=1, read={"a": [digest, 1, 1]}) for digest in ("0", "1"))
        self.assertTrue(generation.are_divided([one, other]))
        self.assertFalse(generation.are_divided([one, one]))

    def test_an_old_generation_that_dies_late_is_not_kept(self):
        deaths.keep(4, "process 1 ended\n")
        deaths.keep(2, "process 2 ended\n")
        self.assertEqual((deaths.error_of(2), deaths.error_of(4)), (None, "process 1 ended\n"))
        self.assertEqual(
            (deaths.how(None), deaths.how(9), deaths.how(3 << 8), deaths.how(66)), ("", ": SIGKILL", ": exit code 3", ": signal 66")
        )
        self.assertIsNone(deaths.bury(1, "no message"))

    def test_how_a_process_ended(self):
        ends = Ends()
        self.addCleanup(ends.epoll.close)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.read(read, 1)
            os._exit(3)
        mark = self.write(self.directory + "/mark")
        ends.add(child, mark)
        ends.add(child, mark)
        self.assertEqual(len(ends.watched), 1)
        os.write(write, b"x")
        ends.epoll.poll(10)
        self.assertEqual(deaths.how(ends.status(child)), ": exit code 3")
        os.waitpid(child, 0)
        os.close(read)
        os.close(write)

    def test_nudges_are_told_apart(self):
        sender, receiver = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        receiver.setblocking(False)
        agent = unittest.mock.Mock(noted=False)
        output = io.StringIO()
        with sender, receiver, contextlib.redirect_stdout(output):
            self.assertFalse(main.hear(receiver, agent))
            sender.send(b"touched")
            sender.send(b"restart")
            self.assertFalse(main.hear(receiver, agent))
            self.assertTrue(agent.noted)
            sender.send(b"12")
            self.assertTrue(main.hear(receiver, agent))
        self.assertEqual(protocol.EVENTS.read(output.getvalue()), protocol.RestartWanted())

    def test_a_restart_that_nobody_hears_fails(self):
        with contextlib.redirect_stderr(io.StringIO()) as error:
            self.assertEqual(main.main(["restart"]), 1)
        support.has(error.getvalue(), "no session listens")
