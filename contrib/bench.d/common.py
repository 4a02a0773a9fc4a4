"""What every part of contrib/bench uses: talk, failures, programs that are run, and the facts of the machine."""
import glob
import os
import platform
import re
import shutil
import subprocess
import sys
import time

ROWS = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(ROWS))
HOUR = 3600
MEGABYTE = 1000 * 1000


class Failure(Exception):
    """Something to tell the operator, without a trace."""


def say(words):
    print(words, file=sys.stderr, flush=True)


def run(argv, limit=HOUR, **options):
    """Runs a program to its end, silently unless it fails."""
    options.setdefault("stdin", subprocess.DEVNULL)
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=limit,
                              check=False, **options)
    except subprocess.TimeoutExpired:
        raise Failure(f"did not end within {limit} s: {' '.join(argv)}") from None
    if done.returncode:
        raise Failure(f"exit status {done.returncode}: {' '.join(argv)}\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout


def timed(argv, **options):
    start = time.monotonic()
    run(argv, **options)
    return time.monotonic() - start


def find_tool():
    given = os.environ.get("ANCHORE_ADMIN")
    places = [given] if given else [os.path.join(TOP, "src", "anchore-admin"),
                                    os.path.join(TOP, "build-check", "plain", "src", "anchore-admin"),
                                    shutil.which("anchore-admin") or ""]
    for place in places:
        if place and os.access(place, os.X_OK) and os.path.isfile(place):
            return os.path.abspath(place)
    raise Failure(f"ANCHORE_ADMIN names no program: {given}" if given else
                  "no anchore-admin is built: run make here, or contrib/check unit, or set ANCHORE_ADMIN to its path")


def find_server_programs():
    places = [os.environ["PGBIN"]] if os.environ.get("PGBIN") else sorted(
        glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(re.sub(r"\D", "", p) or 0))
    for place in reversed(places):
        if os.access(os.path.join(place, "initdb"), os.X_OK):
            return place
    raise Failure("no PostgreSQL server is installed: contrib/install-packages run, or set PGBIN to a folder that has "
                  "initdb, pg_ctl and pg_dump")


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"^model name\s*:\s*(.*)$", file.read(), re.MULTILINE)
    return found[1] if found else platform.machine()


def facts(server, tool, arguments):
    """What a table of figures is worth nothing without."""
    return {"date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "cpu": cpu_model(),
            "cores": len(os.sched_getaffinity(0)),
            "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "server_version": server.sql("postgres", "SHOW server_version").split()[0],
            "tool_version": run([tool, "--version"], env=server.env).splitlines()[0],
            "settings": server.settings_told, "runs": arguments.runs, "jobs": arguments.jobs,
            "role": arguments.role}


def facts_text(f):
    return (f"{f['date'][:10]}, {f['cpu']}, {f['cores']} cores, {f['memory'] / 1e9:.0f} GB of memory\n"
            f"PostgreSQL {f['server_version']} with {' '.join(f['settings'])}; {f['tool_version']}\n"
            f"medians of {f['runs']} rounds, {f['jobs']} jobs, by role {f['role']}")


def need_room(needed):
    """Refuses before the disk is full: a server that has no room to write ends with all that was measured."""
    folder = os.environ.get("TMPDIR", "/tmp")
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise Failure(f"TMPDIR: {folder}: {error.strerror}") from None
    if free < needed:
        raise Failure(f"{folder} has {free / 1e9:.1f} GB free and about {needed / 1e9:.1f} GB are needed: set TMPDIR "
                      "to a folder with more room, or choose a smaller scale with -f")
