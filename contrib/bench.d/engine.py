"""The engine's database that snapshots are measured on: making it, and telling whether two are equal."""
import os

from common import ROWS, say

# What the figures are about is the same for everybody who takes part: a worker of autovacuum in one's time is not.
QUIET = ["autovacuum=off"]
FILLING = "-c client_min_messages=warning -c synchronous_commit=off"
# Bytes of disk: one database (tables, indexes) at scale 1, and at every scale the server with its log.
DATABASE, ALONE = 5e9, 1.5e9


def fill(server, name, scale):
    say(f"making the rows of scale {scale:g} in database {name}")
    server.create(name)
    server.psql(name, "-v", f"f={scale}", "-o", "/dev/null", "-f", os.path.join(ROWS, "engine.sql"), user="engine",
                settings=FILLING)
    server.sql(name, "VACUUM ANALYZE")


def add_images(server, name):
    server.psql(name, "-1", "-f", os.path.join(ROWS, "engine-more.sql"), user="engine", settings=FILLING)


def tables(server, name):
    """The engine's tables with their columns. The journal that the tool keeps in the database is not the engine's."""
    rows = server.sql(name, "SELECT format('%I.%I', nspname, relname), string_agg(quote_ident(attname), ' ') "
                      "FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace JOIN pg_attribute a ON attrelid = "
                      "c.oid WHERE relkind = 'r' AND nspname = 'public' AND attnum > 0 AND NOT attisdropped "
                      "GROUP BY 1 ORDER BY 1")
    return [row.split("|") for row in rows.splitlines()]


def contents(server, name):
    """Of each table the number of rows and a sum over their MD5, which no order of the rows changes. Has nothing to
    do with the digests that the tool makes: it is the judge of them."""
    digest = "sum(('x' || left(md5(t::text), 16))::bit(64)::bigint::numeric)"
    found = server.psql(name, *(word for table, _ in tables(server, name) for word in (
        "-c", f"SELECT '{table}', count(*) || ' rows, digest ' || coalesce({digest}, 0) FROM {table} t")),
                        settings="-c extra_float_digits=3")
    return dict(row.split("|") for row in found.splitlines())


def largest_row(server, name):
    """Bytes of the largest row of all tables: the sum of its fields as text, as COPY has it but without escapes."""
    statements = []
    for table, columns in tables(server, name):
        fields = " + ".join(f"coalesce(octet_length({column}::text), 0)" for column in columns.split(" "))
        statements.append(f"SELECT coalesce(max({fields}), 0) FROM {table}")
    return max(int(row) for row in server.sql(name, *statements).splitlines())
