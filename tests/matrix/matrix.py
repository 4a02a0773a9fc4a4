"""Every way through the graph, on one server version: what a test program server-MAJOR.py runs.

  fresh, old-names, upgraded, 0.2.2   from each version, in each shape that databases have, to the newest
  edge                                each edge up, against the engine's own rows, and down again
  hostile                             rows that nobody wants, from each version to the newest and back
  down                                rows of the newer version that nobody wants, each edge down
  fails                               an error in the last edge leaves everything as it was
  backup                              with client programs older than the server: refused; else the whole cycle
  incremental                         what is unchanged is taken from the earlier snapshot, what is not is read
  moved                               restored on another server, nothing is taken from what the first one gave

Cases run side by side, each on a database of its own. A case is a function that gives the lines that offend."""
import collections
import concurrent.futures
import contextlib
import glob
import json
import os
import re
import sys
import tarfile
import time
import traceback

# pylint: disable=wrong-import-position
from bench import MIGRATIONS, NEWEST, RELEASE, TOOL, TOP, VERSIONS, Bench, Failed  # its first line finds the oracle
import hostile  # noqa: E402
import oracle  # noqa: E402
import shapes  # noqa: E402
from server import Missing, Server, client_major  # noqa: E402

ORACLE = os.path.join(TOP, "tests", "oracle")
HOSTILE = os.path.join(TOP, "tests", "matrix", "hostile")
THREADS = 4
SHOWN = 12  # lines of a case that fails

SHAPES = {
    "fresh": shapes.fresh,
    "old-names": lambda version: shapes.with_old_names(shapes.fresh(version)),
    "upgraded": shapes.upgraded,
    "0.2.2": lambda version: shapes.upgraded(version, shapes.release_0_2_2()),
}


def rows_folder(older, newer):
    return os.path.join(ORACLE, f"rows-{older}-to-{newer}")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


# ---- looking at a database ------------------------------------------------------------------------

def state(db):
    """All that may not change: every fact with its name, every row, every sequence."""
    return oracle.facts(db, names=True), everything(db)


def everything(db):
    found = oracle.rows_of(db)
    found.update((f"sequence {name}", [{"next": value}]) for name, value in oracle.sequences_of(db).items())
    return found


def is_fresh(db, version):
    """The lines that differ from a new database of the version. Only an eventlog with rows may be left over."""
    left = event_log(db) if "eventlog" not in shapes.fresh(version)["tables"] else []
    return oracle.catalog_differences(db, shapes.fresh(version), names=True, allow_tables=left)


def event_log(db):
    if db.value("SELECT to_regclass('eventlog')") and db.value("SELECT count(*) FROM eventlog") != "0":
        return ["eventlog"]
    return []


def same_rows(before, after, lost=()):
    """Lines for the rows of before that are not in after, and the reverse. lost: (table, column or None) that may be
    lost: a column's values, or rows. Tables and columns that one of the two does not have do not count."""
    lines = []
    for table in sorted(before.keys() & after.keys()):
        one, other = before[table], after[table]
        shared = None
        if one and other:
            shared = one[0].keys() & other[0].keys()
        without = {column for where, column in lost if where == table and column}
        if table == "anchore":
            without |= {"service_version", "last_updated"}
        bags = [oracle.countable([{c: v for c, v in row.items() if shared is None or c in shared} for row in rows],
                                 without=without) for rows in (one, other)]
        different = oracle.differences(*bags, table)
        if (table, None) in lost:
            different = [line for line in different if line.startswith(f"{table}: extra")]
        lines += [shortened(line) for line in different]
    return lines


def shortened(line):
    return re.sub(r"'([^']{40})[^']{20,}'", r"'\1…'", line)[:1200]


