"""What the parts of parity say to each other: `docs/protocol.md` describes it, and `src/runtime/protocol.rs` is the other language's half.

`tests/protocol/` has an example of each message, which the tests of both languages read.
"""
