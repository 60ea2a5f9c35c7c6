from shared.words import HELLO


def greeting():
    return HELLO


def main():
    print(greeting())
