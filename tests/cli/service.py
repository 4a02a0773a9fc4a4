#!/usr/bin/python3
"""A service that misbehaves in one way: service.py HOW [PORT] [FILE].

healthy  answers 200         sick    answers 200 while FILE is there, else 503
never    answers 503         mute    accepts connections and never answers
stubborn ignores SIGTERM     forks   starts a child that leaves its group and ignores SIGTERM; its id goes to FILE
talks    writes FILE bytes in lines, then stays
Whatever it is, it writes "ready NAME" first, NAME from the environment."""
import http.server
import os
import signal
import socket
import sys
import time


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        how = sys.argv[1]
        good = how == "healthy" or (how == "sick" and os.path.exists(sys.argv[3]))
        self.send_response(200 if good else 503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = True


def stray(path):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        with open(path + ".new", "w", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
        os.rename(path + ".new", path)
        while True:
            time.sleep(100)
    os.wait()


def main():
    how = sys.argv[1]
    print("ready", os.environ.get("NAME", "?"), flush=True)
    if how in ("healthy", "sick", "never"):
        Server(("127.0.0.1", int(sys.argv[2])), Answer).serve_forever()
    if how == "mute":
        listener = socket.create_server(("127.0.0.1", int(sys.argv[2])), backlog=128)
        kept = []
        while True:
            kept.append(listener.accept())
            kept = kept[-8:]
    if how == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("stubborn now", flush=True)
    if how == "forks":
        stray(sys.argv[3])
    if how == "talks":
        line = "x" * 999 + "\n"
        for _ in range(int(sys.argv[3]) // len(line)):
            sys.stdout.write(line)
        print("talked", flush=True)
    while True:
        time.sleep(100)


main()
