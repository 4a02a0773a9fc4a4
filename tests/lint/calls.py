#!/usr/bin/python3
"""Calls that have no place in this tree, or only one."""
from csource import calls, includes, read, sources
from tap import report

NOWHERE = {"strcpy", "stpcpy", "strcat", "sprintf", "vsprintf", "gets", "system", "popen", "strtok",
           "atoi", "atol", "tmpnam", "mktemp", "tempnam", "alloca", "setlocale", "asprintf",
           "vasprintf", "strdup", "strndup", "atexit"}
ONLY = {
    "malloc": {"src/base/mem.c"},
    "calloc": {"src/base/mem.c"},
    "realloc": {"src/base/mem.c"},
    "free": {"src/base/mem.c"},
    "exit": {"src/main.c"},
    "_exit": {"src/io/child.c", "src/io/proc.c"},
    "fork": {"src/io/child.c", "src/io/proc.c"},
    "vfork": set(),
    "execve": {"src/io/child.c", "src/io/proc.c"},
    "execv": {"src/io/proc.c"},
    "execvp": {"src/io/proc.c"},
    "execvpe": {"src/io/proc.c"},
}
# Only commands write to the operator, through run_print() of work/run.c or for themselves.
PRINT = {"printf", "puts", "putchar", "vprintf"}


def main():
    banned, homes, output, teach = [], [], [], []
    for path in sources():
        text = read(path)
        for line, name in calls(text):
            where = f"{path}:{line}: {name}()"
            if name in NOWHERE:
                banned.append(where)
            if name in ONLY and path not in ONLY[name]:
                homes.append(where)
            if name in PRINT and not path.startswith(("src/command/", "src/main.c", "src/work/run.c")):
                output.append(where)
        for line, _, name in includes(text):
            if name in ("assert.h", "setjmp.h", "locale.h"):
                banned.append(f"{path}:{line}: <{name}>")
        if path.endswith(".h") and not text.startswith("/*"):
            teach.append(f"{path}: does not begin with a comment")
    report([("banned calls", banned), ("calls with one home", homes),
            ("only commands print", output), ("headers teach", teach)])


main()
