"""The schemas that databases of one version have, as catalogs (dicts: enums, sequences, tables): as a release creates
them, and as they are after the engine's own upgrades from an older one.

What differs between the two is in catalogs/V-upgraded.json for one step. It stays in all later versions, so the shape of
a database that came a long way is the sum of the differences of its steps."""
import copy
import json
import os

CATALOGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "catalogs")
VERSIONS = [f"0.0.{n}" for n in range(2, 17)]
NAME_BYTES = 63


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def fresh(version):
    return load(os.path.join(CATALOGS, version + ".json"))


def release_0_2_2():
    """Version 0.0.7 as release 0.2.2 creates it: still with the event log of before, and one index less."""
    catalog = fresh("0.0.7")
    catalog["release"] = "0.2.2"
    catalog["tables"]["eventlog"] = fresh("0.0.6")["tables"]["eventlog"]
    del catalog["tables"]["events"]["indexes"]["ix_resource_id"]
    return catalog


def upgraded(version, created="0.0.2"):
    """Version as the engine's upgrades make it, step by step, of a database created at an older one. created is a
    version or a catalog."""
    have = fresh(created) if isinstance(created, str) else copy.deepcopy(created)
    first = VERSIONS.index(have["db_version"])
    for older, newer in zip(VERSIONS[first:], VERSIONS[first + 1:VERSIONS.index(version) + 1]):
        have = one_step(have, fresh(older), after_step(newer))
    return have


def after_step(version):
    """What the engine's upgrade makes of a fresh database of the version before."""
    path = os.path.join(CATALOGS, version + "-upgraded.json")
    return load(path) if os.path.exists(path) else fresh(version)


def one_step(have, before, after):
    """Have, which is before with differences, after the step that turns before into after."""
    made = {key: after[key] for key in ("release", "db_version", "enums", "sequences")}
    made["tables"] = {}
    for table in [*have["tables"], *(t for t in after["tables"] if t not in have["tables"])]:
        old, new = before["tables"].get(table), after["tables"].get(table)
        if table not in have["tables"]:
            if old is None:
                made["tables"][table] = new
        elif new is None:
            if old is None:
                made["tables"][table] = have["tables"][table]
        else:
            made["tables"][table] = {part: merged(have["tables"][table][part], (old or {}).get(part, {}), new[part])
                                     for part in ("columns", "constraints", "indexes")}
    return made


def merged(have, old, new):
    """Three times {name: definition}: what the step left alone stays as it is here, the rest is as the step made it."""
    result = {}
    for name, definition in have.items():
        if old.get(name) == new.get(name):
            result[name] = definition
        elif name in new:
            result[name] = new[name]
    for name, definition in new.items():
        if name not in result and name not in old:
            result[name] = definition
    return result


def columns_in(definition):
    """Of a constraint, the names of its own columns."""
    return [name.strip().strip('"') for name in definition.split("(", 1)[1].split(")", 1)[0].split(",")]


def with_old_names(catalog):
    """The foreign keys named as PostgreSQL 11 and earlier does it: after the table and the first column only."""
    catalog = copy.deepcopy(catalog)
    for table, what in catalog["tables"].items():
        what["constraints"] = {
            old_key_name(table, definition) if definition.startswith("FOREIGN KEY") else name: definition
            for name, definition in what["constraints"].items()}
    return catalog


def old_key_name(table, definition):
    first, room = columns_in(definition)[0], NAME_BYTES - len("__fkey")
    while len(table) + len(first) > room:
        if len(table) > len(first):
            table = table[:-1]
        else:
            first = first[:-1]
    return f"{table}_{first}_fkey"
