#!/usr/bin/python3
"""Damages the schema of a database at random, as operators and accidents do, for the tests of `db check`.

  damage.py DB SEED COUNT
      does COUNT damages, the same ones for the same SEED, and prints each. No row of a table that stays is
      lost, and no value that a row needs.

DB is a libpq connection string. Exit status: 0 done, 2 error."""
import random
import sys

from libpq import Connection, identifier

COLUMNS = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       coalesce(pg_get_expr(d.adbin, d.adrelid), ''),
       EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f')
               AND a.attnum = ANY (k.conkey)),
       EXISTS (SELECT FROM pg_constraint k WHERE k.confrelid = c.oid AND a.attnum = ANY (k.confkey)),
       (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I', c.relname), false, true, '')))[1]
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
   AND c.relname <> 'anchore'
 ORDER BY c.relname::text COLLATE "C", a.attname::text COLLATE "C"
"""
CONSTRAINTS = """
SELECT c.relname, k.conname, k.contype, pg_get_constraintdef(k.oid) FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid
 WHERE c.relnamespace = 'public'::regnamespace AND k.contype IN ('p', 'u', 'f') AND c.relname <> 'anchore'
 ORDER BY c.relname::text COLLATE "C", k.conname::text COLLATE "C"
"""
INDEXES = """
SELECT i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
   AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid) ORDER BY i.relname::text COLLATE "C"
