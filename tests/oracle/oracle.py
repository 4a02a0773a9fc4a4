#!/usr/bin/python3
"""What a real engine database looks like, for the tests.

  oracle.py build DB CATALOG [--old-names] [--no-row]
      makes CATALOG's schema in an empty database, with the engine's version row. --old-names: foreign
      keys of several columns are named as PostgreSQL 11 and earlier did.
  oracle.py catalog DB CATALOG [--allow-table NAME]
      compares the schema; names of constraints and indexes and the order of columns do not matter.
  oracle.py rows DB DIR
      compares every table with DIR/TABLE.csv, as a multiset of rows; a table without a file is empty.
      Columns in DIR/../times.txt hold times of the run: there only NULL is compared.
  oracle.py digest DB
      prints one line per table (rows, MD5 of its sorted rows) and sequence: for `diff`.

DB is a libpq connection string, for psql. Exit status: 0 same or done, 1 different, 2 error."""
import argparse
import collections
import csv
import io
import json
import os
import subprocess
import sys

NAME_BYTES = 63

FACTS = r"""
SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
       || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
   AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint ' || c.relname || ': ' || pg_get_constraintdef(k.oid)
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
 WHERE c.relnamespace = 'public'::regnamespace AND k.contype <> 'n'
UNION ALL
SELECT 'index ' || c.relname || ': ' || regexp_replace(pg_get_indexdef(x.indexrelid), '^.* USING ', '')
       || CASE WHEN x.indisvalid THEN '' ELSE ' INVALID' END
  FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid
 WHERE c.relnamespace = 'public'::regnamespace
   AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid)
UNION ALL
SELECT 'enum ' || t.typname || ': ' || string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder)
  FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
 WHERE t.typnamespace = 'public'::regnamespace GROUP BY t.typname
UNION ALL
SELECT 'sequence ' || c.relname || ' ' || format_type(s.seqtypid, NULL) || ' owned by '
       || coalesce((SELECT o.relname || '.' || a.attname FROM pg_depend d
            JOIN pg_class o ON o.oid = d.refobjid
            JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
           WHERE d.objid = c.oid AND d.deptype IN ('a', 'i')), 'nobody')
  FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
 WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'other ' || relkind::text || ' ' || relname FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind NOT IN ('r', 'p', 'i', 'I', 'S', 't', 'c')
UNION ALL
SELECT 'function ' || p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'schema ' || nspname FROM pg_namespace
 WHERE nspname !~ '^pg_' AND nspname NOT IN ('public', 'information_schema', 'anchore_admin')
"""


def psql(conninfo, sql):
    """Runs SQL and returns what it prints, rows as CSV."""
    done = subprocess.run(
        ["timeout", "120", "psql", "-XqAt", "--csv", "-v", "ON_ERROR_STOP=1", "-P", "null=\\N",
         "-d", conninfo, "-f", "-"],
        input="SET client_encoding TO 'UTF8'; SET search_path TO public; SET client_min_messages TO error;"
              "SET DateStyle TO ISO; SET TimeZone TO 'UTC'; SET bytea_output TO hex;\n" + sql,
        capture_output=True, text=True, encoding="utf-8",
        env={**os.environ, "PGAPPNAME": "psql oracle"}, check=False)
    if done.returncode:
        fail(done.stderr)
    return list(csv.reader(io.StringIO(done.stdout)))


def fail(text):
    print(f"oracle: {text.strip()}", file=sys.stderr)
    sys.exit(2)


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def old_key_name(table, definition):
    """PostgreSQL 11 and earlier: table and first column only, the longer cut until both fit."""
    first = definition.split("(", 1)[1].split(",", 1)[0].strip().strip('"')
    room = NAME_BYTES - len("__fkey")
    a, b = table, first
    while len(a) + len(b) > room:
        if len(a) > len(b):
            a = a[:-1]
        else:
            b = b[:-1]
    return f"{a}_{b}_fkey"


def build_statements(catalog, old_names):
    yield from (f"CREATE TYPE {quote(name)} AS ENUM ({', '.join(map(literal, labels))});"
                for name, labels in catalog["enums"].items())
    yield from (f"CREATE SEQUENCE {quote(name)} AS {what['type']};"
                for name, what in catalog["sequences"].items())
    for table, what in catalog["tables"].items():
        columns = ", ".join(f"{quote(c)} {kind}" for c, kind in what["columns"].items())
        yield f"CREATE TABLE {quote(table)} ({columns});"
    for name, what in catalog["sequences"].items():
        if what.get("owned_by"):
            table, column = what["owned_by"].split(".", 1)
            yield f"ALTER SEQUENCE {quote(name)} OWNED BY {quote(table)}.{quote(column)};"
    for foreign in (False, True):
        for table, what in catalog["tables"].items():
            for name, definition in what["constraints"].items():
                if definition.startswith("FOREIGN KEY") != foreign:
                    continue
                columns = definition.split("(", 1)[1].split(")", 1)[0]
                if old_names and foreign and "," in columns:
                    name = old_key_name(table, definition)
                yield f"ALTER TABLE {quote(table)} ADD CONSTRAINT {quote(name)} {definition};"
    for table, what in catalog["tables"].items():
        for name, definition in what["indexes"].items():
            unique, definition = ("UNIQUE ", definition[7:]) if definition.startswith("UNIQUE ") else ("", definition)
            yield f"CREATE {unique}INDEX {quote(name)} ON {quote(table)} USING {definition};"


