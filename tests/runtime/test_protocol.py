"""Each message as both languages know it: `tests/protocol`, which Rust's tests read as well."""

import json
import unittest

import support
from parity_runtime.protocol import agent, debug, smoke, worker
from parity_runtime.protocol.message import Message, Unreadable, for_rust

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

    def test_what_the_debugger_waits_for(self):
        for text, expected in {
            "wait": (False, None),
            "startup": (True, None),
            "dap:5678": (False, 5678),
            "dap:5678:startup": (True, 5678),
        }.items():
            mode = debug.Mode.read(text)
            self.assertEqual((mode.startup, mode.port), expected, text)
