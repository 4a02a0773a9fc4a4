"""`contrib/bench snapshots`: backup and restore beside PostgreSQL's own programs, and the second snapshot."""
import json
import os
import shutil

import engine
from common import MEGABYTE, Failure, facts, facts_text, find_tool, need_room, say
from measure import cpu, measured, medians, ratio, size_of
from server import private_server

# Bytes of disk at scale 1: the three databases of a round's end and what was written of them. Scale 0.1 took 2.4 GB
# in all, of which the three were 1.5 GB.
ROOM = 4 * engine.DATABASE
# What is judged: of whom, beside whom, which measure, at most how much. The labels are of `label` below.
RATIOS = [("backup_beside_directory", "backup", "dump_directory", "wall", 0.65),
          ("backup_beside_zstd", "backup", "dump_zstd", "wall", 0.50),
          ("archive_beside_zstd", "backup", "dump_zstd", "bytes", 0.55),
          ("restore_beside_pg_restore", "restore", "pg_restore", "wall", 0.70),
          ("added_beside_first", "second_added", "first", "wall", 0.60),
          ("same_beside_first", "second_same", "first", "wall", 0.05)]
MEMORY = [("backup_memory", "backup"), ("restore_memory", "restore")]


def label(name, jobs):
    return {"backup": f"anchore-admin backup --jobs {jobs}",
            "dump_directory": f"pg_dump -Fd -j{jobs} -Z1",
            "dump_zstd": f"pg_dump | zstd -T{jobs} -3",
            "restore": f"anchore-admin restore --jobs {jobs}",
            "pg_restore": f"pg_restore -Fd -j{jobs}",
            "pgcopydb": f"pgcopydb clone, {jobs} jobs",
            "first": "the first snapshot, of a copy",
            "second_same": "the second, nothing changed",
            "second_added": "the second, 1 % of images added"}[name]


