#!/usr/bin/python3
"""Who may include whom: the model decides, io touches the world, work joins them, command speaks."""
from csource import calls, includes, read, sources
from tap import report

MAY = {
    "base": {"base"},
    "model": {"base", "model"},
    "io": {"base", "io"},
    "work": {"base", "model", "io", "work"},
    "command": {"base", "model", "io", "work", "command"},
}
# Each outside library has one home.
HOME = {
    "libpq-fe.h": {"src/io/db_private.h"},
    "libpq/": {"src/io/db_private.h"},
    "git2": {"src/io/repo.c"},
    "archive.h": {"src/io/tarball.c"},
    "archive_entry.h": {"src/io/tarball.c"},
    "zstd": {"src/io/codec.c"},
    "openssl/": {"src/io/digest.c"},
    "xxhash.h": {"src/io/digest.c"},
    "libfyaml": {"src/io/yaml_private.h"},
    "pg_query": {"src/io/sqltext.c"},
    "curl/": {"src/io/http.c"},
    "jansson": {"src/io/json.h"},
    "microhttpd": {"src/io/httpd.c"},
}
# The headers through which several files of io share one of them.
PRIVATE = {"io/db_private.h": "src/io/db", "io/yaml_private.h": "src/io/yaml"}
# The model has no clock, no file, no socket, no output, no process.
IMPURE = {"fcntl.h", "unistd.h", "dirent.h", "poll.h", "pthread.h", "signal.h", "base/clock.h",
          "base/file.h", "base/log.h", "base/fault.h", "base/interrupt.h"}
IMPURE_CALLS = {"time", "clock", "clock_gettime", "gettimeofday", "getenv", "fopen", "open", "read",
                "write", "socket", "printf", "fprintf", "puts", "fputs", "putchar", "fork"}


def layer_of(path):
    parts = path.split("/")
    return parts[1] if len(parts) == 3 else None


def main():
    upward, fences, impure, own = [], [], [], []
    known = set(sources())
    for path in sources():
        text = read(path)
        layer = layer_of(path)
        found = includes(text)
        for line, kind, name in found:
            where = f"{path}:{line}"
            target = name.split("/")[0]
            if kind == '"' and "/" not in name and name != "config.h":
                upward.append(f'{where}: "{name}" does not name its layer')
            if kind == '"' and layer in MAY and target in MAY and target not in MAY[layer]:
                upward.append(f"{where}: {layer} includes {name}")
            for library, homes in HOME.items():
                if kind == "<" and name.startswith(library) and path not in homes:
                    fences.append(f"{where}: <{name}> belongs to {' '.join(sorted(homes))}")
            if name in PRIVATE and not path.startswith(PRIVATE[name]):
                fences.append(f"{where}: {name} is for {PRIVATE[name]}*.c")
            if layer == "model" and (name in IMPURE or name.startswith("sys/")):
                impure.append(f"{where}: the model includes {name}")
        if layer == "model":
            impure += [f"{path}:{line}: the model calls {name}()" for line, name in calls(text)
                       if name in IMPURE_CALLS]
        header = path[:-2] + ".h"
        if path.endswith(".c") and header in known:
            names = [name for _, kind, name in found if name != "config.h"]
            if not names or "src/" + names[0] != header:
                own.append(f"{path}: does not include its own header first")
    report([("no upward include", upward), ("each library has one home", fences),
            ("the model is pure", impure), ("a file includes its own header first", own)])


main()
