"""What is printed, or ignored by Python, while modules are imported ahead of time: nobody sees it, and it is noticed."""

import gc
import sys
import warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Silence:
    """Nothing is printed, and whatever would be is noticed, but for warnings; also an exception that Python can only ignore."""

    encoding, errors, closed = "utf-8", "replace", False

    def __enter__(self) -> "Silence":
        self.broken: "str | None" = None
        self.before: "Any" = sys.stdout, sys.stderr, sys.unraisablehook, warnings.showwarning
        sys.stdout = sys.stderr = self
        sys.unraisablehook = self.ignored
        # The same is warned of where the application is imported for the first time.
        warnings.showwarning = self.nothing
        self.holders: "int | None" = None
        return self

    def __exit__(self, *_: "Any") -> None:
        sys.stdout, sys.stderr, sys.unraisablehook, warnings.showwarning = self.before

    def ignored(self, unraisable: "Any") -> None:
        self.broken = "it raised what Python ignored: %s" % unraisable.exc_type.__name__

    def nothing(self, *_: "Any", **__: "Any") -> None:
        pass

    def write(self, text: str) -> int:
        self.broken = "it printed something"
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False

    def broken_by(self) -> "str | None":
        """What was not silent since this was last asked; also what keeps this, which is not there to stay."""
        holders, before = sys.getrefcount(self), self.holders
        broken, self.broken, self.holders = self.broken, None, holders
        if broken is None and before is not None and holders > before and self.is_kept():
            broken = "it keeps sys.stderr"
        return broken

    def is_kept(self) -> bool:
        """Does anything hold it that lasts? What is being raised or called holds it for a moment."""
        return any(holder is not vars(sys) and type(holder) is dict for holder in gc.get_referrers(self))
