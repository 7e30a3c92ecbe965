"""Fixtures of the tests of the catalogue: databases with the tables of catalogue.py, for the plain statement and for
the proxy."""
import itertools

import psycopg
import pytest

from catalogue import PARENTS, ROWS, STEPPED_ROWS, TABLES
from conftest import conninfo

# Template -> rows of its table t. What the plain statement makes does not depend on how many there are.
TEMPLATES = {"plain": PARENTS, "safe": ROWS, "stepped": STEPPED_ROWS}


class Templates:
    """Databases for copying, which takes less time than filling one; each is made when it is first asked for."""

    def __init__(self, server, admin):
        self.server, self.admin, self.made = server, admin, set()
        # Files, not pages through the log as is the default from 15 on: twice as fast, as nothing is synced.
        self.how = " strategy file_copy" if admin.info.server_version >= 150000 else ""

    def copy(self, name, copy):
        if name not in self.made:
            self.made.add(name)
            self.admin.execute(f"create database template_{name}")
            with psycopg.connect(conninfo(self.server, f"template_{name}"), autocommit=True) as inside:
                for statement in TABLES.format(rows=TEMPLATES[name]).split(";")[:-1]:
                    inside.execute(statement)
        self.admin.execute(f"create database {copy} template template_{name}{self.how}")


@pytest.fixture(scope="session")
def templates(server, databases):
    return Templates(server, databases.admin)


class Twins:
    """twin(row, template): a connection to a new database that has what the row needs."""

    def __init__(self, server, templates, prefix):
        self.server, self.templates, self.prefix = server, templates, prefix
        self.opened, self.numbers = {}, itertools.count()

    def __call__(self, row, template):
        name = self._name()
        self.templates.copy(template, name)
        self._open(name).execute(row.setup)
        return self.opened[name]

    def copy(self, source):
        """A connection to a copy of that database, which nobody may use."""
        name = self._name()
        self.templates.admin.execute(f"create database {name} template {source}{self.templates.how}")
        return self._open(name)

    def _name(self):
        return f"{self.prefix}_{next(self.numbers)}"

    def _open(self, name):
        self.opened[name] = psycopg.connect(conninfo(self.server, name), autocommit=True)
        return self.opened[name]

    def drop(self):
        for name, connection in self.opened.items():
            connection.close()
            self.templates.admin.execute(f"drop database {name} with (force)")


@pytest.fixture
def twin(templates, server, database):
    made = Twins(server, templates, database)
    yield made
    made.drop()
