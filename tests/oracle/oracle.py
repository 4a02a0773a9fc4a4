#!/usr/bin/python3
"""What a real engine database looks like, for the tests: a program, and a module for tests that ask often.

  oracle.py build DB CATALOG|VERSION [--shape fresh|upgraded|0.2.2] [--old-names] [--no-row]
      makes a schema in an empty database, with the engine's version row. upgraded: as the engine's own upgrades
      leave it in a database created at 0.0.2; 0.2.2: at 0.0.7 by release 0.2.2. --old-names: foreign keys of
      several columns are named as PostgreSQL 11 and earlier did.
  oracle.py catalog DB CATALOG|VERSION [--names] [--allow-table NAME]
      compares the schema; the order of columns does not matter. --names: names of constraints and indexes do.
  oracle.py rows DB DIR [--or DIR] [--departures A--B]
      compares every table with DIR/TABLE.csv, as a multiset of rows; a table without a file is empty. Columns in
      DIR/../times.txt hold times of the run or random values: there only NULL is compared, and times before 2026.
      --or: each row of a table that has a file there may be as in the one or the other.
      --departures: where edge A--B leaves other rows than the engine's upgrade; see the file departures.
  oracle.py digest DB
      prints one line per table (rows, MD5 of its sorted rows) and sequence: for `diff`.

DB is a libpq connection string or URI. Exit status: 0 same or done, 1 different, 2 error."""
import argparse
import collections
import csv
import os
import re
import sys

import shapes
from libpq import Connection, DatabaseError, identifier, literal

HERE = os.path.dirname(os.path.abspath(__file__))
BEFORE_2026 = re.compile(r"((19|20[01])\d|202[0-5])-\d\d-\d\d\b.*")
SECONDS_2026 = 1767225600

FACTS = r"""
SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
       || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), ''), c.relname, NULL
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
   AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint ' || c.relname || ': ' || pg_get_constraintdef(k.oid), c.relname, k.conname
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
 WHERE c.relnamespace = 'public'::regnamespace AND k.contype <> 'n'
UNION ALL
SELECT 'index ' || c.relname || ': ' || CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END
       || regexp_replace(pg_get_indexdef(x.indexrelid), '^.* USING ', '')
       || CASE WHEN x.indisvalid THEN '' ELSE ' INVALID' END, c.relname, i.relname
  FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
 WHERE c.relnamespace = 'public'::regnamespace
   AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))
UNION ALL
SELECT 'enum ' || t.typname || ': ' || string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder), NULL, NULL
  FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
 WHERE t.typnamespace = 'public'::regnamespace GROUP BY t.typname
UNION ALL
SELECT 'sequence ' || c.relname || ' ' || format_type(s.seqtypid, NULL) || ' owned by '
       || coalesce((SELECT o.relname || '.' || a.attname FROM pg_depend d
            JOIN pg_class o ON o.oid = d.refobjid
            JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
           WHERE d.objid = c.oid AND d.deptype IN ('a', 'i')), 'nobody'), NULL, NULL
  FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
 WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'other ' || relkind::text || ' ' || relname, NULL, NULL FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('r', 'p', 'i', 'I', 'S', 't', 'c')
UNION ALL
SELECT 'unlogged ' || relname, NULL, NULL FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relpersistence <> 'p'
UNION ALL
SELECT 'function ' || p.oid::regprocedure, NULL, NULL FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'trigger ' || tgname, NULL, NULL FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'schema ' || nspname, NULL, NULL FROM pg_namespace
 WHERE nspname !~ '^pg_' AND nspname NOT IN ('public', 'information_schema', 'anchore_admin')
"""

COLUMNS = """
SELECT relname, attname FROM pg_class c LEFT JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped
 WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
 ORDER BY relname::text COLLATE "C", attname::text COLLATE "C"
"""


# ---- schemas --------------------------------------------------------------------------------------

def build_statements(catalog):
    yield from (f"CREATE TYPE {identifier(name)} AS ENUM ({', '.join(map(literal, labels))});"
                for name, labels in catalog["enums"].items())
    yield from (f"CREATE SEQUENCE {identifier(name)} AS {what['type']};"
                for name, what in catalog["sequences"].items())
    for table, what in catalog["tables"].items():
        columns = ", ".join(f"{identifier(c)} {kind}" for c, kind in what["columns"].items())
        yield f"CREATE TABLE {identifier(table)} ({columns});"
    for name, what in catalog["sequences"].items():
        if what.get("owned_by"):
            table, column = what["owned_by"].split(".", 1)
            yield f"ALTER SEQUENCE {identifier(name)} OWNED BY {identifier(table)}.{identifier(column)};"
    for foreign in (False, True):
        for table, what in catalog["tables"].items():
            for name, definition in what["constraints"].items():
                if definition.startswith("FOREIGN KEY") == foreign:
                    yield f"ALTER TABLE {identifier(table)} ADD CONSTRAINT {identifier(name)} {definition};"
    for table, what in catalog["tables"].items():
        for name, definition in what["indexes"].items():
            unique, definition = ("UNIQUE ", definition[7:]) if definition.startswith("UNIQUE ") else ("", definition)
            yield f"CREATE {unique}INDEX {identifier(name)} ON {identifier(table)} USING {definition};"


