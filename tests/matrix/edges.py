"""What the edges say of themselves in their leading comments: which rows and values do not survive them."""
import re

import shapes

DECLARED = re.compile(r"^-- (destroys|loses): (column|rows|table) ([^\s:]+)(.*)$", re.M)


class Edges:
    def __init__(self, folder):
        self.folder = folder

    def declared(self, start, end):
        with open(f"{self.folder}/{start}--{end}.sql", encoding="utf-8") as file:
            return DECLARED.findall(file.read())

    def path(self, start, end):
        a, b = shapes.VERSIONS.index(start), shapes.VERSIONS.index(end)
        way = shapes.VERSIONS[a:b + 1] if a < b else shapes.VERSIONS[b:a + 1][::-1]
        return zip(way, way[1:])

    def destroyed(self, older, newer):
        """{(table, column or None for rows)} that the upgrade does not keep for the way back."""
        return {subject(kind, name) for step in self.path(older, newer)
                for verb, kind, name, _ in self.declared(*step) if verb == "destroys"}

    def lost(self, newer, older):
        """The same of what the downgrade cannot keep."""
        return {subject(kind, name) for step in self.path(newer, older)
                for verb, kind, name, _ in self.declared(*step) if verb == "loses" and kind != "table"}


def subject(kind, name):
    table, _, column = name.partition(".")
    return (table, column) if kind == "column" else (table, None)