def gone_in_silence(before, after, said, announced=()):
    """Tables that lost rows without a word; that a statement ran is no such word. announced: what the plan of an
    upgrade says of itself, as (table, None)."""
    said = re.sub(r"(?m)^.*, statement \d+ of \d+: .*$", "", said)
    return [f"{table}: {len(before[table]) - len(after.get(table, []))} row(s) are gone and the tool did not say so"
            for table in before
            if (table, None) not in announced and table in after and len(after[table]) < len(before[table])
            and not re.search(rf"\b{table}\b", said)]


# ---- cases ----------------------------------------------------------------------------------------

def load_engine_rows(db, version):
    """Rows of the engine's as they are before the edge that leads from here; the newest two have one schema."""
    at = min(VERSIONS.index(version), len(VERSIONS) - 2)
    db.run(read(rows_folder(VERSIONS[at], VERSIONS[at + 1]) + "/before.sql"))


def case_start(bench, name, version, shape):
    with bench.connect(name) as db:
        oracle.build(db, SHAPES[shape](version))
        load_engine_rows(db, version)
        if shape == "0.2.2" and version == "0.0.9":
            db.run("INSERT INTO eventlog (\"hostId\", service_name, message, level) VALUES ('h', 's', 'm', 'l')")
    bench.upgrade(name, RELEASE)
    with bench.connect(name) as db:
        lines = is_fresh(db, NEWEST) if version != NEWEST or shape == "fresh" else []
        row = db.value("SELECT service_version || ' ' || db_version FROM anchore")
        if version != NEWEST and row != f"{RELEASE} {NEWEST}":
            lines.append(f"anchore holds {db.rows('SELECT * FROM anchore')}")
        left = event_log(db)
    check = json.loads(bench.tool(name, "db", "check", "--json"))
    expected = version == NEWEST or left
    if not check["fits"] or check["blocking"] or (not expected and (check["harmless"] or check["shape"] != "fresh")):
        lines.append(f"db check: {json.dumps(check)[:600]}")
    return lines


def case_edge(bench, name, older, newer):
    folder, edge = rows_folder(older, newer), f"{older}--{newer}"
    other = folder + "/after-or" if os.path.isdir(folder + "/after-or") else None
    with bench.connect(name) as db:
        oracle.build(db, shapes.fresh(older))
        db.run(read(folder + "/before.sql"))
        before = everything(db)
    bench.upgrade(name, newer)
    with bench.connect(name) as db:
        lines = is_fresh(db, newer)
        lines += map(shortened, oracle.row_differences(db, folder + "/after", other, oracle.read_departures(edge)))
    try:
        bench.downgrade(name, older)
    except Failed as failed:
        return lines + str(failed).split("\n")
    with bench.connect(name) as db:
        lines += ["down: " + line for line in is_fresh(db, older)]
        lines += ["down: " + line for line in same_rows(before, everything(db), bench.edges.destroyed(older, newer))]
    return lines


def load_hostile_rows(db, version):
    for statement in hostile.statements(shapes.fresh(version)):
        db.run(statement)
    path = f"{HOSTILE}/{version}.sql"
    if os.path.exists(path):
        db.run(read(path))


def case_hostile(bench, name, version):
    with bench.connect(name) as db:
        oracle.build(db, shapes.fresh(version))
        load_hostile_rows(db, version)
        before = everything(db)
    said = bench.upgrade(name, NEWEST)
    with bench.connect(name) as db:
        lines = is_fresh(db, NEWEST)
    said += bench.downgrade(name, version)
    with bench.connect(name) as db:
        after = everything(db)
        lines += ["down: " + line for line in is_fresh(db, version)]
    destroyed = bench.edges.destroyed(version, NEWEST)
    lines += same_rows(before, after, destroyed | bench.edges.lost(NEWEST, version))
    return lines + gone_in_silence(before, after, said, destroyed)


