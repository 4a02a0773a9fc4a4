#!/usr/bin/python3
"""The manual pages say what the program does: mandoc finds nothing to say, and the options, the commands, the
exit statuses and the settings' keys are those of the source. With a built program also its own help."""
import os
import re
import shutil
import subprocess

from tap import TOP, files, read, report

MANUAL = "man/anchore-admin.1"
SETTINGS = "man/anchore-admin.yaml.5"


def plain(path):
    """The page as a reader sees it, without overstriking and hyphenation."""
    done = subprocess.run(["timeout", "20", "mandoc", "-T", "utf8", "-O", "width=1000", path],
                          cwd=TOP, capture_output=True, text=True, check=False)
    text = re.sub(r".\x08", "", done.stdout)
    return text.replace("\u2010", "-").replace("\u2011", "-").replace("\u2212", "-").replace("\u00a0", " ")


def option_table():
    """[(name, stands in the settings file)] from the one option table."""
    table = read("src/model/options.c")
    start = table.index("option_table[OPTION_COUNT]")
    body = table[start:table.index("\n};", start)]
    entries = re.findall(r'\[OPTION_\w+\]\s*=\s*\{(.*?)\}', body, re.S)
    return [(re.search(r'\.name = "([a-z0-9-]+)"', entry).group(1), bool(re.search(r"\.in_file = true|\bSETTING\b", entry)))
            for entry in entries]


def command_names():
    text = "".join(read(path) for path in files("src/command", ends=".c"))
    start = text.index("command_table[]")
    body = text[start:text.index("\n};", start)]
    return re.findall(r'\{\s*(?:\.name\s*=\s*)?"([a-z ]+)"', body)


def statuses():
    return re.findall(r'^ERROR\(\w+,\s*(\d+),\s*"([^"]*)"\)', read("src/base/error.def"), re.M)


def roff_lint():
    offences = []
    for path in files("man"):
        if re.search(r"\.[1-9](\.in)?$", path):
            done = subprocess.run(["timeout", "20", "mandoc", "-T", "lint", "-W", "warning", path],
                                  cwd=TOP, capture_output=True, text=True, check=False)
            offences += done.stdout.splitlines() + done.stderr.splitlines()
    return offences


def help_offences(options, commands):
    """What the built program's help names, against the source."""
    program = os.environ.get("ANCHORE_ADMIN", "")
    if not os.access(program, os.X_OK):
        return []
    done = subprocess.run(["timeout", "20", program, "--help", "--verbose"], capture_output=True, text=True, check=False)
    shown = done.stdout
    offences = [f"--help exits with {done.returncode}"] if done.returncode else []
    offences += [f"--help does not name {c}" for c in commands if not re.search(rf"^ +{c}\b", shown, re.M)]
    offences += [f"--help does not name --{n}" for n, _ in options if not re.search(rf"(?<![\w-])--{n}\b", shown)]
    known = {name for name, _ in options}
    offences += [f"--help names --{n}, which is no option" for n in set(re.findall(r"(?<![\w-])--([a-z][a-z-]+)", shown))
                 if n not in known]
    return offences


def main():
    if not shutil.which("mandoc"):
        print("1..0 # SKIP mandoc is not installed")
        return
    page, settings_page = plain(MANUAL), plain(SETTINGS)
    options, commands = option_table(), command_names()
    known = {name for name, _ in options}
    in_page = set(re.findall(r"(?<![\w-])--([a-z][a-z0-9-]*[a-z0-9])", page))
    option_offences = [f"--{n} is not in {MANUAL}" for n in sorted(known - in_page)]
    option_offences += [f"{MANUAL} has --{n}, which is no option" for n in sorted(in_page - known - foreign(page))]
    keys = {name.replace("-", "_") for name, in_file in options if in_file}
    # A key's entry stands at the beginning of a line, with a colon or what the value is.
    in_settings = set(re.findall(r"^\s{2,8}([a-z][a-z_]*):?(?=\s|$)", settings_page, re.M))
    key_offences = [f"{k} is not in {SETTINGS}" for k in sorted(keys) if not re.search(rf"\b{k}\b", settings_page)]
    key_offences += [f"{SETTINGS} has {k}, which is no key" for k in sorted(in_settings) if "_" in k and k not in keys]
    status_offences = []
    for status, meaning in statuses():
        if not re.search(rf"^\s*{status}(\s|\+).*", page, re.M):
            status_offences.append(f"{MANUAL} does not list exit status {status}")
        if meaning not in re.sub(r"\s+", " ", page):
            status_offences.append(f"{MANUAL} does not say of {status}: {meaning}")
    command_offences = [f"{c} is not in {MANUAL}" for c in commands if not re.search(rf"\b{c}\b", page)]
    report([("mandoc has nothing to say", roff_lint()), ("options", option_offences),
            ("settings' keys", key_offences), ("exit statuses", status_offences),
            ("commands", command_offences), ("the program's help", help_offences(options, commands))])


def foreign(page):
    """Options of other programs that the page may show in an example: those on a line that names the program."""
    lines = [line for line in page.split("\n") if re.search(r"\b(psql|pg_dump|pg_restore|git|tar|zstd|systemctl|docker)\b", line)]
    return {n for line in lines for n in re.findall(r"--([a-z][a-z0-9-]*[a-z0-9])", line)}


main()
