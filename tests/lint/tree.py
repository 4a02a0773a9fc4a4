#!/usr/bin/python3
"""The tree as a whole: scripts pass shellcheck, nothing is left unfinished, nothing points outside."""
import os
import re
import shutil
import subprocess

from tap import TOP, files, read, report

UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X])\b")
# Folders of a developer's machine, and notes that are not part of the project.
OUTSIDE = re.compile(r"""(^|[\s"'=(`:])/(wor[k]|home|root)/|/tmp/pla[n]|\b(DESIG[N]|STYL[E]|TESTBE[D]|OPERATOR[S])\.md"""
                     r"""|shared/(oracl[e]|benc[h]|hook[s])""")
FOLDERS = (".ci", "contrib", "man", "snapshots", "sql", "src", "tests")
BINARY = (".tar", ".zst", ".pgdump")


def is_shell(path):
    if path.endswith((".sh", ".bash", ".bats")):
        return True
    with open(os.path.join(TOP, path), "rb") as file:
        return bool(re.match(rb"#!\s*/(usr/)?bin/(env )?(ba|da)?sh\b", file.readline(80)))


# SC2154: bats itself sets status, output and stderr.
def shellcheck(paths):
    if not shutil.which("shellcheck"):
        return ["shellcheck is not installed"]
    offences = []
    for path in paths:
        shell = ["--shell=bats", "--exclude=SC2154"] if path.endswith(".bats") else []
        done = subprocess.run(["timeout", "120", "shellcheck", "--external-sources", "--format=gcc", *shell, path],
                              cwd=TOP, capture_output=True, text=True, check=False)
        offences += done.stdout.splitlines() + done.stderr.splitlines()
    return offences


def main():
    names = files(*FOLDERS)
    names += [n for n in ("README.md", "ChangeLog", "Makefile.am", "configure.ac")
              if os.path.exists(os.path.join(TOP, n))]
    unfinished, outside, text_only = [], [], []
    for path in names:
        if path.endswith(BINARY):
            continue
        try:
            lines = read(path).split("\n")
        except UnicodeDecodeError:
            text_only.append(f"{path}: is not UTF-8")
            continue
        for number, line in enumerate(lines, 1):
            if UNFINISHED.search(line):
                unfinished.append(f"{path}:{number}: {line.strip()}")
            if OUTSIDE.search(line):
                outside.append(f"{path}:{number}: {line.strip()}")
            if "\r" in line:
                text_only.append(f"{path}:{number}: carriage return")
    scripts = [path for path in names if is_shell(path)]
    modes = [f"{path}: is a script and not executable" for path in files(".ci", "contrib")
             if read_start(path) == b"#!" and not os.access(os.path.join(TOP, path), os.X_OK)]
    report([("shellcheck", shellcheck(scripts)), ("nothing is unfinished", unfinished),
            ("nothing points outside the tree", outside), ("texts are UTF-8 with plain line ends", text_only),
            ("scripts are executable", modes)])


def read_start(path):
    with open(os.path.join(TOP, path), "rb") as file:
        return file.read(2)


main()