def case_down(bench, name, newer, older):
    with bench.connect(name) as db:
        oracle.build(db, shapes.fresh(newer))
        load_hostile_rows(db, newer)
        before = everything(db)
    said = bench.downgrade(name, older)
    with bench.connect(name) as db:
        lines = is_fresh(db, older)
        after = everything(db)
    lost = bench.edges.lost(newer, older) | {("anchore", "db_version")}
    # Not those that come: what the newer version keeps elsewhere returns to its old table.
    lines += [line for line in same_rows(before, after, lost) if ": extra: " not in line]
    return lines + gone_in_silence(before, after, said)


def case_fails(bench, name, version):
    with bench.connect(name) as db:
        oracle.build(db, shapes.with_old_names(shapes.upgraded(version)))
        load_engine_rows(db, version)
        before = state(db)
    said = bench.upgrade(name, RELEASE, status=1, migrations=bench.planted)
    with bench.connect(name) as db:
        facts, rows = state(db)
    lines = oracle.differences(before[0], facts, "schema")
    for table in sorted({*before[1], *rows}):
        lines += oracle.differences(*(oracle.countable(of.get(table, [])) for of in (before[1], rows)), table)
    return lines + ([] if "division by zero" in said else ["it fails of something else:", *said.split("\n")[-6:]])


def case_backup(bench, name):
    with bench.connect(name) as db:
        oracle.build(db, shapes.fresh("0.0.6"))
        load_engine_rows(db, "0.0.6")
        before = everything(db)
    if int(bench.server.major) > client_major():
        said = bench.tool(name, "backup", status=3)
        missing = [word for word in (bench.server.major, str(client_major()), "hint: ") if word not in said]
        return [f"the refusal does not say {word}: {said}" for word in missing]
    bench.tool(name, "backup")
    bench.tool(name, "upgrade", "--to", RELEASE, "--yes")
    bench.tool(name, "restore", "latest:0.0.6", "--yes")
    with bench.connect(name) as db:
        lines = is_fresh(db, "0.0.6") + same_rows(before, everything(db))
    return lines


def chunks(store):
    """What the newest snapshot took from an earlier one, and what it read: the tables of its chunks."""
    newest = max(glob.glob(store + "/*.tar"), key=os.path.getmtime)
    with tarfile.open(newest) as archive:
        members = json.load(archive.extractfile("manifest.json"))["members"]
    found = [(re.fullmatch(r"data/\d+-(\w+)/.*", member["name"])[1], "reused" in member)
             for member in members if "page" in member]
    return sorted(table for table, taken in found if taken), sorted(table for table, taken in found if not taken)


@contextlib.contextmanager
def quiet(major):
    """A server for one case: nothing is built on a snapshot that saw what was not on the disk yet, and other cases write
    all the time."""
    with Server(major) as server:
        bench = Bench(server)
        with contextlib.closing(bench.admin):
            yield bench


def case_incremental(bench, _):
    with quiet(bench.server.major) as alone:
        return incremental(alone, alone.database())


def incremental(bench, name):
    with bench.connect(name) as db:
        oracle.build(db, shapes.fresh("0.0.6"))
        load_engine_rows(db, "0.0.6")
        bench.tool(name, "backup")
        _, whole = chunks(bench.store(name))
        db.run("UPDATE users SET email = 'another'")
        bench.tool(name, "backup", "--incremental")
        before = everything(db)
    taken, read_again = chunks(bench.store(name))
    lines = [] if read_again == ["users"] else [f"not only users was read, but {read_again}"]
    lines += [] if sorted(taken + read_again) == whole else [f"there were {whole}, then {taken} and {read_again}"]
    bench.tool(name, "snapshot", "verify", "latest")
    bench.tool(name, "restore", "latest", "--yes")
    with bench.connect(name) as db:
        return lines + is_fresh(db, "0.0.6") + same_rows(before, everything(db))


