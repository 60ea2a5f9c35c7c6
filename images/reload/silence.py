"""What is printed, or ignored by Python, while modules are imported ahead of time: nobody sees it, and it is noticed."""

import gc
import sys
import warnings


class Silence:
    """Nothing is printed, and whatever would be is noticed, but for warnings; also an exception that Python can only ignore."""

    encoding, errors, closed = "utf-8", "replace", False

    def __enter__(self):
        self.broken = None
        self.before = sys.stdout, sys.stderr, sys.unraisablehook, warnings.showwarning
        sys.stdout = sys.stderr = self
        sys.unraisablehook = self.ignored
        # The same is warned of where the application is imported for the first time.
        warnings.showwarning = self.nothing
        self.holders = None
        return self

    def __exit__(self, *_):
        sys.stdout, sys.stderr, sys.unraisablehook, warnings.showwarning = self.before

    def ignored(self, unraisable):
        self.broken = "it raised what Python ignored: %s" % unraisable.exc_type.__name__

    def nothing(self, *_, **__):
        pass

    def write(self, text):
        self.broken = "it printed something"
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False

    def broken_by(self):
        """What was not silent since this was last asked; also what keeps this, which is not there to stay."""
        holders, before = sys.getrefcount(self), self.holders
        broken, self.broken, self.holders = self.broken, None, holders
        if broken is None and before is not None and holders > before and self.is_kept():
            broken = "it keeps sys.stderr"
        return broken

    def is_kept(self):
        """Does anything hold it that lasts? What is being raised or called holds it for a moment."""
        return any(holder is not vars(sys) and type(holder) is dict for holder in gc.get_referrers(self))
