"""Adds samples up. CPU time is the kernel's, by thread: in each window it is shared among the samples that it was seen in."""

from __future__ import annotations

from .kernel import RUNS, WAITS, WANTS_GIL
from .limits import MOST_ROUTES, OTHERS

# Of a window: a thread's row, its request by its generation, label, number of a recorded one, node.
Key = tuple[int, int, int, int, int]
# Samples, and nanoseconds that it ran or wanted to, waited for the GIL, waited for something else.
Cell = list[int]
# On a CPU, waiting, for the GIL, for a CPU.
Parts = tuple[float, float, float, float]
INDEX = {RUNS: 1, WANTS_GIL: 2, WAITS: 3}


def shared(cells: dict[Key, Cell], cpu: int, queued: int) -> dict[Key, Parts]:
    """What the samples of a window stand for, in which threads were on a CPU for so long, and waited for one for so long.

    The CPU time is where they were seen to run. If it is more than those samples stand for, chance has seen too many of the others, so it
    is taken from what those stand for; if it is less, they were ready to run and did not.
    """
    ran, wanted, waited = (sum(cell[kind] for cell in cells.values()) for kind in (1, 2, 3))
    share = cpu / ran if ran else 0
    # Nothing was seen to run: then it was what seemed to wait, for the GIL first.
    rest = 0 if ran else cpu
    gil_share = min(1, rest / wanted) if wanted else 0
    rest = max(0, rest - wanted)
    wait_share = min(1, rest / waited) if waited else 0
    kept = 1 - min(1, max(0, cpu - ran) / (wanted + waited)) if ran and wanted + waited else 1
    ready = ran * max(0, 1 - share)
    queue = min(1, queued / ready) if ready else 0
    return {
        key: (
            run * share + want * gil_share + wait * wait_share,
            wait * (1 - wait_share) * kept,
            want * (1 - gil_share) * kept + run * max(0, 1 - share) * (1 - queue),
            run * max(0, 1 - share) * queue,
        )
        for key, (_, run, want, wait) in cells.items()
    }


class Ledger:
    def __init__(self) -> None:
        # By their numbers, paths of requests, and the routes that those with such a path take.
        self.paths: dict[int, str] = {}
        self.routes: dict[int, str] = {}
        self.numbers: dict[str, int] = {}
        self.counts: dict[tuple[int, int, int], list[float]] = {}
        # Of requests whose route may still be found out.
        self.unrouted: list[tuple[Key, int, Parts]] = []

    def window(self) -> None:
        """Begins one: what waited for its route in the last one waits no longer."""
        unrouted, self.unrouted = self.unrouted, []
        for key, samples, parts in unrouted:
            self.count(key, samples, parts)

    def settle(self, cells: dict[Key, Cell], cpu: int, queued: int, under_way: set[tuple[int, int]]) -> None:
        """Takes the samples of a window in. `under_way`: rows and generations of requests that have not ended."""
        for key, parts in shared(cells, cpu, queued).items():
            if key[2] not in self.paths or (key[:2] in under_way and key[2] not in self.routes):
                self.unrouted.append((key, cells[key][0], parts))
            else:
                self.count(key, cells[key][0], parts)

    def count(self, key: Key, samples: int, parts: Parts) -> None:
        _, _, label, number, node = key
        counted = (node, self.route(label), number)
        known = self.counts.get(counted, (0, 0, 0, 0, 0))
        self.counts[counted] = [had + more for had, more in zip(known, (samples, *parts), strict=True)]

    def route(self, label: int) -> int:
        """The number of a route, or of the path where that is not known."""
        text = self.routes.get(label) or self.paths.get(label) or OTHERS
        if text not in self.numbers and len(self.numbers) >= MOST_ROUTES:
            text = OTHERS
        return self.numbers.setdefault(text, len(self.numbers))

    def news(self) -> tuple[list[list[object]], list[list[int]]]:
        """Routes, and what has been counted since the last time, in microseconds."""
        counts, self.counts = self.counts, {}
        told = [[*key[:2], round(samples), *(round(part / 1000) for part in parts), key[2]] for key, (samples, *parts) in counts.items()]
        return [[number, text] for text, number in self.numbers.items()], told
