"""What is passed on of requests: several in a line, and each whole."""

import os
import subprocess
import sys
import unittest

from parity_runtime import request_log


class Lines(unittest.TestCase):
    def read(self, output):
        lines = output.split(b"\n")
        self.assertEqual(lines.pop(), b"")
        self.assertTrue(all(line.startswith(request_log.MARK) for line in lines))
        return [line[len(request_log.MARK) :].split(b"\x1e") for line in lines]

    def test_what_comes_together_is_one_line(self):
        self.assertEqual(self.read(request_log.lines_of([b"a", b"b\tc"])), [[b"a", b"b\tc"]])
        self.assertEqual(request_log.lines_of([]), b"")

    def test_no_line_is_longer_than_an_engine_takes(self):
        requests = [b"%d " % at + b"x" * (at % 5000) for at in range(2000)]
        lines = self.read(request_log.lines_of(requests))
        self.assertEqual([one for line in lines for one in line], [one[: request_log.LONGEST_REQUEST] for one in requests])
        self.assertLess(max(len(b"\x1e".join(line)) for line in lines), 16 * 1024 - 100)

    def test_nothing_is_lost_on_the_way_however_it_is_cut(self):
        program = subprocess.Popen([sys.executable, "-I", "-S", request_log.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        requests = [b"request %d" % at for at in range(3000)]
        text = b"".join(one + b"\n" for one in requests)
        for begin in range(0, len(text), 1000):
            os.write(program.stdin.fileno(), text[begin : begin + 1000])
        output, _ = program.communicate(timeout=20)
        self.assertEqual([one for line in self.read(output) for one in line], requests)
        self.assertEqual(program.returncode, 0)


if __name__ == "__main__":
    unittest.main()