def build(db, catalog, row=True):
    """Makes a catalog's schema in an empty database, with the engine's version row."""
    statements = list(build_statements(catalog))
    if row:
        statements.append(
            "INSERT INTO anchore (service_version, db_version, created_at, last_updated, record_state_key) "
            f"VALUES ({literal(catalog['release'])}, {literal(catalog['db_version'])}, "
            "1500000000, 1500000000, 'active');")
    db.run("BEGIN;\n" + "\n".join(statements) + "\nCOMMIT;")


def expected_facts(catalog, names):
    """Facts as text, for comparing; with names, those of constraints and indexes are part of it."""
    for name, labels in catalog["enums"].items():
        yield f"enum {name}: {', '.join(labels)}"
    for name, what in catalog["sequences"].items():
        yield f"sequence {name} {what['type']} owned by {what.get('owned_by') or 'nobody'}"
    for table, what in catalog["tables"].items():
        for column, kind in what["columns"].items():
            yield f"column {table}.{column} {kind}"
        for part, kind in (("constraints", "constraint"), ("indexes", "index")):
            for name, definition in what[part].items():
                yield f"{kind} {table}: {definition}" + (f" [{name}]" if names else "")


def facts(db, names=False, allow_tables=()):
    return collections.Counter(fact + (f" [{name}]" if names and name else "")
                               for fact, table, name in db.rows(FACTS) if table is None or table not in allow_tables)


def catalog_differences(db, catalog, names=False, allow_tables=()):
    want = collections.Counter(expected_facts(catalog, names))
    return differences(want, facts(db, names, allow_tables), "schema")


def differences(want, have, what):
    """Two multisets of text or tuples, as lines to print."""
    return ([f"{what}: missing: {item}" for item in sorted((want - have).elements(), key=str)] +
            [f"{what}: extra: {item}" for item in sorted((have - want).elements(), key=str)])


# ---- rows -----------------------------------------------------------------------------------------

def columns_of(db):
    """{table: [column, ...]}, both in byte order."""
    found = {}
    for table, column in db.rows(COLUMNS):
        found.setdefault(table, []).extend([column] if column is not None else [])
    return found


def rows_of(db):
    """{table: [{column: value}, ...]}"""
    return {table: [dict(zip(names, row)) for row in
                    db.rows(f"SELECT {', '.join(map(identifier, names))} FROM ONLY {identifier(table)}")]
            for table, names in columns_of(db).items()}


def sequences_of(db):
    """{sequence: the value that it gives next}"""
    names = [row[0] for row in db.rows("SELECT relname FROM pg_class WHERE relkind = 'S' AND "
                                       "relnamespace = 'public'::regnamespace ORDER BY relname::text COLLATE \"C\"")]
    return {name: db.value(f"SELECT last_value + CASE WHEN is_called THEN 1 ELSE 0 END FROM {identifier(name)}")
            for name in names}


def read_csv(path):
    """[{column: value}], NULL as None."""
    with open(path, encoding="utf-8", newline="") as file:
        return [{c: None if v == "\\N" else v for c, v in row.items()} for row in csv.DictReader(file)]


def read_times(path):
    times = collections.defaultdict(set)
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                table, _, columns = line.partition(":")
                times[table.strip()] |= {c.strip() for c in columns.split(",")}
    return times


def without_run(value):
    """A value of a column that holds times of the run. Times before 2026 came with the rows."""
    if value is None or BEFORE_2026.fullmatch(value):
        return value
    if re.fullmatch(r"\d{9,10}", value) and int(value) < SECONDS_2026:
        return value
    return "of the run"


def countable(rows, times=(), without=()):
    """Rows as a multiset of ((column, value), ...)."""
    return collections.Counter(
        tuple((c, without_run(v) if c in times else v) for c, v in sorted(row.items()) if c not in without)
        for row in rows)


