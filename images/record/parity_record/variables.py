"""What variables held where an exception was raised, as short texts. Nothing of the application's is called for it: an object of
another type than Python's own is shown as its type, with those of its attributes that hold such values.
"""

# Of one exception, the innermost frames; of each frame; of each value.
MOST_FRAMES = 20
MOST_VARIABLES = 40
MOST_ITEMS = 10
DEEPEST = 3
LONGEST = 300
LONGEST_NAME = 100
# Characters of all of them.
MOST = 60_000


def of_traceback(traceback):
    """A tuple for each frame, the innermost last: file, line, function, and pairs of a name and a text."""
    frames = []
    while traceback is not None:
        frames.append((traceback.tb_frame, traceback.tb_lineno))
        traceback = traceback.tb_next
    told = []
    left = MOST
    # Where it was raised is what counts.
    for frame, line in reversed(frames[-MOST_FRAMES:]):
        pairs = []
        for name, value in list(frame.f_locals.items())[:MOST_VARIABLES]:
            text = text_of(value)
            left -= len(name) + len(text)
            if left < 0:
                break
            pairs.append((name[:LONGEST_NAME], text))
        told.append((frame.f_code.co_filename, line, frame.f_code.co_name, pairs))
        if left < 0:
            break
    told.reverse()
    return told


def text_of(value):
    try:
        text = shown(value, DEEPEST)
    except Exception:
        text = "<%s>" % name_of(type(value))
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def shown(value, depth):
    kind = type(value)
    if kind is str or kind is bytes:
        return repr(value[:LONGEST]) + ("…" if len(value) > LONGEST else "")
    if kind is int:
        # A large one takes long to write.
        return repr(value) if value.bit_length() < 1000 else "<int of %d bits>" % value.bit_length()
    if kind in (bool, float, complex, type(None)):
        return repr(value)
    if depth == 0:
        return "<%s>" % name_of(kind)
    if kind in BRACKETS:
        opened, closed = BRACKETS[kind]
        return opened + items(value, len(value), lambda item: shown(item, depth - 1)) + closed
    bases = MRO(kind)
    if dict in bases:
        pairs = items(dict.items(value), dict.__len__(value), lambda pair: shown(pair[0], depth - 1) + ": " + shown(pair[1], depth - 1))
        return "{%s}" % pairs if kind is dict else "<%s {%s}>" % (name_of(kind), pairs)
    if type in bases:
        return "<class %s>" % name_of(value)
    attributes = attributes_of(value)
    if not attributes:
        return "<%s>" % name_of(kind)
    return "<%s %s>" % (name_of(kind), items(attributes, len(attributes), lambda pair: "%s=%s" % (pair[0], shown(pair[1], depth - 1))))


# As `type` itself has them: a class may have a property of that name.
MRO = type.__dict__["__mro__"].__get__
name_of = type.__dict__["__name__"].__get__
dictionary_of = type.__dict__["__dict__"].__get__
BRACKETS = {list: ("[", "]"), tuple: ("(", ")"), set: ("{", "}"), frozenset: ("frozenset({", "})")}


def items(values, count, one):
    texts = []
    for value in values:
        if len(texts) == MOST_ITEMS:
            texts.append("… %d more" % (count - MOST_ITEMS))
            break
        texts.append(one(value))
    return ", ".join(texts)


def attributes_of(value):
    """Those that are plain values, where the object has a dictionary of them: no property and no `__getattr__` is asked."""
    ways = [dictionary_of(base)["__dict__"] for base in MRO(type(value)) if "__dict__" in dictionary_of(base)]
    if not ways or type(ways[0]) is not OWN:
        return []
    known = ways[0].__get__(value)
    return [(name, held) for name, held in list(known.items()) if type(name) is str and not name.startswith("_") and type(held) in PLAIN]


# What a class without slots has under that name.
OWN = type(type.__dict__["__dict__"])
PLAIN = (str, bytes, int, float, bool, type(None))
