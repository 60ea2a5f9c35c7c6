"""Functions whose shares of the time are known: the application itself tells them, as long as nothing else looks."""

import time

# So many rounds that `sixty` takes about 60 % of the time, and so on. `thirty` spends its share in small calls, as templates and
# serializers do: what a profiler adds to each call is seen there.
PLAIN, CALLS, FEW = 24_000, 9_000, 4_000
# What a request takes, on whatever machine: less than the 5 ms after which Python has a thread give up its lock to others.
SECONDS = 0.002

told = {"sixty": 0.0, "thirty": 0.0, "ten": 0.0}


def sixty():
    total = 0
    for number in range(plain):
        total += number * number
    return total


def thirty():
    total = 0
    for number in range(calls):
        total += small(number)
    return total


def small(number):
    return number * number


def ten():
    total = 0
    for number in range(few):
        total += number * number
    return total


def work():
    total = 0
    for function in (sixty, thirty, ten):
        begun = time.thread_time()
        total += function()
        told[function.__name__] += time.thread_time() - begun
    return total


def calibrate():
    """So many rounds that all three take that long."""
    global plain, calls, few
    best = 1.0
    for _ in range(20):
        plain, calls, few = PLAIN // 10, CALLS // 10, FEW // 10
        begun = time.thread_time()
        sixty(), thirty(), ten()
        best = min(best, time.thread_time() - begun)
    factor = SECONDS / best / 10
    plain, calls, few = (int(rounds * factor) for rounds in (PLAIN, CALLS, FEW))


calibrate()
