"""What is imported ahead of time depends on nothing of the project: with random trees of packages, and saves of the project.

`cases.py COUNT [SEED]` tries that many trees. For each tree and each save of it:

- what a process that stood by has imported ahead of time holds none of the modules that depend on the project by construction,
- it has those that depend on nothing by construction, if the project imports them (else nothing of this would mean anything),
- what is served answers as a fresh interpreter does, with the same error if it fails,
- nothing is printed that a fresh interpreter does not print.
"""

import collections
import os
import random
import sys
import time

sys.path.insert(0, "/given")
sys.dont_write_bytecode = True

import ring
import trees

ring.prepare()
sys.path.insert(0, ring.ETC)


class Wrong(Exception):
    """What was not as it should be."""


def write(directory, files):
    """Files that are saved again are other ones, in time at least."""
    for path, text in files.items():
        full = "%s/%s" % (directory, path)
        try:
            with open(full) as file:
                if file.read() == text:
                    continue
        except OSError:
            os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w") as file:
            file.write(text)


def save(tree, number):
    for root, _, names in os.walk(ring.PROJECT):
        for name in names:
            path = "%s/%s" % (root, name)
            if path[len(ring.PROJECT) + 1 :] not in tree.project_files(number) and not path.endswith(("/db", "/link")):
                os.unlink(path)
    write(ring.PROJECT, tree.project_files(number))
    counts = tree.saves[number]["counts"]
    write_database(counts["db"])
    link = ring.PROJECT + "/link"
    if os.path.lexists(link):
        os.unlink(link)
    os.symlink("nowhere-%d" % counts["link"], link)


def write_database(number):
    """In a process of its own: this one is not to have what packages import."""
    pid = os.fork()
    if not pid:
        try:
            import sqlite3

            with sqlite3.connect(ring.PROJECT + "/data/db") as database:
                database.executescript("drop table if exists t; create table t (x); insert into t values (%d)" % number)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def run(tree, story):
    for directory in ["/tmp/tree", ring.PROJECT, ring.SITE]:
        ring.clear(directory)
    write(ring.SITE, tree.third_files())
    save(tree, 0)
    found = ring.Ring()
    found.story = story
    try:
        compare(found, "at first")
        for number in range(1, len(tree.saves)):
            found.fill()
            look_at_what_is_there(tree, found, number)
            save(tree, number)
            found.reload()
            compare(found, "after save %d" % number)
    except ring.Died as died:
        raise Wrong(str(died)) from None
    finally:
        found.close()


def look_at_what_is_there(tree, found, number):
    dependent = tree.dependent(number - 1)
    for child in found.standby:
        there = set(child.ask("names"))
        wrong = sorted(there & dependent)
        if wrong:
            raise Wrong("before save %d these were imported ahead of time, and depend on the project: %s" % (number, wrong))
        found.story.append(": %d modules ahead of time" % len(there))


def compare(found, when):
    served = found.serving.ask("answer")
    wanted = ring.fresh()
    found.story.append("%s: %s" % (when, "failed" if "error" in wanted else "answered"))
    if served != wanted:
        raise Wrong("%s it is served\n    %s\nand a fresh interpreter has\n    %s" % (when, served, wanted))


def shrink(tree, why):
    """The smallest tree that is wrong in this way, as far as it is found in time."""
    until = time.monotonic() + 60
    again = True
    while again and time.monotonic() < until:
        again = False
        for less in trees.smaller(tree):
            if time.monotonic() > until:
                break
            try:
                run(less, [])
            except Wrong as wrong:
                if kind_of(wrong) == kind_of(why):
                    tree, why, again = less, wrong, True
                    break
            except Exception:
                pass
    return tree, why


def kind_of(why):
    return str(why).partition(' ')[0], "'error'" in str(why)


def main(count, seed):
    begun = time.monotonic()
    failures = 0
    tally = collections.Counter()
    for number in range(seed, seed + count):
        tree = trees.grow(random.Random(number))
        story = []
        try:
            run(tree, story)
            tally.update(kind.partition(": ")[2].partition(":")[0] for kind in story)
        except Exception as why:
            if not isinstance(why, Wrong):
                raise RuntimeError("tree %d: %s" % (number, tree.describe())) from why
            failures += 1
            small, wrong = shrink(tree, why) if failures <= int(os.environ.get("SHRINK", "3")) else (tree, why)
            small_story = []
            try:
                run(small, small_story)
            except Wrong:
                pass
            with open(ring.PRINTED) as printed:
                small_story.append("printed: " + printed.read())
            print("tree %d is wrong: %s\n%s\n%s\n" % (number, wrong, "\n".join(small_story), small.describe()), flush=True)
    print("%d trees, %d wrong, %.1f seconds" % (count, failures, time.monotonic() - begun))
    print(", ".join("%s: %d" % known for known in sorted(tally.items())))
    if failures:
        sys.exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
