#!/usr/bin/python3
"""Reads metrics in Prometheus' text format from stdin, more strictly than its own parsers, and prints every series
with its value, sorted. Of each metric there is one HELP and one TYPE, in front of its samples, which stand together;
no series is there twice."""
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\[\\"n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")
COMMENT = re.compile(rf"# (HELP|TYPE) ({NAME}) (\S.*)")


def fail(number, line, why):
    sys.exit(f"line {number}, {why}: {line}")


def series(name, labels):
    pairs = re.findall(LABEL, labels or "")
    keys = [pair.split("=")[0] for pair in pairs]
    return len(set(keys)) == len(keys) and (f"{name}{{{','.join(sorted(pairs))}}}" if pairs else name)


def main():
    text = sys.stdin.buffer.read().decode()
    if not text.endswith("\n"):
        sys.exit("the last line has no end")
    helped, typed, found, current = set(), {}, {}, None
    for number, line in enumerate(text[:-1].split("\n"), 1):
        comment, sample = COMMENT.fullmatch(line), SAMPLE.fullmatch(line)
        if comment:
            what, name, words = comment.groups()
            if name in (helped if what == "HELP" else typed):
                fail(number, line, f"a second {what}")
            if what == "HELP":
                helped.add(name)
                current = name
            elif name != current or words not in ("counter", "gauge"):
                fail(number, line, "a TYPE without its HELP, or of no kind")
            else:
                typed[name] = words
        elif sample:
            name, labels, value = sample.groups()
            one = series(name, labels)
            if name != current or name not in typed:
                fail(number, line, "a sample that is not behind its TYPE")
            if (typed[name] == "counter") != name.endswith("_total"):
                fail(number, line, "a counter's name, and no other, ends in _total")
            if not one or one in found:
                fail(number, line, "a label or a series twice")
            try:
                float(value)
            except ValueError:
                fail(number, line, "no number")
            found[one] = value
        else:
            fail(number, line, "neither a sample nor HELP or TYPE")
    if not found:
        sys.exit("no sample at all")
    print("\n".join(sorted(f"{one} {value}" for one, value in found.items())))


main()
