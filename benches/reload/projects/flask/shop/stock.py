from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    name: str
    price: int


ITEMS = [Item("A chair", 45), Item("A table", 120), Item("A lamp", 30)]
