"""What Rust has decided about the reload."""

from parity_runtime import layout
from parity_runtime.protocol.worker import Config


def read() -> Config:
    with open(layout.reload_config()) as file:
        return Config.from_text(file.read())
