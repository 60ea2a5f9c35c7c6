"""The sampler and SQL: what SQLite does in native code, without the GIL, is its Python caller's, and its waiting for a lock is no work."""

import os
import sqlite3
import tempfile
import time
import unittest

import test_profile
from test_profile import first, measured

SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT sum(i * i % 7) FROM n"


def connection(path=":memory:", patience=0.0):
    return sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)


@measured
def query(database, rows):
    return database.execute(SLOW, (rows,)).fetchone()


def score():
    test_profile.burn(0.05)
    return 1


@measured
def scored(database):
    return database.execute("SELECT score()").fetchall()


@measured
def written(database):
    try:
        database.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        # Somebody else writes, for longer than anybody waits.
        return
    raise AssertionError("nobody held the lock")


def rows_of(seconds):
    """Rows that SQLite needs so long for, on this machine and now."""
    database, rows = connection(), 200_000
    began = time.thread_time()
    database.execute(SLOW, (rows,)).fetchone()
    return int(rows * seconds / (time.thread_time() - began))


class Truth(unittest.TestCase):
    run_of = test_profile.Run
    setUp = test_profile.Truth.setUp
    compare = test_profile.Truth.compare
    same_cpu = test_profile.Truth.same_cpu

    def test_a_slow_query_is_its_callers(self):
        database, rows = connection(), rows_of(0.05)
        # Both for longer than the interpreter leaves the GIL to somebody.
        seen = self.run_of().during(lambda: (query(database, rows), first(0.008)), times=3)
        self.compare(seen, "query", "first", within=10)
        self.same_cpu(seen, "query", "first")
        # It works, and waits for nothing; below it is nothing of Python's.
        cpu, waiting, _, _ = seen.total["query"]
        self.assertGreater(cpu, waiting * 5)
        self.assertEqual(seen.own["query"], seen.total["query"])

    def test_two_queries_at_once_need_no_gil(self):
        rows = rows_of(0.05)
        works = [lambda database=connection(): query(database, rows) for _ in range(2)]
        seen = self.run_of().during(*works, times=2)
        self.same_cpu(seen, "query")
        # Two that did would wait for it half of the time.
        self.assertLess(seen.total["query"][2], sum(seen.total["query"]) * 0.3)

    def test_a_lock_that_sqlite_waits_for_is_waiting(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "data.sqlite")
            holder, database = connection(path), connection(path, patience=0.1)
            holder.execute("CREATE TABLE t (a)")
            holder.execute("BEGIN IMMEDIATE")
            seen = self.run_of().during(lambda: (written(database), first(0.005)), times=2)
            holder.close()
            database.close()
        self.compare(seen, "written", "first", within=8)
        self.assertGreater(seen.total["written"][1], sum(seen.total["written"]) * 0.8)
        self.assertGreater(seen.total["written"][1], seen.all[1] * 0.9)
        self.assertEqual(seen.own["written"], seen.total["written"])

    def test_python_that_sql_calls_is_below_whoever_asked(self):
        database = connection()
        database.create_function("score", 0, score)
        seen = self.run_of().during(lambda: (scored(database), first(0.005)), times=2)
        self.compare(seen, "scored", "first", within=8)
        # But for the time in which SQLite waits for the GIL to call it, where a sample is most likely.
        self.assertGreater(seen.wall("score"), seen.wall("scored") * 0.6)
        self.assertLess(seen.wall("score"), seen.wall("scored") * 1.01)


if __name__ == "__main__":
    unittest.main()
