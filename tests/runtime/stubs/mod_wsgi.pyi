from collections.abc import Callable
from typing import Any

process_group: str
application_group: str
active_requests: dict[str, dict[str, Any]]
event_callbacks: list[Callable[..., dict[str, Any] | None]]

def request_data() -> dict[str, Any]: ...
def subscribe_events(callback: Callable[..., dict[str, Any] | None], /) -> None: ...
def subscribe_shutdown(callback: Callable[..., object], /) -> None: ...
