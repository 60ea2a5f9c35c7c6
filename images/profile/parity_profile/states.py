"""What a thread does at this moment, as the kernel has it: runs or wants to, or waits for something else than the GIL.

The question is put while this thread holds the GIL, so that the thread in question still is where its frame says. `os.read` would
release it; ctypes' `PyDLL` does not. A thread that wants the GIL waits at a futex inside the interpreter's own structure: where that is
shows a thread that does nothing but run, and is looked at by one that has the GIL.
"""

import _thread
import os
import time

from .kernel import AROUND, FUTEX, MOST_FILES, address_in

# Seconds: a thread on a busy machine takes a while to begin.
PATIENCE = 1.0


class States:
    def __init__(self):
        self.files = {}
        self.queues = {}
        self.gil = None
        self.pread = None
        try:
            import ctypes

            library = ctypes.PyDLL(None)
            pread = library.pread
            pread.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long)
            pread.restype = ctypes.c_ssize_t
            self.buffer = ctypes.create_string_buffer(64)
            self.pread = pread
        except (ImportError, OSError, AttributeError):
            # Without them CPU time alone tells.
            return
        if FUTEX is None or not self.open(_thread.get_native_id()):
            self.pread = None
            return
        self.gil = self.find_gil()

    def open(self, tid):
        """Has a thread's file open from now on. Returns whether the kernel lets it be read."""
        if self.pread is None or len(self.files) >= MOST_FILES:
            return False
        try:
            file = os.open("/proc/self/task/%d/syscall" % tid, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        self.files[tid] = file
        try:
            self.queues[tid] = os.open("/proc/self/task/%d/schedstat" % tid, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            # A kernel without it: that time counts as the GIL's.
            pass
        # Some kernels do not have it, and some sandboxes have it empty.
        return bool(self.read(file))

    def read(self, file):
        count = self.pread(file, self.buffer, 64, 0)
        return self.buffer.raw[:count] if count > 0 else b""

    def runs(self, tid):
        """Whether a thread runs or waits for the GIL; `None`: nobody knows."""
        if self.pread is None:
            return None
        file = self.files.get(tid)
        if file is None:
            return None
        said = self.read(file)
        if not said:
            return None
        if said.startswith(b"running"):
            return True
        return self.gil is not None and said.startswith(FUTEX) and abs(address_in(said) - self.gil) < AROUND

    def queued(self, tid):
        """For how long, in ns, a thread has been ready to run until now, and had no CPU; `None`: nobody knows."""
        file = self.queues.get(tid)
        try:
            return int(os.pread(file, 100, 0).split()[1]) if file is not None else None
        except (OSError, ValueError, IndexError):
            return None

    def find_gil(self):
        told, ended = [], []

        def run():
            told.append(_thread.get_native_id())
            while not ended:
                pass

        _thread.start_new_thread(run, ())
        try:
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end:
                time.sleep(0.0005)
                if not told or (told[0] not in self.files and not self.open(told[0])):
                    continue
                # It was made to give the GIL up, and takes a moment until it waits for it.
                until = time.monotonic() + 0.003
                while time.monotonic() < until:
                    said = self.read(self.files[told[0]])
                    if said.startswith(FUTEX):
                        return address_in(said)
            return None
        finally:
            ended.append(True)
            if told:
                self.forget(told[0])

    def forget(self, tid):
        for files in (self.files, self.queues):
            file = files.pop(tid, None)
            if file is not None:
                os.close(file)

    def close(self):
        for tid in list(self.files):
            self.forget(tid)