def read_departures(edge=None):
    """{(table, column or None): how} of one edge, of the lines EDGE TABLE[.COLUMN] HOW: REASON."""
    found = {}
    with open(os.path.join(HERE, "departures"), encoding="utf-8") as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            where, subject, how = line.split(":", 1)[0].split()
            if how not in ("differs", "gone", "more", "fewer") or not line.split(":", 1)[1].strip():
                raise ValueError(f"departures: {line.strip()}")
            table, _, column = subject.partition(".")
            if where == edge:
                found[table, column or None] = how
    return found


def row_differences(db, folder, alternative=None, departures=None):
    """What the tables hold against the files of a folder; departures as read_departures has them."""
    departures = departures or {}
    times = read_times(os.path.join(folder, "..", "times.txt"))
    have = rows_of(db)
    lines = []
    for table in sorted({*have, *(name[:-4] for name in os.listdir(folder) if not name.startswith("_"))}):
        path, other = (os.path.join(where, table + ".csv") if where else "" for where in (folder, alternative))
        want = read_csv(path) if os.path.exists(path) else []
        if table not in have:
            if want and departures.get((table, None)) != "gone":
                lines.append(f"{table}: the table is missing, it has {len(want)} rows")
            continue
        without = {column for (where, column), how in departures.items() if where == table and column}
        if table == "anchore":
            without |= times[table]  # of the making of the database, there and here
        lines += table_differences(
            table, countable(have[table], times[table], without), countable(want, times[table], without),
            countable(read_csv(other), times[table], without) if os.path.exists(other) else None,
            departures.get((table, None)))
    want = {row["sequence"]: row["next"] for row in read_csv(os.path.join(folder, "_sequences.csv"))}
    return lines + differences(collections.Counter(want.items()), collections.Counter(sequences_of(db).items()),
                               "sequence")


def table_differences(table, have, want, other, departure):
    if other is not None:
        # Of the rows that are not as wanted, each may be as in the other; as many rows as one of them has.
        if have.total() in (want.total(), other.total()):
            explained = (have - want) & other
            replaced = want - have - other
            have, want = have - explained, want - replaced
    lines = differences(want, have, table)
    if departure == "differs":
        return []
    if departure in ("more", "fewer"):
        return [line for line in lines if line.startswith(f"{table}: {'missing' if departure == 'more' else 'extra'}")]
    return lines


def digest(db):
    """Lines to compare two states of a database by."""
    lines = []
    for table, names in columns_of(db).items():
        count, md5 = db.rows(
            "SELECT count(*), coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE \"C\")), '') "
            f"FROM (SELECT {', '.join(map(identifier, names))} FROM ONLY {identifier(table)}) t")[0]
        lines.append(f"{table} {count} {md5}")
    return lines + [f"sequence {name} {value}" for name, value in sequences_of(db).items()]


# ---- the program ----------------------------------------------------------------------------------

def catalog_named(name, shape="fresh"):
    if shape == "upgraded":
        return shapes.upgraded(name)
    if shape == "0.2.2":
        return shapes.upgraded(name, shapes.release_0_2_2())
    return shapes.fresh(name) if name in shapes.VERSIONS else shapes.load(name)


def command_build(db, args):
    catalog = catalog_named(args.catalog, args.shape)
    build(db, shapes.with_old_names(catalog) if args.old_names else catalog, not args.no_row)
    return []


def command_catalog(db, args):
    return catalog_differences(db, catalog_named(args.catalog), args.names, args.allow_table)


def command_rows(db, args):
    return row_differences(db, args.folder, args.alternative, read_departures(args.departures))


def command_digest(db, _):
    print("\n".join(digest(db)))
    return []


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run in (("build", command_build), ("catalog", command_catalog),
                      ("rows", command_rows), ("digest", command_digest)):
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        command.add_argument("database")
        if name in ("build", "catalog"):
            command.add_argument("catalog")
        if name == "build":
            command.add_argument("--shape", choices=("fresh", "upgraded", "0.2.2"), default="fresh")
            command.add_argument("--old-names", action="store_true")
            command.add_argument("--no-row", action="store_true")
        if name == "catalog":
            command.add_argument("--names", action="store_true")
            command.add_argument("--allow-table", action="append", default=[])
        if name == "rows":
            command.add_argument("folder")
            command.add_argument("--or", dest="alternative")
            command.add_argument("--departures")
    args = parser.parse_args()
    try:
        with Connection(args.database) as db:
            lines = args.run(db, args)
    except (DatabaseError, OSError, ValueError) as error:
        print(f"oracle: {str(error).strip()}", file=sys.stderr)
        return 2
    print("".join(line + "\n" for line in lines), end="")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
