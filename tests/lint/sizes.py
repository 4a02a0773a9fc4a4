#!/usr/bin/python3
"""Files of at most 400 lines, functions of at most 60, lines of at most 120 columns."""
import re
import statistics

from csource import code_only, functions, read, sources
from tap import files, report

FILE, FUNCTION, COLUMNS = 400, 60, 120


def main():
    long_files, long_functions, long_lines, layout = [], [], [], []
    file_sizes, function_sizes = [], []
    for path in sources("src", "tests"):
        text = read(path)
        count = text.count("\n")
        if path.endswith(".c"):
            file_sizes.append(count)
        if count > FILE:
            long_files.append(f"{path}: {count} lines")
        for name, line, size in functions(text):
            function_sizes.append(size)
            if size > FUNCTION:
                long_functions.append(f"{path}:{line}: {name}() has {size} lines")
        for number, line in enumerate(text.split("\n"), 1):
            if len(line.expandtabs(8)) > COLUMNS:
                long_lines.append(f"{path}:{number}: {len(line.expandtabs(8))} columns")
            if line != line.rstrip():
                layout.append(f"{path}:{number}: space at the end of the line")
        for number, line in enumerate(code_only(text).split("\n"), 1):
            if re.match(r"(static |int |void |bool |char |const |struct \w+ \*?\w+\()[^=;]*\) \{$", line):
                layout.append(f"{path}:{number}: a function's brace stands on its own line")
            if line.startswith("    "):
                layout.append(f"{path}:{number}: indented with spaces")
        if text and not text.endswith("\n"):
            layout.append(f"{path}: no newline at the end")
    for path in files("tests", "contrib", ends=(".bats", ".bash", ".sh", ".py")):
        count = read(path).count("\n")
        if count > FILE:
            long_files.append(f"{path}: {count} lines")
    if file_sizes and function_sizes:
        print(f"# .c files: {len(file_sizes)}, median {statistics.median(file_sizes):.0f} lines; "
              f"functions: {len(function_sizes)}, median {statistics.median(function_sizes):.0f} lines")
    report([("no file is too long", long_files), ("no function is too long", long_functions),
            ("no line is too long", long_lines), ("layout", layout)])


main()
