"""A little TAP: each check is a name and the list of what offends."""
import os
import sys

TOP = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


def report(checks):
    """checks: list of (name, offences). Prints TAP and exits."""
    print(f"1..{len(checks)}")
    failed = 0
    for number, (name, offences) in enumerate(checks, 1):
        print(f"{'not ok' if offences else 'ok'} {number} - {name}")
        for offence in offences:
            print(f"# {offence}")
        failed += bool(offences)
    sys.exit(1 if failed else 0)


def files(*folders, ends=""):
    """Paths of the tree's own files, relative to its top, sorted."""
    found = []
    for folder in folders:
        for where, dirs, names in os.walk(os.path.join(TOP, folder)):
            dirs[:] = [d for d in dirs if not d.startswith((".", "__"))]
            for name in names:
                path = os.path.relpath(os.path.join(where, name), TOP)
                if name.endswith(ends) and not name.endswith((".pyc", ".o", ".log", ".trs", "~")):
                    found.append(path)
    return sorted(found)


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()
