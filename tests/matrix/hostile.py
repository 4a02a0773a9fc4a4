"""Rows that nobody wants, for any catalog: one row per table and kind, each referring to the rows of its own kind.

  nulls     NULL wherever a column takes it
  quotes    quotes, backslashes, characters outside ASCII, and what SQL and JSON treat specially; a value of 1 MB
  json      JSON with an escaped NUL, a duplicate key, a nested list, where text goes
  broken    JSON that ends in the middle
  empty     empty strings, negative numbers, early times
  long      every text as long as its column takes it, the largest numbers, late times"""
import re

import shapes
from libpq import identifier, literal

KINDS = ("nulls", "quotes", "json", "broken", "empty", "long")
TEXTS = {
    "nulls": "none", "empty": "",
    "quotes": "it's \"q\" \\ \\' $$ $1 %s %% ü 漢 😀 \\u0000 {}[]; -- /*\n\t\x7f",
    "json": '{"a": "\\u0000", "a": [1, {"b": null}], "ü": "\\ud83d\\ude00"}',
    "broken": '[{"a": "1", "b": [1.5, "',
    "long": "é",
}
NUMBERS = {"nulls": 90000, "quotes": 90001, "json": 90002, "broken": 90003, "empty": -1, "long": None}
LARGEST = {"integer": 2**31 - 1, "bigint": 2**63 - 1, "double precision": 1.5e300}
TIMES = {"empty": "0001-01-01 00:00:00", "long": "9999-12-31 23:59:59.999999"}
LONG = 1100  # of a text without a limit: more than any limit of an earlier version
MEGABYTE = "repeat('0123456789abcdef', 65536)"


def references(definition):
    """Of a foreign key: its columns, the other table, the columns there."""
    table = re.search(r'REFERENCES "?([^"(]+)"?\(', definition).group(1)
    return shapes.columns_in(definition), table, shapes.columns_in(definition.split("REFERENCES", 1)[1])


def foreign_keys(what):
    return [references(d) for d in what["constraints"].values() if d.startswith("FOREIGN KEY")]


def in_order(catalog):
    """The tables, each after those that it refers to."""
    done = []

    def place(table):
        for _, other, _ in foreign_keys(catalog["tables"][table]):
            if other not in done and other != table:
                place(other)
        if table not in done:
            done.append(table)

    for table in catalog["tables"]:
        place(table)
    return done


def in_keys():
    """{(table, column)} that some version has in a constraint or an index: no place for a megabyte."""
    found = set()
    for version in shapes.VERSIONS:
        for table, what in shapes.fresh(version)["tables"].items():
            for definition in [*what["constraints"].values(), *what["indexes"].values()]:
                found |= {(table, column) for column in what["columns"]
                          if re.search(r'[("\s]' + re.escape(column) + r'[)",\s]', definition)}
    return found


def value(kind, of_type, catalog):
    """An SQL expression."""
    base = re.sub(r"\(.*", "", of_type)
    if base in catalog["enums"]:
        labels = catalog["enums"][base]
        return literal(labels[KINDS.index(kind) % len(labels)])
    if base in LARGEST:
        number = NUMBERS[kind]
        return str(LARGEST[base] if number is None else number)
    if base.startswith("timestamp"):
        return literal(TIMES.get(kind, "2019-02-03 04:05:06.000007"))
    if base == "boolean":
        return "TRUE" if KINDS.index(kind) % 2 else "FALSE"
    if base == "bytea":
        return r"'\x00ff27225c'"
    if base == "json":
        return literal(TEXTS["json"])
    if base == "jsonb":
        return literal('{"a": "it\'s \\\\ \\"q\\" ü", "b": [1.50, null]}')
    size = re.search(r"\((\d+)\)", of_type)
    text = TEXTS[kind] * (int(size.group(1)) if size else LONG) if kind == "long" else TEXTS[kind]
    return literal(text[:int(size.group(1))] if size else text)


def row(kind, table, catalog, made, big):
    """{column: expression} of one table."""
    what = catalog["tables"][table]
    values = {}
    for column, definition in what["columns"].items():
        of_type = re.sub(r" (NOT NULL|DEFAULT .*)", "", definition)
        if kind == "nulls" and "NOT NULL" not in definition:
            values[column] = "NULL"
        elif kind == "quotes" and (table, column) in big:
            values[column] = MEGABYTE
        else:
            values[column] = value(kind, of_type, catalog)
    for columns, other, there in foreign_keys(what):
        if kind != "nulls" or all("NOT NULL" in what["columns"][column] for column in columns):
            values.update(zip(columns, (made[kind, other][column] for column in there)))
    return values


def big_places(catalog):
    """One column a table, of those that take any length and are in no key."""
    keys = in_keys()
    found = set()
    for table, what in catalog["tables"].items():
        places = [c for c, kind in what["columns"].items() if kind in ("text", "character varying")
                  and (table, c) not in keys]
        found |= {(table, places[-1])} if places else set()
    return found


def statements(catalog):
    big = big_places(catalog)
    made = {}
    # The version row is there; and no engine that has accounts looks at users, which is empty then.
    unused = {"anchore", "users"} if "accounts" in catalog["tables"] else {"anchore"}
    for kind in KINDS:
        for table in in_order(catalog):
            if table in unused:
                continue
            made[kind, table] = values = row(kind, table, catalog, made, big)
            yield (f"INSERT INTO {identifier(table)} ({', '.join(map(identifier, values))}) "
                   f"VALUES ({', '.join(values.values())});")
