"""The recorder, turned on and off while the server runs, as the key `R` of `parity up` does."""

from parity_runtime import disk, instruments, layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from parity_runtime.instruments import Runtime


def obey(runtime: "Runtime") -> None:
    """Does what `images/record/switching.py` has written."""
    wanted = disk.text_of(layout.record_wanted())
    if wanted == "on":
        instruments.load("record").install(runtime)
    elif wanted == "off":
        # As it was before: each event costs microseconds.
        runtime.ignore("record")
