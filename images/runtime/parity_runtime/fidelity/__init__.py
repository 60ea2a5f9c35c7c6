"""What an application can see of its server, for `parity diff --live` and for the tests."""