"""


class NothingFits(Exception):
    pass


class Damage:
    """What may be damaged, looked up anew before each damage."""

    def __init__(self, db, dice):
        self.dice = dice
        self.columns = [(t, c, kind, null == "t", default, key == "t" or used == "t", int(rows))
                        for t, c, kind, null, default, key, used, rows in db.rows(COLUMNS)]
        self.keys = db.rows(CONSTRAINTS)
        self.indexes = [row[0] for row in db.rows(INDEXES)]

    def one(self, things):
        things = list(things)
        if not things:
            raise NothingFits
        return self.dice.choice(things)

    def column(self, fits):
        return self.one(column for column in self.columns if fits(*column))

    def drop_column(self):
        t, c, *_ = self.column(lambda t, c, kind, closed, default, key, rows: not rows or not (closed or key))
        return f"ALTER TABLE {identifier(t)} DROP COLUMN {identifier(c)} CASCADE"

    def add_column(self):
        t, *_ = self.column(lambda *_: True)
        kind = self.one(["text", "integer DEFAULT 7", "text NOT NULL DEFAULT 'a''b'"])
        return f"ALTER TABLE {identifier(t)} ADD COLUMN {identifier('Extra ' + str(self.dice.random()))} {kind}"

    def widen(self):
        wider = {"integer": "bigint", "bigint": "text", "boolean": "text", "text": "character varying",
                 "character varying": "text"}
        t, c, kind, *_ = self.column(lambda t, c, kind, closed, default, key, rows: not key and not default and (
            kind in wider or kind.startswith("character varying(")))
        return f"ALTER TABLE {identifier(t)} ALTER COLUMN {identifier(c)} TYPE {wider.get(kind, 'character varying(9999)')}"

    def narrow(self):
        narrower = {"bigint": "integer", "text": "character varying(5000)",
                    "character varying": "character varying(5000) COLLATE \"C\""}
        t, c, kind, *_ = self.column(lambda t, c, kind, closed, default, key, rows: not key and not default and
                                     kind in narrower)
        return f"ALTER TABLE {identifier(t)} ALTER COLUMN {identifier(c)} TYPE {narrower[kind]}"

    def open_column(self):
        t, c, *_ = self.column(lambda t, c, kind, closed, default, key, rows: closed and not key)
        return f"ALTER TABLE {identifier(t)} ALTER COLUMN {identifier(c)} DROP NOT NULL"

    def close_column(self):
        t, c, *_ = self.column(lambda t, c, kind, closed, default, key, rows: not closed and not rows)
        return f"ALTER TABLE {identifier(t)} ALTER COLUMN {identifier(c)} SET NOT NULL"

    def drop_default(self):
        t, c, *_ = self.column(lambda t, c, kind, closed, default, *_: default)
        return f"ALTER TABLE {identifier(t)} ALTER COLUMN {identifier(c)} DROP DEFAULT"

    def set_default(self):
        t, c, *_ = self.column(lambda t, c, kind, *_: kind.startswith("character varying"))
        return f"ALTER TABLE {identifier(t)} ALTER COLUMN {identifier(c)} SET DEFAULT E'it''s NOT NULL \\\\ DEFAULT'"

    def drop_index(self):
        name = self.one(self.indexes)
        return f"DROP INDEX {identifier(name)}"

    def add_unique_index(self):
        t, c, *_ = self.column(lambda t, c, kind, closed, default, key, rows: not rows and "json" not in kind)
        return f"CREATE UNIQUE INDEX ON {identifier(t)} ({identifier(c)})"

    def add_unique_key(self):
        t, c, *_ = self.column(lambda t, c, kind, closed, default, key, rows: not rows and "json" not in kind)
        return f"ALTER TABLE {identifier(t)} ADD UNIQUE ({identifier(c)})"

    def add_check(self):
        t, c, *_ = self.column(lambda *_: True)
        return f"ALTER TABLE {identifier(t)} ADD CHECK ({identifier(c)}::text <> E'no\\n\\\\way')"

    def drop_key(self):
        t, name, *_ = self.one(self.keys)
        return f"ALTER TABLE {identifier(t)} DROP CONSTRAINT {identifier(name)} CASCADE"

    def reorder_key(self):
        """And the foreign keys on it are made again, so that they stand on the new one."""
        t, name, _, definition = self.one(key for key in self.keys if key[2] == "p" and ", " in key[3])
        columns = definition[len("PRIMARY KEY ("):-1].split(", ")
        on_it = [k for k in self.keys if k[2] == "f" and f" REFERENCES {t}(" in k[3]]
        return "; ".join([f"ALTER TABLE {identifier(k[0])} DROP CONSTRAINT {identifier(k[1])}" for k in on_it] + [
            f"ALTER TABLE {identifier(t)} DROP CONSTRAINT {identifier(name)}, ADD PRIMARY KEY ({', '.join(columns[::-1])})"] + [
            f"ALTER TABLE {identifier(k[0])} ADD CONSTRAINT {identifier(k[1])} {k[3]}" for k in on_it])

    def drop_table(self):
        t, *_ = self.column(lambda t, c, kind, closed, default, key, rows: not rows)
        return f"DROP TABLE {identifier(t)} CASCADE"

    def drop_sequence(self):
        call = self.one(c[4] for c in self.columns if c[4].startswith("nextval("))
        return f"DROP SEQUENCE {call[len('nextval(') + 1:].split(chr(39))[0]} CASCADE"

    def change_sequence(self):
        call = self.one(c[4] for c in self.columns if c[4].startswith("nextval("))
        return f"ALTER SEQUENCE {call[len('nextval(') + 1:].split(chr(39))[0]} INCREMENT 5 CYCLE OWNED BY NONE"

    def add_trigger(self):
        t, *_ = self.column(lambda *_: True)
        return (f"CREATE TRIGGER \"Trigger {self.dice.random()}\" BEFORE UPDATE ON {identifier(t)} FOR EACH ROW "
                "EXECUTE PROCEDURE suppress_redundant_updates_trigger()")

    def add_rule(self):
        t, *_ = self.column(lambda *_: True)
        return f"CREATE RULE \"Rule {self.dice.random()}\" AS ON DELETE TO {identifier(t)} DO INSTEAD NOTHING"

    def hide_rows(self):
        t, *_ = self.column(lambda *_: True)
        return f"ALTER TABLE {identifier(t)} ENABLE ROW LEVEL SECURITY"

    def add_label(self):
        return f"ALTER TYPE vulnerability_severities ADD VALUE 'Level {self.dice.random()}' BEFORE 'High'"


def main():
    database, seed, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    kinds = sorted(name for name in vars(Damage) if not name.startswith("_") and name not in ("one", "column"))
    dice = random.Random(seed)
    with Connection(database) as db:
        while count:
            kind = dice.choice(kinds)
            try:
                sql = getattr(Damage(db, dice), kind)()
            except NothingFits:
                continue
            db.run(sql)
            print(f"{kind}: {sql}", flush=True)
            count -= 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
