"""The profiler: a thread in each process that serves looks at what the threads of requests do, many times a second.

It comes with `parity profile`, by the debugger's way in (`parity_runtime/debug/hook.py`), and is in no image. While nobody profiles
nothing of it is imported.
"""
