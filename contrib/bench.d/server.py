"""The private PostgreSQL that contrib/bench measures on, and what its processes cost."""
import contextlib
import os
import shutil
import signal
import tempfile
import time

from common import Failure, find_server_programs, run, timed

TICK = os.sysconf("SC_CLK_TCK")


def process(pid):
    """A process's name as it calls itself, its parent and its CPU seconds: its own and those of children that ended."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        words = file.read().rpartition(")")[2].split()
    with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
        title = file.read()
    return title, int(words[1]), sum(int(word) for word in words[11:15]) / TICK


class Server:
    """A private PostgreSQL: socket only, everybody trusted, roles postgres and engine."""

    def __init__(self, folder, settings):
        self.folder = folder
        # Of a setting that is named twice the last counts.
        chosen = dict(setting.split("=", 1) for setting in ["shared_buffers=256MB", *settings])
        self.settings_told = [f"{name}={value}" for name, value in chosen.items()]
        self.settings = ["listen_addresses=", f"unix_socket_directories={folder}", *self.settings_told]
        self.programs = find_server_programs()
        self.data = os.path.join(folder, "data")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "ANCHORE_ADMIN_"))}
        self.env.update(PGHOST=folder, PGUSER="postgres", LC_ALL="C.UTF-8", TZ="UTC")
        self.pid = None
        self.permanent = set()

    def program(self, name):
        """From the server's own folder where it is there: pg_dump has to be as new as the server."""
        own = os.path.join(self.programs, name)
        return own if os.access(own, os.X_OK) else name

    def as_owner(self, argv):
        if os.getuid() == 0:
            argv = ["runuser", "-u", "postgres", "--", "env", "-C", "/", *argv]
        return run(argv, 120, env=self.env)

    def start(self):
        os.chmod(self.folder, 0o755)
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self.as_owner([self.program("initdb"), "-D", self.data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8",
                       "--no-sync", "--auth=trust"])
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="utf-8") as file:
            for name, value in (setting.split("=", 1) for setting in self.settings):
                file.write(f"{name} = '{value}'\n")
        self.as_owner([self.program("pg_ctl"), "-D", self.data, "-l", os.path.join(self.folder, "log"), "-w", "start"])
        self.sql("postgres", "CREATE ROLE engine LOGIN CREATEDB")
        with open(os.path.join(self.data, "postmaster.pid"), encoding="utf-8") as file:
            self.pid = int(file.readline())
        self.permanent = self.remaining()

    def stop(self):
        if os.path.exists(os.path.join(self.data, "postmaster.pid")):
            with contextlib.suppress(Failure):
                self.as_owner([self.program("pg_ctl"), "-D", self.data, "-m", "immediate", "-w", "stop"])

    def psql(self, database, *arguments, user="postgres", settings=""):
        return run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, *arguments],
                   env={**self.env, "PGUSER": user, "PGOPTIONS": settings}).strip()

    def sql(self, database, *statements):
        return self.psql(database, *(word for statement in statements for word in ("-c", statement)))

    def major(self):
        return int(self.sql("postgres", "SHOW server_version_num")) // 10000

    def create(self, name, template="template0"):
        """A new database of role engine. What the copying leaves to be written is written before this returns, so
        that nobody's time has it in."""
        how = " STRATEGY FILE_COPY" if self.major() >= 15 and template != "template0" else ""
        self.sql("postgres", f"CREATE DATABASE {name} OWNER engine TEMPLATE {template} ENCODING 'UTF8'{how}",
                 "CHECKPOINT")

    def drop(self, name):
        self.sql("postgres", f"DROP DATABASE IF EXISTS {name}")

    def size(self, name):
        return int(self.sql("postgres", f"SELECT pg_database_size('{name}')"))

    def dump(self, name):
        """Seconds that pg_dump takes for a database."""
        target = os.path.join(self.folder, "dump")
        if os.path.exists(target):
            shutil.rmtree(target)
        took = timed([self.program("pg_dump"), "-Fd", "-j2", "-Z1", "-f", target, "-d", name], env=self.env)
        shutil.rmtree(target)
        return took

    # ---- what it costs ----

    def children(self):
        """The server's processes but the first: their names and CPU seconds."""
        found = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                with contextlib.suppress(OSError, IndexError):
                    title, parent, seconds = process(entry)
                    if parent == self.pid:
                        found[int(entry)] = (title, seconds)
        return found

    def remaining(self):
        """The processes that always are: those which two looks find, once the session above has ended."""
        seen = None
        for _ in range(100):
            found = self.children()
            if set(found) == seen and not any("[local]" in title for title, _ in found.values()):
                return seen
            seen = set(found)
            time.sleep(0.1)
        raise Failure("the server's processes come and go though nobody uses it")

    def sessions(self):
        """How many processes there are besides those that always are. Autovacuum, if it is on, works when it likes."""
        return sum(1 for pid, (title, _) in self.children().items()
                   if pid not in self.permanent and "autovacuum" not in title)

    def cpu(self):
        """CPU seconds of all its processes since it was started. Sessions count in full once they have ended, which
        is waited for: they end a moment after their client did."""
        limit = time.monotonic() + 60
        while self.sessions():
            if time.monotonic() > limit:
                raise Failure("a session of the server did not end within 60 s of its client")
            time.sleep(0.005)
        return process(self.pid)[2] + sum(seconds for _, seconds in self.children().values())

    def settle(self):
        """Nobody is to pay for what the one before left behind: pages are written and the server is at rest."""
        self.sql("postgres", "CHECKPOINT")
        os.sync()
        limit = time.monotonic() + 300
        seen = self.cpu()
        while True:
            time.sleep(0.2)
            now = self.cpu()
            if now - seen < 0.02:
                return
            if time.monotonic() > limit:
                raise Failure("the server did not come to rest within 300 s of a checkpoint")
            seen = now


@contextlib.contextmanager
def private_server(settings):
    folder = tempfile.mkdtemp(prefix="aa-bench.")
    server = Server(folder, settings)
    try:
        server.start()
        yield server
    finally:
        # An impatient second Ctrl-C would leave a server that nobody stops.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
