"""Each message as both languages know it: `tests/protocol`, which Rust's tests read as well."""

import json
import unittest

import support
from parity_runtime import layout, request_log
from parity_runtime.protocol import agent, debug, smoke, worker
from parity_runtime.protocol.message import VERSION, Message, Unreadable, for_rust
from parity_runtime.reload import routing

CHANNELS = {
    "agent-orders": agent.ORDERS,
    "agent-events": agent.EVENTS,
    "worker-orders": worker.ORDERS,
    "debug-to-process": debug.TO_PROCESS,
    "debug-to-console": debug.TO_CONSOLE,
}
# Where each has a place of its own, and needs no name.
ALONE = {
    "settings": {"reload": worker.Config, "console": debug.Settings},
    "validator": {"finding": smoke.Finding},
    "smoke-load": {"settings": smoke.LoadSettings, "loaded": smoke.Loaded},
    "worker-files": {
        "state": worker.State,
        "plan": worker.Plan,
        "requests": worker.Requests,
        "died": worker.Died,
        "began": worker.Began,
    },
}


def examples(name):
    with open("%s/tests/protocol/%s.json" % (support.ROOT, name)) as file:
        return json.load(file)


class Examples(unittest.TestCase):
    def test_every_message_has_an_example_and_every_example_is_a_message(self):
        for name, channel in CHANNELS.items():
            found = {example.get(channel.tag) for example in examples(name).values()}
            self.assertEqual(found, set(channel.messages), name)
        for name, messages in ALONE.items():
            self.assertEqual(set(examples(name)), set(messages), name)

    def test_every_message_of_a_module_is_in_a_channel(self):
        known = {message for channel in CHANNELS.values() for message in channel.messages.values()}
        known.update(message for messages in ALONE.values() for message in messages.values())
        for module in (agent, debug, smoke, worker):
            for value in vars(module).values():
                if isinstance(value, type) and issubclass(value, Message) and value is not Message and (value.NAME or not value.TAG):
                    self.assertIn(value, known)

    def test_they_are_read_and_written_as_they_are(self):
        for name, channel in CHANNELS.items():
            for label, example in examples(name).items():
                with self.subTest(channel=name, message=label):
                    self.assertEqual(json.loads(channel.read(json.dumps(example)).to_text()), example)
        for name, messages in ALONE.items():
            for label, example in examples(name).items():
                with self.subTest(channel=name, message=label):
                    self.assertEqual(json.loads(messages[label].from_text(json.dumps(example)).to_text()), example)


class Words(support.Case):
    """Where no message is sent but a word, a header or a number."""

    def test_they_are_those_that_rust_knows(self):
        words = examples("words")
        modes = {text: vars(debug.Mode.read(text)) for text in ("wait", "startup", "dap:5678", "dap:5678:startup")}
        known = {
            "version": VERSION,
            "mark": smoke.MARK,
            "first": words["first"],
            "port": layout.PORT,
            "console-busy": debug.BUSY,
            "debug": {debug.VARIABLE: modes},
            "pipe": [debug.COVERAGE, debug.DEBUG, debug.PROBE, debug.PROFILE, debug.RECORD],
            "probe": {
                "asks": smoke.PROBE.removeprefix("HTTP_").replace("_", "-").title(),
                "process": smoke.WHO,
                "see": smoke.SEE,
                "answers": list(smoke.ANSWERS),
                "says": [smoke.PROCESS, smoke.THREAD, smoke.SAW],
            },
        }
        self.assertEqual(known, words)
        self.write(layout.active(), words["first"] + "\n")
        self.assertEqual(routing.active(), ("g0", 1))

    def test_whoever_writes_to_the_pipe_says_one_of_them(self):
        hook = self.read(support.RUNTIME + "/parity_runtime/debug/hook.py")
        support.has(hook, *('"%s"' % word for word in examples("words")["pipe"]))
        # `profile/session.py` says the word that Rust gives it.
        writers = ("runtime/parity_runtime/fidelity/asking.py", "record/switching.py")
        for path, word in zip(writers, (debug.PROBE, debug.RECORD), strict=True):
            support.has(self.read("%s/images/%s" % (support.ROOT, path)), 'b"%s\\n"' % word)

    def test_lines_about_requests(self):
        example = examples("request-log")
        said = request_log.lines_of([request.encode() for request in example["requests"]])
        self.assertEqual(said.decode(), example["line"] + "\n")


class Messages(unittest.TestCase):
    def test_halves_of_surrogate_pairs_are_not_for_rust(self):
        for why, read in (
            ("caf\udce9", "caf?"),
            ("\N{GRINNING FACE}", "\N{GRINNING FACE}"),
            ("\\udce9", "\\udce9"),
            ("\ud83d\udce9x", "\U0001f4e9x"),
        ):
            text = for_rust(agent.Refused(why=why).to_text())
            self.assertTrue(text.isascii())
            self.assertEqual(json.loads(text)["why"], read)

    def refuses(self, text, *parts):
        with self.assertRaises(Unreadable) as refused:
            agent.ORDERS.read(text)
        support.has(str(refused.exception), *parts)

    def test_what_is_no_message_is_said_so(self):
        self.refuses("{", "not JSON")
        self.refuses("[" * 100_000, "not JSON")
        self.refuses("[]", "not a JSON object")
        self.refuses('{"do": "hello"}', "version None")
        self.refuses('{"v": 2, "do": "hello"}', "version 2", "version 1")
        self.refuses('{"v": 1, "do": "dance"}', "no such message", "dance")
        self.refuses('{"v": 1, "do": ["hello"]}', "no such message")
        self.refuses('{"v": 1, "do": "commit"}', "commit lacks `generation`")
        self.refuses('{"v": 1, "do": "commit", "generation": "7"}', "`generation` of commit is not int")
        self.refuses('{"v": 1, "do": "commit", "generation": true}', "`generation` of commit is not int")
        self.refuses('{"v": 1, "do": "prepare", "generation": 7, "files": {"a": 3}}', "`files` of prepare")

    def test_what_is_unknown_in_a_message_is_passed_over(self):
        order = agent.ORDERS.read('{"v": 1, "do": "commit", "generation": 7, "more": []}')
        self.assertEqual(order, agent.Commit(generation=7))

    def test_messages_are_made_whole(self):
        with self.assertRaises(TypeError):
            agent.Commit()
        with self.assertRaises(TypeError):
            agent.Commit(generation=1, more=2)
        self.assertNotEqual(agent.Commit(generation=1), agent.Discard(generation=1))
