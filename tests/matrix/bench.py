"""The tool on a server of one version: a database per case, the graph beside it."""
import itertools
import os
import re
import shutil
import subprocess
import sys
import threading

TOP = os.environ.get("SRCDIR") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(TOP, "tests", "oracle"))

# pylint: disable=wrong-import-position
import shapes  # noqa: E402
from edges import Edges  # noqa: E402
from libpq import Connection  # noqa: E402

TOOL = os.environ.get("ANCHORE_ADMIN")
MIGRATIONS = os.environ.get("MIGRATIONS") or os.path.join(TOP, "sql")
VERSIONS = shapes.VERSIONS
NEWEST, RELEASE = VERSIONS[-1], "1.1.0"


class Failed(Exception):
    """The tool did not do what it should; the words say what it said."""


class Bench:
    """A server with the graph beside it, and a database per case."""

    def __init__(self, server):
        self.server = server
        self.migrations = server.folder + "/sql"
        self.planted = server.folder + "/planted"
        for folder in (self.migrations, self.planted):
            shutil.copytree(MIGRATIONS, folder)
        with open(f"{self.planted}/{VERSIONS[-2]}--{NEWEST}.sql", "a", encoding="utf-8") as file:
            file.write("\nSELECT 1 / (count(*) - count(*)) FROM anchore;\n")
        self.edges = Edges(self.migrations)
        self.numbers = itertools.count(1)
        self.admin = Connection(server.conninfo("postgres", "postgres"))
        self.one_at_a_time = threading.Lock()
        self.ask("CREATE ROLE engine LOGIN CREATEDB")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "ANCHORE_ADMIN"))}
        self.environment.update(LC_ALL="C.UTF-8", TZ="UTC")

    def ask(self, sql):
        with self.one_at_a_time:
            self.admin.run(sql)

    def connect(self, name):
        return Connection(self.server.conninfo(name))

    def database(self):
        name = f"case{next(self.numbers)}"
        self.ask(f"CREATE DATABASE {name} OWNER engine TEMPLATE template0")
        return name

    def drop(self, name):
        self.ask(f"DROP DATABASE {name}")

    def store(self, name):
        return f"{self.server.folder}/store-{name}"

    def tool(self, name, *words, status=0, migrations=None, store=None):
        """Runs the tool on a database and returns what it said; Failed if it exits otherwise."""
        done = subprocess.run(
            ["timeout", "120", TOOL, *words, "--database", self.server.conninfo(name),
             "--store", store or self.store(name), "--migrations", migrations or self.migrations],
            env=self.environment, cwd=self.server.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            encoding="utf-8", check=False)
        if done.returncode != status:
            talk = re.sub(r"(?m)^.*, statement \d+ of \d+: .*\n(?=.*, statement \d+ of)", "", done.stderr)
            raise Failed(f"anchore-admin {' '.join(words)}: exit status {done.returncode}, not {status}\n"
                         f"{done.stdout[-1500:]}{talk[-3000:]}")
        return done.stdout + done.stderr

    def upgrade(self, name, target, **how):
        return self.tool(name, "upgrade", "--to", target, "--yes", "--no-snapshot=matrix", **how)

    def downgrade(self, name, target):
        return self.tool(name, "downgrade", "--to", target, "--yes", "--no-snapshot=matrix")
