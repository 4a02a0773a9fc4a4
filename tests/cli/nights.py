#!/usr/bin/python3
"""400 nights of the scheduled job by the injected clock, with all that goes wrong in a year. Called by nights.bats with a
server and a deployment at hand, in a mount namespace of its own. Prints nothing where all is as it should be.

Every line that the job says on any night has to be expected, and every one that is expected has to come: each failure
once, when it begins, and its end once. What is kept is computed here again, from the rules alone."""
import datetime
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tarfile

TOOL, DEPLOY, DATABASE, SERVER, PGBIN = (os.environ[name] for name in ("ANCHORE_ADMIN", "DEPLOY", "NAME", "SERVER", "PGBIN"))
STORE = pathlib.Path(DEPLOY, "snapshots")
METRICS = pathlib.Path(DEPLOY, "nights.prom")
NIGHTS, DAY, FIRST = 400, 86400, int(datetime.datetime(2025, 1, 1, 3, 17, 5, tzinfo=datetime.timezone.utc).timestamp())
KEEP = {"last": 3, "daily": 10, "weekly": 6, "monthly": 12}

# What goes wrong: the first night of it, and the last.
DOWN, FULL, KILLED, MISSED, ROTTEN = (50, 52), (100, 101), 200, (250, 253), 150
CHANGED_TOO = {DOWN[1] + 1, *range(FULL[0], FULL[1] + 2), KILLED, KILLED + 1}


def fail(message):
    sys.exit(f"nights.py: {message}")


def expect(truth, message):
    if not truth:
        fail(message)


def night_at(night):
    return FIRST + night * DAY


def tool(night, *arguments, fault=None):
    env = dict(os.environ, ANCHORE_ADMIN_NOW=str(night_at(night)), TZ="UTC")
    if fault:
        env["ANCHORE_ADMIN_FAULT"] = fault
    return subprocess.run(["timeout", "60", TOOL, *arguments, "--config", f"{DEPLOY}/anchore-admin.yaml"], env=env,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


class Rows:
    """One session that changes a row: a psql a night would be a fifth of the time."""

    def __init__(self):
        self.psql = subprocess.Popen(["psql", "-XqAt", "-d", DATABASE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     text=True)

    def change(self):
        self.psql.stdin.write("UPDATE anchore SET last_updated = coalesce(last_updated, 0) + 1 RETURNING 'done';\n")
        self.psql.stdin.flush()
        expect(self.psql.stdout.readline() == "done\n", "the row was not changed")

    def end(self):
        self.psql.stdin.close()
        self.psql.wait()


def server(*arguments):
    command = [f"{PGBIN}/pg_ctl", "-D", f"{SERVER}/data", "-l", f"{SERVER}/log", "-w", *arguments]
    if os.getuid() == 0:
        command = ["runuser", "-u", "postgres", "--", "env", "-C", "/", *command]
    subprocess.run(["timeout", "60", *command], stdout=subprocess.DEVNULL, check=True)


def archives():
    return sorted(path for path in STORE.glob("*.tar") if not path.name.startswith("."))


def taken(path):
    """When it was taken, from its name."""
    text = re.search(r"(\d{8}T\d{6})Z", path.name).group(1)
    return datetime.datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=datetime.timezone.utc)


def kept(times):
    """Which of these the rules keep: the last N, and the last one of each of the last N days, weeks, months."""
    newest = sorted(times, reverse=True)
    keep = set(newest[:KEEP["last"]])
    for rule, period in (("daily", "%Y-%m-%d"), ("weekly", "%G-%V"), ("monthly", "%Y-%m")):
        seen = []
        for when in newest:
            name = when.strftime(period)
            if name not in seen and len(seen) < KEEP[rule]:
                seen.append(name)
                keep.add(when)
    return keep


def names(times):
    return " ".join(f"{when:%Y%m%d}" for when in sorted(times))


def metrics():
    found = {}
    for line in METRICS.read_text().splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name.removeprefix("anchore_admin_")] = float(value)
    return found


def rot(path):
    """Flips a bit in the middle of the longest chunk."""
    with tarfile.open(path) as tar:
        member = max((m for m in tar.getmembers() if m.name.endswith(".zst")), key=lambda m: m.size)
    at = member.offset_data + member.size // 2
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ 1]))


def newest_verified():
    """Of those that were looked at after they were taken: when it was taken; None: none was."""
    for path in reversed(archives()):
        state = pathlib.Path(f"{path}.state")
        found = json.loads(state.read_text())["verified"] if state.exists() else None
        if found and not found["failed"]:
            return taken(path)
    return None


