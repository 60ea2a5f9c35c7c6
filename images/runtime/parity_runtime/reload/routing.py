"""Which slot requests go to. Apache reads the same file with each request."""

from parity_runtime import disk, layout


def active() -> "tuple[str | None, int]":
    """The slot, and its generation; `None` where nobody has said so."""
    try:
        slot, generation = disk.read(layout.active()).decode().split()
        return slot, int(generation)
    except (OSError, ValueError):
        return None, 0
