"""Small files in memory that several processes read and write."""

import os


def replace(path: str, text: str) -> None:
    """Writes a file at once, so that nobody reads half of it."""
    new = "%s.%d" % (path, os.getpid())
    with open(new, "w") as file:
        file.write(text)
    os.rename(new, path)


def read(path: str) -> bytes:
    """A file's content. `open` takes three times as long, most of it for layers that a small file does not need."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while part := os.read(file, 1 << 16):
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(file)


def text_of(path: str) -> str:
    """Nothing where there is no file."""
    try:
        return read(path).decode("utf-8", "replace")
    except OSError:
        return ""


def words_of(path: str) -> "list[str]":
    return text_of(path).split()


def remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
