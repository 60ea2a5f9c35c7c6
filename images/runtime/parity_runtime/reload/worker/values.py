"""Values of a namespace as they were. Whether they are still the same is asked with each save, of thousands: it takes a
comparison in C for each namespace, and more only where they are not.
"""

from operator import itemgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


class Values:
    def __init__(self, namespace: "dict[str, Any]", names: "list[str]") -> None:
        """`names`: at least one, and all of them are there."""
        self.namespace = namespace
        self.names = names
        # Of a single name it would give no tuple.
        self.get = itemgetter(names[0], *names)
        self.before: "tuple[Any, ...]" = self.get(namespace)

    def replaced(self) -> "Iterator[tuple[str, Any]]":
        """The names that have another value by now, with that; `None` for one that is gone."""
        try:
            if self.get(self.namespace) == self.before:
                return
        except Exception:
            # A name is gone, or a value does not like to be compared.
            pass
        for name, before in zip(self.names, self.before[1:], strict=True):
            value = self.namespace.get(name)
            if value is not before:
                yield name, value
