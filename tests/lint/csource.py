"""Reads C well enough for the rules of this tree: comments, strings, includes, functions."""
import re

from tap import files, read

TOKEN = re.compile(
    r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)
CONTROL = {"if", "for", "while", "switch", "return", "sizeof", "else", "do", "case"}


def sources(*folders):
    """The .c and .h files below src (or the folders given)."""
    return [p for p in files(*(folders or ("src",))) if p.endswith((".c", ".h"))]


def code_only(text):
    """The text with comments blanked and strings emptied; lines keep their numbers."""
    def blank(match):
        token = match.group(0)
        if token[0] == "/":
            return "\n" * token.count("\n") + " "
        return token[0] * 2
    return TOKEN.sub(blank, text)


def includes(text):
    """(line, '<' or '"', name) of every include."""
    return [(text.count("\n", 0, m.start(1)) + 1, m.group(1), m.group(2))
            for m in INCLUDE.finditer(text)]


def functions(text):
    """(name, first line, number of lines) of every function: its opening brace stands alone in the
    first column, as this tree writes it."""
    lines = code_only(text).split("\n")
    found = []
    start = None
    for i, line in enumerate(lines):
        if line.rstrip() == "{":
            start = i - 1
            while start > 0 and (not lines[start] or lines[start][0] in " \t"):
                start -= 1
        elif line.startswith("}") and start is not None:
            head = " ".join(lines[start:i])
            match = re.search(r"(\w+)\s*\(", head)
            found.append((match.group(1) if match else "?", start + 1, i - start + 1))
            start = None
    return found


def calls(text):
    """(line, name) of every call or definition of a function."""
    code = code_only(text)
    return [(code.count("\n", 0, m.start()) + 1, m.group(1))
            for m in re.finditer(r"(?<![\w.])(\w+)\s*\(", code) if m.group(1) not in CONTROL]


__all__ = ["sources", "code_only", "includes", "functions", "calls", "read"]
