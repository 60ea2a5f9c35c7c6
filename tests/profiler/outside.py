"""A reader beside this process, begun by the collector as in a container; what it has said."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from parity_profile import serving
from test_profile import HERE, Load, Seen

PROGRAMS = os.path.join(HERE, "..", "..", "images", "profile")
SETTINGS = {"own": ["parity-health"], "reads": True}


class Runtime:
    """What instruments have of mod_wsgi."""

    def __init__(self):
        self.listener = None
        self.recorded = False

    def listen(self, _, listener):
        self.listener = listener

    def ignore(self, _):
        self.listener = None

    def listens(self, instrument):
        return instrument == "record" and self.recorded


class Outside(Load):
    """A profile that is under way, of this process or of one that this program makes."""

    def __init__(self, rate=300, program=None):
        self.directory = tempfile.mkdtemp()
        shutil.copytree(PROGRAMS, self.directory, dirs_exist_ok=True)
        settings = json.dumps({**SETTINGS, "rate": rate})
        command = [sys.executable, "-I", "-S", "-B", self.directory + "/session.py", "profile", settings, "2"]
        self.collector = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.first = json.loads(self.collector.stdout.readline())
        if program is None:
            self.runtime = Runtime()
            self.profiling = serving.begin(self.runtime, self.directory + "/collector.sock")
            self.begun = json.loads(self.collector.stdout.readline())
            while self.runtime.listener is None:
                time.sleep(0.001)
        else:
            beginning = "import sys\nsys.path[:0] = %r\nfrom outside import Runtime, serving\n" % [HERE, PROGRAMS]
            beginning += "runtime = Runtime()\nserving.begin(runtime, %r)\n" % (self.directory + "/collector.sock")
            self.other = subprocess.Popen([sys.executable, "-B", "-c", beginning + program])
            self.begun = json.loads(self.collector.stdout.readline())
        self.messages = []
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        for line in self.collector.stdout:
            self.messages.append(json.loads(line))

    def request(self, work, path="/", server_id=None):
        tell = self.runtime.listener
        self.runtime.recorded = server_id is not None
        tell("request_started", request_environ={"PATH_INFO": path}, request_id=server_id)
        try:
            work()
        finally:
            tell("request_finished")

    def stop(self):
        self.collector.stdin.close()
        self.thread.join()
        self.collector.stdout.close()
        self.collector.wait()
        shutil.rmtree(self.directory)
        for _ in range(500):
            if self.profiling.ended:
                break
            time.sleep(0.01)
        return Seen(self.messages)
