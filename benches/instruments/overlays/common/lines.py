import os  # runs

FIRST = os.getpid()  # runs


def answer(kind):  # runs
    if kind == "a":  # runs
        return of_a(kind)  # runs
    if kind == "b":  # runs
        return "b" + of_both(2)  # runs
    if kind == "c":  # runs
        try:  # runs
            return of_both("c")  # runs
        except TypeError:  # runs
            return "c"  # runs
        finally:
            kind = "done"  # runs
    if kind == "once":  # runs
        numbers = [number for number in range(3)]  # runs
        return str(sum(numbers))  # runs
    return never(kind)  # never


def of_a(kind):  # runs
    total = 0  # runs
    for number in range(3):  # runs
        total += number  # runs
    else:
        total += 1  # runs
    return f"{kind}{total}" + of_both(1)  # runs


def of_both(number):  # runs
    if number > 5:  # runs
        return "many"  # never
    return "few" * number  # runs


def never(kind):  # runs
    message = f"no answer to {kind}"  # never
    if len(message) > 5:  # never
        raise ValueError(message)  # never
    return message  # never


class Basket:  # runs
    def __init__(self):  # runs
        self.items = []  # never

    def add(self, item):  # runs
        self.items.append(item)  # never
        return self  # never
