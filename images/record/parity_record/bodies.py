"""What is kept of a body as it passes: all of it up to a limit, then its size and digest."""

import hashlib


class Body:
    """The parts of a body that have passed. Of one that is larger than the limit nothing but its size and digest is kept."""

    __slots__ = ("limit", "parts", "size", "digest", "is_file")

    def __init__(self, limit):
        self.limit = limit
        self.parts = []
        self.size = 0
        self.digest = None
        self.is_file = False

    def add(self, part):
        if not isinstance(part, bytes) or not part:
            return
        self.size += len(part)
        if self.digest is not None:
            self.digest.update(part)
            return
        self.parts.append(part)
        if self.size > self.limit:
            self.digest = hashlib.sha256()
            for kept in self.parts:
                self.digest.update(kept)
            self.parts = []

    def kept(self):
        """Bytes that are held in memory."""
        return 0 if self.digest is not None else self.size


class Input:
    """`wsgi.input` as it is; what the application reads of it is noted. Nothing is read that the application does not read."""

    def __init__(self, stream, body):
        self._stream = stream
        self._body = body

    def read(self, *args, **kwargs):
        data = self._stream.read(*args, **kwargs)
        self._body.add(data)
        return data

    def readline(self, *args, **kwargs):
        data = self._stream.readline(*args, **kwargs)
        self._body.add(data)
        return data

    def readlines(self, *args, **kwargs):
        lines = self._stream.readlines(*args, **kwargs)
        for line in lines:
            self._body.add(line)
        return lines

    def __iter__(self):
        lines = iter(self._stream)
        return self if lines is self._stream else Lines(lines, self._body)

    def __next__(self):
        line = next(self._stream)
        self._body.add(line)
        return line

    def __getattr__(self, name):
        return getattr(self._stream, name)


class Lines:
    """The lines of a stream that is not its own iterator."""

    def __init__(self, lines, body):
        self._lines = lines
        self._body = body

    def __iter__(self):
        return self

    def __next__(self):
        line = next(self._lines)
        self._body.add(line)
        return line
