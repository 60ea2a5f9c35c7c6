"""What a process that serves writes down of its requests, where the reader beside it finds that: words of 64 bits, a row for each thread.

The first row says how many there are. A row is written by its own thread alone, and read while that goes on: the generation of a request
comes last where it begins and goes first where it ends, so it is odd only while the rest is that request's, and half of it is how many
have ended.
"""

WORDS = 8
BYTES = 8 * WORDS
# Without the first one.
MOST_ROWS = 1_000

# Of a row. CPU time is in nanoseconds: of the thread when its request began, and of all its requests that have ended.
GENERATION, LABEL, NUMBER, BEGAN, CPU, STATE, TID = range(7)
