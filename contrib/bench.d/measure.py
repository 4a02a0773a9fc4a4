"""What a program costs: wall and CPU seconds, those of the server with them, and memory."""
import contextlib
import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time

from common import HOUR, Failure, say


@contextlib.contextmanager
def started(commands, **options):
    """Programs joined by pipes, the last one's output in file `stdout`. Each leads a process group of its own, which
    is killed if this ends before them: what they started ends too, and nothing writes into a folder being removed."""
    output, children, source = options.pop("stdout"), [], subprocess.DEVNULL
    try:
        for number, argv in enumerate(commands, 1):
            last = number == len(commands)
            children.append(subprocess.Popen(argv, stdin=source, stdout=output if last else subprocess.PIPE,
                                             start_new_session=True, **options))
            if source is not subprocess.DEVNULL:
                source.close()
            source = children[-1].stdout
        yield children
    finally:
        for child in children:
            if child.returncode is None:
                kill(child)
                child.wait()


def kill(child):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


def end_of(child, limit):
    """Waits for a child; its resource usage, which counts the processes that it started and waited for."""
    timer = threading.Timer(limit, kill, [child])
    timer.start()
    try:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    finally:
        timer.cancel()
    return usage


def measured(server, *commands, accept=(0,), limit=HOUR):
    """Runs programs, joined by pipes if there are several, on a server that is brought to rest before. Returns what
    they cost, their exit status and what they printed.

    wall          seconds until the last one ended
    client_cpu    seconds of all of them and of the processes that they started and waited for
    server_cpu    seconds of all processes of the server, until the sessions had ended
    rss           bytes: the highest of any process at the client, summed over a pipe. Not below what the Python that
                  starts them has (some 20 MB), for Linux counts from the fork.
    """
    server.settle()
    words = " | ".join(" ".join(argv) for argv in commands)
    with tempfile.TemporaryFile("w+", dir=server.folder) as out, tempfile.TemporaryFile("w+", dir=server.folder) as err:
        before, start = server.cpu(), time.monotonic()
        with started(commands, stdout=out, stderr=err, env=server.env, cwd=server.folder) as children:
            usages = [end_of(child, limit) for child in children]
        wall = time.monotonic() - start
        out.seek(0)
        err.seek(0)
        status = next((child.returncode for child in children if child.returncode), 0)
        if status not in accept:
            why = f"did not end within {limit} s" if status == -signal.SIGKILL and wall >= limit else \
                f"exit status {status}"
            raise Failure(f"{why}: {words}\n{out.read()}{err.read()}".rstrip())
        if status:
            say("  " + err.read().strip().replace("\n", "\n  "))
        cost = {"wall": wall, "client_cpu": sum(u.ru_utime + u.ru_stime for u in usages),
                "server_cpu": server.cpu() - before, "rss": sum(u.ru_maxrss for u in usages) * 1024}
        return cost, status, out.read()


def cpu(cost):
    return cost["client_cpu"] + cost["server_cpu"]


def medians(costs):
    """Of each measure over the rounds. Memory: the highest, for it is a limit."""
    found = {name: statistics.median(cost[name] for cost in costs) for name in costs[0]}
    found["rss"] = max(cost["rss"] for cost in costs)
    return found


def ratio(ours, theirs, measure):
    """The median of the ratios round by round; None where one of them was not to be had."""
    pairs = [(a, b) for a, b in zip(ours, theirs) if a and b]
    return statistics.median(measure(a) / measure(b) for a, b in pairs) if pairs else None


def size_of(path):
    """Bytes of a file, or of the files in a folder."""
    if not os.path.isdir(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names)