def command_build(args):
    catalog = load(args.catalog)
    statements = list(build_statements(catalog, args.old_names))
    if not args.no_row:
        statements.append(
            "INSERT INTO anchore (service_version, db_version, created_at, last_updated, record_state_key) "
            f"VALUES ({literal(catalog['release'])}, {literal(catalog['db_version'])}, "
            "1500000000, 1500000000, 'active');")
    psql(args.database, "BEGIN;\n" + "\n".join(statements) + "\nCOMMIT;")
    return 0


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def expected_facts(catalog):
    for name, labels in catalog["enums"].items():
        yield f"enum {name}: {', '.join(labels)}"
    for name, what in catalog["sequences"].items():
        yield f"sequence {name} {what['type']} owned by {what.get('owned_by') or 'nobody'}"
    for table, what in catalog["tables"].items():
        for column, kind in what["columns"].items():
            yield f"column {table}.{column} {kind}"
        for definition in what["constraints"].values():
            yield f"constraint {table}: {definition}"
        for definition in what["indexes"].values():
            yield f"index {table}: {definition}"


def command_catalog(args):
    want = collections.Counter(expected_facts(load(args.catalog)))
    have = collections.Counter(row[0] for row in psql(args.database, FACTS))
    for table in args.allow_table:
        have = collections.Counter({fact: n for fact, n in have.items()
                                    if not fact.split(" ", 1)[1].startswith((table + ".", table + ":"))})
    return differences(want, have, "schema")


def differences(want, have, what):
    for line in sorted((want - have).elements()):
        print(f"{what}: missing: {line}")
    for line in sorted((have - want).elements()):
        print(f"{what}: extra: {line}")
    return int(want != have)


def columns_of(database):
    """{table: [column, ...]}, both in byte order."""
    found = {}
    for table, column in psql(
            database, "SELECT relname, attname FROM pg_class c LEFT JOIN pg_attribute a ON attrelid = c.oid "
                      "AND attnum > 0 AND NOT attisdropped WHERE relkind = 'r' AND "
                      "relnamespace = 'public'::regnamespace "
                      "ORDER BY relname COLLATE \"C\", attname COLLATE \"C\""):
        names = found.setdefault(table, [])
        if column != "\\N":
            names.append(column)
    return found


def rows_of(database):
    """{table: [{column: value}, ...]}"""
    columns = columns_of(database)
    found = {table: [] for table in columns}
    statements = (f"SELECT {', '.join([literal(table), *map(quote, names)])} FROM ONLY {quote(table)};"
                  for table, names in columns.items())
    for table, *values in psql(database, "\n".join(statements)):
        found[table].append(dict(zip(columns[table], values)))
    return found


def sequences_of(database):
    names = [row[0] for row in psql(
        database, "SELECT relname FROM pg_class WHERE relkind = 'S' AND "
                  "relnamespace = 'public'::regnamespace ORDER BY relname COLLATE \"C\"")]
    statements = (f"SELECT {literal(name)}, last_value + CASE WHEN is_called THEN 1 ELSE 0 END FROM {quote(name)};"
                  for name in names)
    return dict(psql(database, "\n".join(statements))) if names else {}


def read_times(path):
    times = collections.defaultdict(set)
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                table, _, columns = line.partition(":")
                times[table.strip()] |= {c.strip() for c in columns.split(",")}
    return times


def countable(rows, times):
    """Rows as a multiset of (column, value); a time of the run counts only as NULL or not."""
    return collections.Counter(
        tuple(sorted((c, ("a time" if v != "\\N" else v) if c in times else v) for c, v in row.items()))
        for row in rows)


def command_rows(args):
    times = read_times(os.path.join(args.folder, "..", "times.txt"))
    different = 0
    for table, have in rows_of(args.database).items():
        path = os.path.join(args.folder, table + ".csv")
        want = []
        if os.path.exists(path):
            with open(path, encoding="utf-8", newline="") as file:
                want = list(csv.DictReader(file))
        different |= differences(countable(want, times[table]), countable(have, times[table]), table)
    with open(os.path.join(args.folder, "_sequences.csv"), encoding="utf-8", newline="") as file:
        want = {row["sequence"]: row["next"] for row in csv.DictReader(file)}
    have = sequences_of(args.database)
    return different | differences(collections.Counter(want.items()), collections.Counter(have.items()), "sequence")


def command_digest(args):
    statements = (
        f"SELECT {literal(table)}, count(*), "
        f"coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text COLLATE \"C\")), '') "
        f"FROM (SELECT {', '.join(map(quote, names))} FROM ONLY {quote(table)}) t;"
        for table, names in columns_of(args.database).items())
    for row in psql(args.database, "\n".join(statements)):
        print(*row)
    for name, value in sequences_of(args.database).items():
        print("sequence", name, value)
    return 0


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
            command.add_argument("--old-names", action="store_true")
            command.add_argument("--no-row", action="store_true")
        if name == "catalog":
            command.add_argument("--allow-table", action="append", default=[])
        if name == "rows":
            command.add_argument("folder")
    args = parser.parse_args()
    return args.run(args)


if __name__ == "__main__":
    sys.exit(main())
