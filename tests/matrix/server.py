"""A private PostgreSQL server of a chosen version: socket only, in a temporary folder, owned by postgres when root
runs the tests, and careless about the disk, for nobody needs it after the test.

Version 15 is Debian's. The others are what contrib/install-servers fetched into $ANCHORE_ADMIN_SERVERS or
build-check/servers."""
import glob
import os
import pwd
import shutil
import subprocess
import tempfile

TOP = os.environ.get("SRCDIR") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{folder}'
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
checkpoint_timeout = 1h
autovacuum = off
shared_buffers = 64MB
max_connections = 40
log_min_messages = fatal
"""


class Missing(Exception):
    """There is no such server on this machine."""


def program_folders(major):
    """Folders that may hold the server's programs, the likeliest first."""
    cache = os.environ.get("ANCHORE_ADMIN_SERVERS") or os.path.join(TOP, "build-check", "servers")
    yield f"/usr/lib/postgresql/{major}/bin"
    yield os.path.join(cache, major, "bin")


def client_major():
    """The version of pg_dump that the tool finds."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/pg_dump"), key=lambda path: int(path.split("/")[4]))
    return int(found[-1].split("/")[4]) if found else 0


class Server:
    """with Server("15") as server: server.folder is the folder of its socket."""

    def __init__(self, major):
        self.major = major
        self.programs = next((f for f in program_folders(major) if os.access(f + "/initdb", os.X_OK)), None)
        if self.programs is None:
            raise Missing(f"no PostgreSQL {major} is installed; type `contrib/install-servers`")
        self.folder = tempfile.mkdtemp(prefix=f"aa-matrix-{major}.", dir="/tmp")
        os.chmod(self.folder, 0o755)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
            self.programs = self.within_reach(self.programs)

    def within_reach(self, programs):
        """The programs where postgres may read them: a copy, if a folder above them is closed to others."""
        if self.command("test", "-x", programs + "/postgres", check=False).returncode == 0:
            return programs
        copy = os.path.join(self.folder, "server")
        shutil.copytree(os.path.dirname(programs), copy, symlinks=True)
        return os.path.join(copy, "bin")

    def command(self, *words, check=True):
        """Runs a program as the one who may run the server."""
        if os.geteuid() == 0:
            words = ["runuser", "-u", "postgres", "--", *words]
        done = subprocess.run(["timeout", "60", *words], cwd="/", capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
        return done

    def __enter__(self):
        data = self.folder + "/data"
        try:
            self.command(self.programs + "/initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8",
                         "--no-sync", "--auth=trust")
            with open(data + "/postgresql.conf", "a", encoding="utf-8") as file:
                file.write(SETTINGS.format(folder=self.folder))
            # Not through a pipe: the server keeps the one it is given open.
            self.control("start")
        except BaseException:
            self.__exit__()
            raise
        return self

    def control(self, verb, *options):
        words = [self.programs + "/pg_ctl", "-D", self.folder + "/data", "-l", self.folder + "/log", "-w", *options, verb]
        if os.geteuid() == 0:
            words = ["runuser", "-u", "postgres", "--", *words]
        return subprocess.run(["timeout", "60", *words], cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=verb == "start")

    def __exit__(self, *_):
        if os.path.exists(self.folder + "/data/postmaster.pid"):
            self.control("stop", "-m", "immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def processor_seconds(self):
        """What the server and those of its sessions that are over have used."""
        with open(self.folder + "/data/postmaster.pid", encoding="utf-8") as file:
            pid = file.readline().strip()
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            times = file.read().rsplit(")", 1)[1].split()[11:15]
        return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")

    def conninfo(self, database, user="engine"):
        return f"host={self.folder} dbname={database} user={user}"


def users_exist():
    try:
        return os.geteuid() != 0 or bool(pwd.getpwnam("postgres"))
    except KeyError:
        return False