class Rounds:
    """The rounds, and in `costs` what each participant's runs cost: a list by its name, one entry per round."""

    def __init__(self, server, tool, jobs, role):
        self.server, self.tool, self.jobs, self.role = server, tool, jobs, role
        server.env["PGUSER"] = role
        self.costs, self.counted = {}, None
        self.has_incremental = True
        self.equal = self.incremental_equal = None

    def path(self, name):
        return os.path.join(self.server.folder, name)

    def remove(self, *names):
        for name in names:
            if os.path.isdir(self.path(name)):
                shutil.rmtree(self.path(name))
            elif os.path.exists(self.path(name)):
                os.remove(self.path(name))

    def admin(self, command, *arguments, database="source", store="store"):
        return [self.tool, *command, "--jobs", str(self.jobs), "--yes", "--json", "--database",
                f"host={self.server.folder} user={self.role} dbname={database}", "--store", self.path(store), *arguments]

    def note(self, name, cost):
        self.costs.setdefault(name, []).append(cost)
        if cost:
            say(f"  {label(name, self.jobs)}: {cost['wall']:.2f} s, CPU {cpu(cost):.2f} s, "
                f"{cost['bytes'] / MEGABYTE:.1f} MB")
        else:
            say(f"  {label(name, self.jobs)}: not available")

    # ---- who takes part: each leaves its result where restoring finds it ----

    def backup(self):
        cost, _, answer = measured(self.server, self.admin(["backup"]))
        snapshot = json.loads(answer)
        self.note("backup", {**cost, "bytes": snapshot["size"]})
        self.counted = {"rows": snapshot["rows"], "text_bytes": snapshot["bytes"]}

    def dump_directory(self):
        cost, _, _ = measured(self.server, [self.server.program("pg_dump"), "-Fd", f"-j{self.jobs}", "-Z1", "-f",
                                            self.path("directory"), "-d", "source"])
        self.note("dump_directory", {**cost, "bytes": size_of(self.path("directory"))})

    def dump_zstd(self):
        cost, _, _ = measured(self.server, [self.server.program("pg_dump"), "-d", "source"],
                              ["zstd", "-q", f"-T{self.jobs}", "-3", "-o", self.path("plain.zst")])
        self.note("dump_zstd", {**cost, "bytes": size_of(self.path("plain.zst"))})
        self.remove("plain.zst")

    def restored(self, name, argv):
        cost, _, _ = measured(self.server, argv)
        self.note(name, {**cost, "bytes": self.server.size("restored")})
        self.server.drop("restored")

    def restore(self):
        # The new database is made by the tool: that is in its time, and not in the time of the others.
        self.restored("restore", self.admin(["restore", "latest"], "--into", "restored"))

    def pg_restore(self):
        self.server.create("restored")
        self.restored("pg_restore", [self.server.program("pg_restore"), "-Fd", f"-j{self.jobs}", "-d", "restored",
                                     self.path("directory")])

    def pgcopydb(self):
        self.server.create("restored")
        where = f"host={self.server.folder} user={self.role} dbname="
        self.restored("pgcopydb", ["pgcopydb", "clone", "--source", where + "source", "--target", where + "restored",
                                   "--table-jobs", str(self.jobs), "--index-jobs", str(self.jobs), "--dir",
                                   self.path("pgcopydb")])
        self.remove("pgcopydb")

    # ---- the second snapshot ----

    def incremental(self, name):
        """Exit status 2 is a tool that has no such option: the first snapshot was taken with all the others."""
        if not self.has_incremental:
            self.note(name, None)
            return None
        cost, status, answer = measured(self.server, self.admin(["backup", "--incremental"], database="copy",
                                                                store="copies"), accept=(0, 2))
        if status:
            self.has_incremental = False
            return self.incremental(name)
        snapshot = json.loads(answer)
        self.note(name, {**cost, "bytes": snapshot["size"]})
        return snapshot["id"]

    def second(self, last):
        """On a copy made page by page for each round: every round finds the same pages, none of the last one's."""
        self.server.create("copy", "source")
        cost, _, answer = measured(self.server, self.admin(["backup"], database="copy", store="copies"))
        self.note("first", {**cost, "bytes": json.loads(answer)["size"]})
        self.incremental("second_same")
        engine.add_images(self.server, "copy")
        snapshot = self.incremental("second_added")
        if last and snapshot:
            self.incremental_equal = self.proof(snapshot, "copy", "copies")
        self.server.drop("copy")
        self.remove("copies")

    # ---- rounds, and the proof after them ----

    def proof(self, snapshot, database, store):
        """Whether a snapshot gives the database again. The tool reads its own rows back and compares its digests;
        then PostgreSQL is asked for others, of both databases."""
        say(f"  proof: restoring database {database} once more, and comparing every table")
        try:
            measured(self.server, self.admin(["restore", snapshot], "--deep", "--into", "proof", database=database,
                                             store=store))
        except Failure as failure:
            say(str(failure))
            return False
        source, copy = (engine.contents(self.server, name) for name in (database, "proof"))
        self.server.drop("proof")
        for table in sorted(source.keys() | copy.keys()):
            if source.get(table) != copy.get(table):
                say(f"  proof: {table} differs: {source.get(table)} became {copy.get(table)}")
        return source == copy

    def round(self, number, last):
        first = [self.backup, self.dump_directory, self.dump_zstd]
        then = [self.restore, self.pg_restore, *([self.pgcopydb] if shutil.which("pgcopydb") else [])]
        # Who is first finds the caches otherwise than who is second: they take turns.
        for those in (first, then):
            turn = number % len(those)
            for participant in those[turn:] + those[:turn]:
                participant()
        self.second(last)
        if last:
            self.equal = self.proof("latest", "source", "store")
        self.remove("store", "directory")


def judge(costs, largest):
    """The rows of the table of targets. A value of None: not available."""
    rows = []
    for name, who, beside, measure, limit in RATIOS:
        ours, theirs = costs[who], costs[beside]
        rows.append({"name": name, "of": who, "beside": beside, "measure": measure, "limit": limit,
                     "value": ratio(ours, theirs, lambda cost: cost[measure]),
                     "cpu": ratio(ours, theirs, cpu) if measure == "wall" else None})
    for name, who in MEMORY:
        rows.append({"name": name, "of": who, "beside": None, "measure": "rss", "cpu": None,
                     "limit": 256 * MEGABYTE + 3 * largest, "value": max(cost["rss"] for cost in costs[who])})
    for row in rows:
        row["missed"] = None if row["value"] is None else row["value"] > row["limit"]
    return rows


