"""Calls that were seen, as a tree: what is new in it is told once."""

from __future__ import annotations

from .codes import Code
from .limits import MOST_DEPTH, MOST_NODES, MOST_STACKS, OWN
from .stacks import Stack


class Calls:
    def __init__(self) -> None:
        self.nodes: dict[tuple[int, int, int], int] = {}
        # By their hash alone, as this is most of what a sample costs: the node, and whether a frame tells the route.
        self.stacks: dict[int, tuple[int, bool]] = {}
        self.codes = 0
        self.new_codes: list[list[object]] = []
        self.new_nodes: list[list[int]] = []
        # Stacks that did not fit in.
        self.cut = 0

    def leaf(self, stack: Stack) -> tuple[int, bool]:
        """The node of the innermost call, 0 where there is none, and whether a frame tells the route."""
        key = hash(tuple([instruction for _, instruction in stack]))
        known = self.stacks.get(key)
        if known is None:
            if len(self.stacks) >= MOST_STACKS:
                self.stacks.clear()
            known = self.stacks[key] = self.add(stack), any(code.is_way for code, _ in stack)
        return known

    def add(self, stack: Stack) -> int:
        shown = [(self.number(code), code.line_at(instruction)) for code, instruction in reversed(stack) if not code.file.startswith(OWN)]
        if len(shown) > MOST_DEPTH:
            self.cut += 1
        node = 0
        for number, line in shown[:MOST_DEPTH]:
            key = (node, number, line)
            found = self.nodes.get(key)
            if found is None:
                if len(self.nodes) >= MOST_NODES:
                    self.cut += 1
                    return node
                found = self.nodes[key] = len(self.nodes) + 1
                self.new_nodes.append([found, node, number, line])
            node = found
        return node

    def number(self, code: Code) -> int:
        if code.number is None:
            code.number = self.codes
            self.codes += 1
            self.new_codes.append([code.number, code.file, code.name, code.first_line])
        return code.number

    def forget(self) -> None:
        """An address is no more what it was: stacks with it are looked at anew."""
        self.stacks.clear()

    def news(self) -> tuple[list[list[object]], list[list[int]]]:
        codes, self.new_codes = self.new_codes, []
        nodes, self.new_nodes = self.new_nodes, []
        return codes, nodes
