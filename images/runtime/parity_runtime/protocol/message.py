"""What a message is: a JSON object with the version of the protocol, the message's name, and its fields.

This comes into processes of the application before it does: so no `dataclasses`, which would import a dozen of Python's modules.
"""

# An application may replace the names in `json`.
from json import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Self, dataclass_transform
else:

    def dataclass_transform(**_):
        return lambda kind: kind


# What both sides of a channel must have. A message of another version is refused, with both versions in words.
VERSION = 1


class Unreadable(ValueError):
    """Why something is no message."""


@dataclass_transform(kw_only_default=True)
class Message:
    """Its fields are the annotations of its class; one with a value there may be left out."""

    # Where a message says its name, and what that is; nothing where only one kind of message can come.
    TAG: "ClassVar[str]" = ""
    NAME: "ClassVar[str]" = ""
    FIELDS: "ClassVar[dict[str, Any]]" = {}

    def __init_subclass__(cls, tag: str = "", name: str = "") -> None:
        if tag:
            cls.TAG = tag
        cls.NAME = name
        # By their names in JSON.
        own = {one: kind for one, kind in cls.__annotations__.items() if one.islower()}
        # Of methods, which would be taken for values that may be left out.
        assert not own.keys() & vars(Message).keys(), own
        cls.FIELDS = {**cls.FIELDS, **{one.replace("_", "-"): (one, kind) for one, kind in own.items()}}

    def __init__(self, **fields: "Any") -> None:
        for attribute, _ in self.FIELDS.values():
            if attribute in fields:
                setattr(self, attribute, fields.pop(attribute))
            elif not hasattr(type(self), attribute):
                raise TypeError("%s needs %s" % (type(self).__name__, attribute))
        if fields:
            raise TypeError("%s has no %s" % (type(self).__name__, ", ".join(sorted(fields))))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.to_value() == other.to_value()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "%s(%r)" % (type(self).__name__, self.to_value())

    def to_value(self) -> "dict[str, Any]":
        """As JSON has it. What may be left out is, where it is as if it were not said."""
        found: "dict[str, Any]" = {"v": VERSION}
        if self.NAME:
            found[self.TAG] = self.NAME
        for name, (attribute, _) in self.FIELDS.items():
            value = getattr(self, attribute)
            if not hasattr(type(self), attribute) or value != getattr(type(self), attribute):
                found[name] = value
        return found

    def to_text(self) -> str:
        return dumps(self.to_value())

    @classmethod
    def from_value(cls, value: "Any") -> "Self":
        """From what JSON has; raises `Unreadable`."""
        check_version(value)
        fields = {}
        for name, (attribute, kind) in cls.FIELDS.items():
            if name in value:
                if not fits(value[name], kind):
                    raise Unreadable("`%s` of %s is not %s: %.80r" % (name, cls.NAME or cls.__name__, words_for(kind), value[name]))
                fields[attribute] = value[name]
            elif not hasattr(cls, attribute):
                raise Unreadable("%s lacks `%s`" % (cls.NAME or cls.__name__, name))
        return cls(**fields)

    @classmethod
    def from_text(cls, text: "str | bytes") -> "Self":
        return cls.from_value(parse(text))


def parse(text: "str | bytes") -> "Any":
    try:
        return loads(text)
    except (ValueError, RecursionError):
        raise Unreadable("not JSON: %.80r" % (text,)) from None


def for_rust(text: str) -> str:
    """A message without halves of surrogate pairs, which Python has of names that are not UTF-8, and which no other language reads."""
    if "\\ud" not in text:
        return text
    return dumps(loads(dumps(loads(text), ensure_ascii=False).encode("utf-8", "replace")))


def check_version(value: "Any") -> None:
    if type(value) is not dict:
        raise Unreadable("not a JSON object: %.80r" % (value,))
    if value.get("v") != VERSION:
        text = "of version %.20r of the protocol, and this is version %d: both ends must be of one parity"
        raise Unreadable(text % (value.get("v"), VERSION))


class Channel:
    """The messages that can come one way."""

    def __init__(self, *messages: "type[Message]") -> None:
        self.messages = {message.NAME: message for message in messages}
        self.tag = messages[0].TAG

    def read(self, text: "str | bytes") -> Message:
        value = parse(text)
        check_version(value)
        name = value.get(self.tag)
        message = self.messages.get(name) if type(name) is str else None
        if message is None:
            raise Unreadable("no such message: %.80r" % (value.get(self.tag),))
        return message.from_value(value)


UNION: "Any" = type(int | None)


def fits(value: "Any", kind: "Any") -> bool:
    """Is a value of JSON of this kind?"""
    if type(kind) is UNION:
        return any(fits(value, one) for one in kind.__args__)
    origin = getattr(kind, "__origin__", None)
    if origin is list:
        return type(value) is list and all(fits(one, kind.__args__[0]) for one in value)
    if origin is dict:
        return type(value) is dict and all(fits(one, kind.__args__[1]) for one in value.values())
    if kind is float:
        return type(value) in (int, float)
    return type(value) is kind


def words_for(kind: "Any") -> str:
    return kind.__name__ if type(kind) is type else str(kind)
