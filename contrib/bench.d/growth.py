"""`contrib/bench growth`: whether a backup's time per byte stays the same as the database grows."""
import json
import os
import shutil

import engine
from common import MEGABYTE, facts, facts_text, find_tool, need_room, say
from measure import cpu, measured, medians, ratio
from server import private_server

WITHIN = 0.10
# Bytes of disk at scale 1: the database and its archive.
ROOM = 1.2 * engine.DATABASE


def one_backup(server, tool, arguments, name):
    store = os.path.join(server.folder, "store")
    cost, _, answer = measured(server, [tool, "backup", "--jobs", str(arguments.jobs), "--yes", "--json", "--database",
                                        f"host={server.folder} user={arguments.role} dbname={name}", "--store", store])
    shutil.rmtree(store)
    snapshot = json.loads(answer)
    say(f"  {name}: {cost['wall']:.2f} s, CPU {cpu(cost):.2f} s, {snapshot['bytes'] / MEGABYTE:.0f} MB of text")
    return {**cost, "bytes": snapshot["size"], "text_bytes": snapshot["bytes"]}


def judge(scale, costs, first):
    """One row: per byte of text, and that in times of the first scale's, round by round."""
    ratios = {"wall": ratio(costs, first, lambda cost: cost["wall"] / cost["text_bytes"]),
              "cpu": ratio(costs, first, lambda cost: cpu(cost) / cost["text_bytes"])}
    middle = medians(costs)
    return {"scale": scale, "runs": costs, "median": middle, "wall_relative": ratios["wall"],
            "cpu_relative": ratios["cpu"], "within": WITHIN,
            "missed": any(abs(value - 1) > WITHIN for value in ratios.values())}


def text(answer):
    lines = [facts_text(answer["machine"]), "",
             f"{'scale':>6} {'text':>9} {'wall':>9} {'CPU':>9} {'wall per GB':>12} {'CPU per GB':>11} "
             f"{'wall':>6} {'CPU':>6}   target"]
    for r in answer["scales"]:
        m, size = r["median"], r["median"]["text_bytes"]
        lines.append(f"{r['scale']:6g} {size / MEGABYTE:6.0f} MB {m['wall']:7.2f} s {cpu(m):7.2f} s "
                     f"{m['wall'] / size * 1e9:10.2f} s {cpu(m) / size * 1e9:9.2f} s {r['wall_relative']:6.2f} "
                     f"{r['cpu_relative']:6.2f}   1 +- {r['within']:.2f}{'   missed' if r['missed'] else ''}")
    return "\n".join(lines)


def bench_growth(arguments):
    tool, scales = find_tool(), arguments.scales
    need_room(engine.ALONE + sum(scales) * ROOM)
    with private_server([*engine.QUIET, *arguments.settings]) as server:
        machine = facts(server, tool, arguments)
        say(f"{tool}, PostgreSQL {machine['server_version']}, scales {', '.join(f'{scale:g}' for scale in scales)}")
        # All of them are there from the beginning, so that each round has every scale, whatever the hour does.
        names = [f"scale{number}" for number in range(len(scales))]
        for name, scale in zip(names, scales):
            engine.fill(server, name, scale)
        costs = {name: [] for name in names}
        for number in range(arguments.runs):
            say(f"round {number + 1} of {arguments.runs}")
            for name in names if number % 2 == 0 else reversed(names):
                costs[name].append(one_backup(server, tool, arguments, name))
    answer = {"what": "growth", "machine": machine,
              "scales": [judge(scale, costs[name], costs[names[0]]) for name, scale in zip(names, scales)]}
    return answer, text(answer)