def costs_text(participants, jobs):
    lines = [f"{'':36} {'wall':>9} {'client CPU':>11} {'server CPU':>11} {'memory':>8} {'result':>10}"]
    for name, participant in participants.items():
        m, title = participant["median"], label(name, jobs)
        lines.append(f"{title:36} {m['wall']:7.2f} s {m['client_cpu']:9.2f} s {m['server_cpu']:9.2f} s "
                     f"{m['rss'] / MEGABYTE:5.0f} MB {m['bytes'] / MEGABYTE:7.1f} MB" if m else
                     f"{title:36} not available")
    return lines


def targets_text(rows, jobs):
    lines = [f"{'':68} {'value':>8} {'target':>10} {'CPU':>7}"]
    for r in rows:
        if r["beside"]:
            beside = label(r["beside"], jobs) if r["beside"] != "first" else "the first"
            what = f"{label(r['of'], jobs)} beside {beside}: {r['measure']}"
            value, target = f"{r['value'] or 0:.2f}", f"<= {r['limit']:.2f}"
        else:
            what = f"{label(r['of'], jobs)}: memory"
            value, target = f"{r['value'] / MEGABYTE:.0f} MB", f"<= {r['limit'] / MEGABYTE:.0f} MB"
        if r["value"] is None:
            lines.append(f"{what:68} not available")
            continue
        beside_cpu = f"{r['cpu']:.2f}" if r["cpu"] is not None else ""
        lines.append(f"{what:68} {value:>8} {target:>10} {beside_cpu:>7}{'   missed' if r['missed'] else ''}".rstrip())
    return lines


def text(answer):
    data, jobs = answer["data"], answer["machine"]["jobs"]
    lines = [facts_text(answer["machine"]),
             f"scale {answer['scale']:g}: a database of {data['database_bytes'] / MEGABYTE:.0f} MB, {data['rows']:,} "
             f"rows, {data['text_bytes'] / MEGABYTE:.0f} MB as COPY text; the largest row has "
             f"{data['largest_row'] / MEGABYTE:.2f} MB", "",
             *costs_text(answer["participants"], jobs), "", *targets_text(answer["targets"], jobs), ""]
    proofs = [("the snapshot", answer["equal"]), ("the incremental snapshot", answer["incremental_equal"])]
    for what, equal in proofs:
        words = "not available" if equal is None else "true" if equal else "FALSE"
        lines.append(f"{what} restored equals its database, every table: {words}")
    if answer["not_installed"]:
        lines.append(f"not installed, left out: {', '.join(answer['not_installed'])}")
    return "\n".join(lines)


def bench_snapshots(arguments):
    tool = find_tool()
    if not shutil.which("zstd"):
        raise Failure("zstd is not installed: contrib/install-packages run")
    need_room(engine.ALONE + arguments.scale * ROOM)
    with private_server([*engine.QUIET, *arguments.settings]) as server:
        machine = facts(server, tool, arguments)
        say(f"{tool}, PostgreSQL {machine['server_version']}, scale {arguments.scale:g}")
        engine.fill(server, "source", arguments.scale)
        largest, size = engine.largest_row(server, "source"), server.size("source")
        rounds = Rounds(server, tool, arguments.jobs, arguments.role)
        for number in range(arguments.runs):
            say(f"round {number + 1} of {arguments.runs}")
            rounds.round(number, number + 1 == arguments.runs)
    participants = {name: {"runs": costs, "median": medians(costs) if None not in costs else None}
                    for name, costs in rounds.costs.items()}
    answer = {"what": "snapshots", "machine": machine, "scale": arguments.scale,
              "data": {"database_bytes": size, "largest_row": largest, **rounds.counted},
              "participants": participants, "targets": judge(rounds.costs, largest), "equal": rounds.equal,
              "incremental_equal": rounds.incremental_equal,
              "not_installed": [] if shutil.which("pgcopydb") else ["pgcopydb"]}
    return answer, text(answer)
