"""`contrib/bench edges`: upgrade edges beside pg_dump, on rows from A--B.sql."""
import os
import re
import shutil
import statistics

from common import ROWS, TOP, Failure, find_tool, say, timed
from server import private_server

# What an upgrade may take, in times of pg_dump. 0.0.12--0.0.13 and 0.0.15--0.0.16 are work that grows with other
# things than the size: they are set beside REFERENCE in the same run.
TARGETS = {"0.0.3--0.0.4": 2.0, "0.0.5--0.0.6": 1.5, "0.0.7--0.0.8": 2.5, "0.0.8--0.0.9": 1.0, "0.0.10--0.0.11": 1.0,
           "0.0.11--0.0.12": 1.5}
REFERENCE = "0.0.7--0.0.8"


def by_version(edge):
    return [int(part) for part in re.findall(r"\d+", edge)]


def choose_edges(wanted):
    known = sorted((name[:-4] for name in os.listdir(ROWS) if name.endswith(".sql") and "--" in name), key=by_version)
    there = [edge for edge in known if os.path.exists(os.path.join(TOP, "sql", edge + ".sql"))]
    if not wanted:
        return there
    chosen = [os.path.basename(edge).removesuffix(".sql") for edge in wanted]
    for edge in chosen:
        if edge not in known:
            raise Failure(f"no rows for {edge}: contrib/bench.d has {', '.join(known)}")
        if edge not in there:
            raise Failure(f"there is no sql/{edge}.sql")
    return sorted(set(chosen), key=by_version)


def release_of(version):
    """The newest engine release of a database version, for the version row."""
    newest = None
    with open(os.path.join(TOP, "sql", "releases"), encoding="utf-8") as file:
        for line in file:
            words = line.split("#")[0].split()
            if len(words) == 2 and words[1] == version:
                newest = words[0]
    return newest or "0.0.0"


def fill(server, name, edge, scale):
    """A database of the edge's older version, with rows."""
    version = edge.split("--")[0]
    server.create(name)
    server.psql(name, "-1", "-f", os.path.join(TOP, "sql", version + ".sql"), "-c",
                "INSERT INTO anchore (service_version, db_version, created_at, last_updated, record_state_key) "
                f"VALUES ('{release_of(version)}', '{version}', 1, 1, 'active')", user="engine",
                settings="-c client_min_messages=warning")
    # The rows fit together as they are made: checking their foreign keys would take longer than making them.
    server.psql(name, "-1", "-v", f"f={scale}", "-f", os.path.join(ROWS, edge + ".sql"),
                settings="-c client_min_messages=warning -c synchronous_commit=off -c session_replication_role=replica")
    server.sql(name, "VACUUM ANALYZE")


class Upgrade:
    """Times one edge through the tool, on copies."""

    def __init__(self, server, tool, edge):
        self.server, self.tool = server, tool
        self.version = edge.split("--")[1]
        # Outside of any git work tree, for changed SQL would be refused.
        self.migrations = os.path.join(server.folder, "sql")
        if not os.path.exists(self.migrations):
            shutil.copytree(os.path.join(TOP, "sql"), self.migrations)

    def time(self, template):
        server = self.server
        server.create("copy", template)
        took = timed([self.tool, "upgrade", "--to", self.version, "--yes", "--no-snapshot=benchmark", "--quiet",
                      "--database", f"host={server.folder} user=engine dbname=copy", "--store",
                      os.path.join(server.folder, "store"), "--migrations", self.migrations],
                     env=server.env, cwd=server.folder)
        found = server.sql("copy", "SELECT db_version FROM anchore")
        if found != self.version:
            raise Failure(f"after the upgrade the database is at version {found}, not {self.version}")
        server.drop("copy")
        return took


def measure_edge(server, tool, edge, arguments):
    say(f"{edge}: making rows")
    fill(server, "rows", edge, arguments.scale)
    size = server.size("rows")
    upgrade, ours, theirs = Upgrade(server, tool, edge), [], []
    for number in range(arguments.runs):
        # Who is first finds the caches otherwise than who is second: they take turns.
        order = [(theirs, server.dump), (ours, upgrade.time)]
        for times, take in order if number % 2 == 0 else reversed(order):
            times.append(take("rows"))
        say(f"{edge}: run {number + 1} of {arguments.runs}: upgrade {ours[-1]:.2f} s, pg_dump {theirs[-1]:.2f} s")
    server.drop("rows")
    return {"edge": edge, "bytes": size, "upgrade": ours, "pg_dump": theirs,
            "upgrade_median": statistics.median(ours), "pg_dump_median": statistics.median(theirs),
            "ratio_median": statistics.median(a / b for a, b in zip(ours, theirs)), "target": TARGETS.get(edge)}


def edges_text(results):
    lines = [f"{'edge':16} {'size':>9} {'upgrade':>9} {'pg_dump':>9} {'ratio':>6} {'target':>8}   {'beside ' + REFERENCE}"]
    for r in results:
        target = f"<= {r['target']:.1f}" if r["target"] else ""
        beside = f"{r['beside_reference']:.2f}" if r["beside_reference"] else ""
        missed = "   missed" if r["target"] and r["ratio_median"] > r["target"] else ""
        lines.append(f"{r['edge']:16} {r['bytes'] / 1e6:6.0f} MB {r['upgrade_median']:7.2f} s {r['pg_dump_median']:7.2f} s "
                     f"{r['ratio_median']:6.2f} {target:>8}   {beside}{missed}".rstrip())
    return "\n".join(lines)


def bench_edges(arguments):
    tool, edges = find_tool(), choose_edges(arguments.edges)
    if not edges:
        raise Failure("no edge in sql/ has rows in contrib/bench.d/")
    with private_server(arguments.settings) as server:
        say(f"{tool}, PostgreSQL {server.sql('postgres', 'SHOW server_version')}, scale {arguments.scale:g}")
        results = [measure_edge(server, tool, edge, arguments) for edge in edges]
    reference = next((r["upgrade_median"] for r in results if r["edge"] == REFERENCE), None)
    for result in results:
        result["beside_reference"] = result["upgrade_median"] / reference if reference else None
    answer = {"what": "edges", "scale": arguments.scale, "runs": arguments.runs, "reference": REFERENCE,
              "edges": results}
    return answer, edges_text(results)