class Year:
    def __init__(self):
        self.rows = Rows()
        self.said = {}       # night: what it said
        self.failed = set()  # nights that ended in a failure
        self.changed = True  # since the newest snapshot
        self.times = set()   # of what should be kept
        self.rotten = None
        self.found = None    # night on which the damage was found
        self.success = 0
        self.mended = None
        self.verified = None # the newest that was, before the night

    def before(self, night):
        """What the night finds."""
        if night == DOWN[0]:
            self.rows.end()
            server("-m", "fast", "stop")
        if night == DOWN[1] + 1:
            server("start")
            self.rows = Rows()
        if night == FULL[0]:
            space = os.statvfs(STORE)
            with open(STORE / "filler", "wb") as file:
                file.write(bytes(space.f_bavail * space.f_frsize - 4096))
        if night == FULL[1] + 1:
            (STORE / "filler").unlink()
        if night == ROTTEN:
            # One that stays for long: the last of a month.
            self.rotten = archives()[0]
            rot(self.rotten)
        if self.found and night == self.found + 5:
            self.rotten.unlink()
            pathlib.Path(f"{self.rotten}.state").unlink()
            self.mended = night
        if not DOWN[0] <= night <= DOWN[1] and (night % 5 in (0, 2, 3) or night in CHANGED_TOO):
            self.rows.change()
            self.changed = True

    def expected(self, night):
        if DOWN[0] <= night <= DOWN[1]:
            return 5
        if FULL[0] <= night <= FULL[1]:
            return 9
        if night == KILLED:
            return 128 + signal.SIGKILL
        return None

    def run(self, night):
        self.verified = newest_verified()
        done = tool(night, "cron", "run", fault="backup-rename:1:kill" if night == KILLED else None)
        want = self.expected(night)
        status = done.returncode if done.returncode >= 0 else 128 - done.returncode
        if want is None and self.rotten and not self.mended and (self.found or status == 6):
            want = 6
            self.found = self.found or night
        expect(status == (want or 0), f"night {night}: status {done.returncode}, expected {want or 0}: {done.stderr}")
        expect(not done.stdout, f"night {night}: {done.stdout}")
        if done.stderr:
            self.said[night] = done.stderr
        if status in (0, 6):
            self.after_backup(night)
        if status == 0:
            self.success = night_at(night)
        else:
            self.failed.add(night)

    def after_backup(self, night):
        """A snapshot exactly when something has changed, and of all exactly those that the rules keep."""
        now = datetime.datetime.fromtimestamp(night_at(night), datetime.timezone.utc)
        there = {taken(path) for path in archives()}
        # What is damaged is left alone, and takes nobody's place, from the night on after which that is known.
        if self.found and night > self.found and not self.mended:
            self.times.discard(taken(self.rotten))
            there.discard(taken(self.rotten))
        self.times = kept(self.times | ({now} if self.changed else set()))
        self.changed = False
        # Besides the rules: the newest that was read in full and found whole, before this night's turn.
        there -= {self.verified} - self.times
        expect(there == self.times, f"night {night}: there are {names(there)}, expected {names(self.times)}")

    def check_metrics(self, night):
        found = metrics()
        want = self.expected(night) or (6 if night in self.failed else 0)
        expect(found["backup_exit_code"] == want, f"night {night}: metrics say {found['backup_exit_code']}")
        expect(found["backup_last_success_timestamp_seconds"] == self.success, f"night {night}: last success")
        expect(found["backup_last_attempt_timestamp_seconds"] == night_at(night), f"night {night}: last attempt")
        expect(("backup_failing_since_timestamp_seconds" in found) == (want != 0), f"night {night}: failing since")

    def check_said(self):
        want = {
            DOWN[0]: r"failed \(backup\).*failing since 2025-02-20",
            DOWN[1] + 1: r"works again; it had failed since 2025-02-20",
            FULL[0]: r"failed \(backup\).*(has room for|No space left).*failing since 2025-04-11",
            FULL[1] + 1: r"works again; it had failed since 2025-04-11",
            self.found: r"failed \(verify\).*damaged",
            self.mended: r"works again; it had failed since",
            KILLED + 1: r"began at 2025-07-20.* was ended before it was done",
            MISSED[1] + 1: r"4 runs of the scheduled job did not happen",
        }
        for night, text in self.said.items():
            expect(night in want, f"night {night} said: {text}")
            lines = [line for line in text.splitlines() if not line.startswith("hint: ")]
            expect(len(lines) == 1, f"night {night} said: {text}")
            expect(re.search(want[night], text), f"night {night}: not {want[night]}: {text}")
        expect(set(want) == set(self.said), f"said on {sorted(self.said)}, expected on {sorted(want)}")


def main():
    year = Year()
    for night in range(NIGHTS):
        if MISSED[0] <= night <= MISSED[1]:
            continue
        year.before(night)
        year.run(night)
        if night != KILLED and (night % 20 == 0 or night in year.failed):
            year.check_metrics(night)
    year.rows.end()
    year.check_said()
    expect(year.found and year.found < ROTTEN + 60, f"the damage was found on night {year.found}")
    found = metrics()
    expect(found["backup_missed_total"] == 4, "missed nights")
    expect(found['snapshots{db_version="0.0.6"}'] == len(archives()), "snapshots by version")
    last = NIGHTS - 1
    status = tool(last, "cron", "status", "--json")
    expect(status.returncode == 0 and not json.loads(status.stdout)["problems"], status.stdout)
    for path in archives():
        done = tool(last, "snapshot", "verify", str(path))
        expect(done.returncode == 0, f"{path}: {done.stderr}")
    expect(not [path for path in STORE.iterdir() if path.name.startswith(".tmp-")], "something is left over")


main()
