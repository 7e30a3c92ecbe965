"""What the tests share that make a change twice in one database: directly, in schema `plain`, and through the
proxy, in its twin `safe`. Afterwards both clients have heard the same, and the schemas are the same.

Such a module has SETUP = in_both(its tables), and imports the fixture `catalog`."""
import pytest

import schema
from conftest import outcome

SCHEMAS = ("plain", "safe")


def in_both(tables):
    """Statements that make these tables in both schemas."""
    return "".join(f"create schema {name}; set search_path = {name}; {tables};" for name in SCHEMAS)


def prepare(connection, sql):
    """The same in both schemas."""
    for name in SCHEMAS:
        connection.execute(f"set search_path = {name}; {sql.replace('{}', name)}")


def outcome_in(connection, name, sql):
    """outcome() in that schema, without an error's details: of a change made in steps the client hears more."""
    connection.execute(f"set search_path = {name}")
    heard = outcome(connection, sql)
    return heard[:3] if isinstance(heard, tuple) else heard


@pytest.fixture
def catalog(direct):
    """catalog("safe"): what can be altered in that schema, without the schema's name."""
    def look(name):
        direct.execute(f"set search_path = {name}")     # definitions of indexes and triggers say it all the same
        return [tuple(text and text.replace(f"{name}.", "") for text in row) for row in schema.parts(direct, name)]
    return look
