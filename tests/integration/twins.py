"""Fixtures of the tests of the catalogue: databases with the tables of catalogue.py, for the plain statement and for
the proxy."""
import psycopg
import pytest

from catalogue import PARENTS, PARTITIONED, ROWS, STEPPED_ROWS, TABLES
from conftest import conninfo

# The kind of a twin -> rows of its table t. What the plain statement makes does not depend on how many there are.
KINDS = {"plain": PARENTS, "safe": ROWS, "stepped": STEPPED_ROWS}


class Twins:
    """twin(row, kind): a connection to a new database that has what the row needs."""

    def __init__(self, server, databases):
        self.server, self.databases, self.opened = server, databases, {}

    def __call__(self, row, kind):
        tables, setup = TABLES.format(rows=KINDS[kind]), row.setup
        if setup.startswith(PARTITIONED):       # as every fifth does, and it takes a while
            tables, setup = tables + PARTITIONED, setup.removeprefix(PARTITIONED)
        connection = self.copy(self.databases.template(tables))
        connection.execute(setup)
        return connection

    def copy(self, source):
        """A connection to a copy of that database, which nobody may use."""
        name = self.databases.copy(source)
        self.opened[name] = psycopg.connect(conninfo(self.server, name), autocommit=True)
        return self.opened[name]

    def drop(self):
        for name, connection in self.opened.items():
            connection.close()
            self.databases.drop(name)


@pytest.fixture
def twin(server, databases):
    made = Twins(server, databases)
    yield made
    made.drop()