def case_moved(bench, name):
    """Its rows, its name and its store are the same: only the server is another one, of the version of the clients."""
    with bench.connect(name) as db:
        oracle.build(db, shapes.fresh("0.0.6"))
        load_engine_rows(db, "0.0.6")
    bench.tool(name, "backup")
    with quiet(str(client_major())) as other:
        other.tool(name, "restore", "latest", "--yes", store=bench.store(name))
        said = other.tool(name, "backup", "--incremental", store=bench.store(name))
        taken, _ = chunks(bench.store(name))
        other.tool(name, "backup", "--incremental", store=bench.store(name))
    _, after = chunks(bench.store(name))
    lines = [f"{taken} were taken"] if taken else []
    lines += [] if "it is of another database or server; reading everything" in said else [said]
    return lines + ([f"{after} were read again"] if after else [])


def cases(full, shape, major):
    """(name, function, arguments). Not full: one shape, and hostile rows only from where there are special ones."""
    steps = list(zip(VERSIONS, VERSIONS[1:]))
    special = {"0.0.2", *(name[:-4] for name in os.listdir(HOSTILE))}
    for version in reversed(VERSIONS):
        if full or version in special:
            yield f"hostile {version}", case_hostile, version
        for each in SHAPES if full else [shape]:
            if each != "0.2.2" or VERSIONS.index(version) >= VERSIONS.index("0.0.7"):
                yield f"{each} {version}", case_start, version, each
        if version != NEWEST and (full or version in ("0.0.2", "0.0.7", "0.0.13")):
            yield f"fails {version}", case_fails, version
    for older, newer in steps:
        yield f"edge {older}--{newer}", case_edge, older, newer
        if full:
            yield f"down {newer}--{older}", case_down, newer, older
    yield "backup", case_backup
    if int(major) <= client_major():
        yield "incremental", case_incremental
    if int(major) < client_major():
        yield "moved", case_moved


def run_case(bench, function, *arguments):
    name = bench.database()
    try:
        lines = function(bench, name, *arguments)
    except Failed as failed:
        return str(failed).split("\n")
    except Exception:  # pylint: disable=broad-except # whatever it is, it is this case's
        return traceback.format_exc().split("\n")[-SHOWN:]
    bench.drop(name)
    return lines


def lacking(major, why):
    if os.environ.get("CI") == "true":
        print(f"1..1\nnot ok 1 - PostgreSQL {major}\n# {why}")
        sys.exit(1)
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def main(major, full=False, shape="upgraded"):
    """Runs the cases, or those whose names the command line gives as regular expressions, and prints TAP."""
    if not TOOL:
        sys.exit("ANCHORE_ADMIN names no test build of the tool")
    if not glob.glob(os.path.join(MIGRATIONS, f"*--{NEWEST}.sql")):
        lacking(major, f"no edge leads to {NEWEST}")
    chosen = [case for case in cases(full, shape, major)
              if len(sys.argv) < 2 or any(re.search(pattern, case[0]) for pattern in sys.argv[1:])]
    try:
        server = Server(major)
    except Missing as missing:
        lacking(major, missing)
    with server:
        bench = Bench(server)
        began = time.monotonic()
        print(f"1..{len(chosen)}", flush=True)
        failed = 0
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            running = [(case[0], pool.submit(run_case, bench, *case[1:])) for case in chosen]
            for number, (name, run) in enumerate(running, 1):
                lines = run.result()
                failed += bool(lines)
                print(f"{'not ok' if lines else 'ok'} {number} - PostgreSQL {major}: {name}")
                more = [f"and {len(lines) - SHOWN} lines more"] if len(lines) > SHOWN else []
                print("".join(f"# {line}\n" for line in [*lines[:SHOWN], *more]), end="", flush=True)
        bench.admin.close()
        print(f"# {len(chosen)} cases in {time.monotonic() - began:.0f} s; processor time of the server "
              f"{server.processor_seconds():.0f} s, of the tests {sum(os.times()[:4]):.0f} s")
    sys.exit(1 if failed else 0)
