"""PostgreSQL for the tests: libpq by ctypes, for Python has no client of its own and a psql per question is slow.

    with Connection("host=/tmp dbname=x") as db:
        db.run("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
        db.rows("SELECT a FROM t")        # [("1",)]: values as text, NULL as None

Every session reads and writes the same text whatever the server's settings are. A call to the server lets other
threads run; a connection is for one thread at a time. Errors are DatabaseError, with the server's own words."""
import ctypes
import ctypes.util

COMMAND_OK, TUPLES_OK, EMPTY_QUERY = 1, 2, 0
TEXT_FORM = ("SET search_path TO public; SET client_min_messages TO error; SET DateStyle TO ISO; SET TimeZone TO 'UTC'; "
             "SET bytea_output TO hex; SET extra_float_digits TO 0; SET standard_conforming_strings TO on")


class DatabaseError(Exception):
    pass


def _library():
    lib = ctypes.CDLL(ctypes.util.find_library("pq") or "libpq.so.5")
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for name, result, *arguments in (
            ("PQconnectdbParams", pointer, ctypes.POINTER(text), ctypes.POINTER(text), number),
            ("PQstatus", number, pointer), ("PQerrorMessage", text, pointer), ("PQfinish", None, pointer),
            ("PQexec", pointer, pointer, text), ("PQresultStatus", number, pointer), ("PQclear", None, pointer),
            ("PQresultErrorMessage", text, pointer), ("PQntuples", number, pointer), ("PQnfields", number, pointer),
            ("PQgetisnull", number, pointer, number, number), ("PQgetvalue", pointer, pointer, number, number),
            ("PQgetlength", number, pointer, number, number)):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


PQ = _library()


class Connection:
    """A session. Its application_name begins with psql, so that nobody takes it for a service of the engine."""

    def __init__(self, conninfo):
        settings = {"dbname": conninfo, "fallback_application_name": "psql oracle", "client_encoding": "UTF8",
                    "connect_timeout": "30"}
        strings = ctypes.c_char_p * (len(settings) + 1)
        self.handle = PQ.PQconnectdbParams(strings(*(k.encode() for k in settings), None),
                                           strings(*(v.encode() for v in settings.values()), None), 1)
        if PQ.PQstatus(self.handle) != 0:
            message = PQ.PQerrorMessage(self.handle).decode()
            self.close()
            raise DatabaseError(message)
        self.run(TEXT_FORM)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.handle:
            PQ.PQfinish(self.handle)
            self.handle = None

    def run(self, sql):
        """One or several statements, one transaction unless they say otherwise. The last result is forgotten."""
        self._ask(sql, lambda result: None)

    def rows(self, sql):
        """The rows of the last statement, as tuples."""
        return self._ask(sql, _tuples)

    def value(self, sql):
        return self.rows(sql)[0][0]

    def _ask(self, sql, take):
        result = PQ.PQexec(self.handle, sql.encode())
        try:
            if PQ.PQresultStatus(result) not in (EMPTY_QUERY, COMMAND_OK, TUPLES_OK):
                raise DatabaseError((PQ.PQresultErrorMessage(result) or PQ.PQerrorMessage(self.handle)).decode())
            return take(result)
        finally:
            PQ.PQclear(result)


def _tuples(result):
    fields = range(PQ.PQnfields(result))
    return [tuple(None if PQ.PQgetisnull(result, n, f) else
                  ctypes.string_at(PQ.PQgetvalue(result, n, f), PQ.PQgetlength(result, n, f)).decode()
                  for f in fields)
            for n in range(PQ.PQntuples(result))]


def identifier(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "NULL" if text is None else "'" + text.replace("'", "''") + "'"
