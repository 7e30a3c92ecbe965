"""Every form of the catalogue, beside an application that reads and writes. Afterwards the schema is the one that
the plain statement makes, in names and all, and nothing is left half done; or the statement failed with the
server's own error and everything is as before."""
import psycopg
import pytest

import schema
from application import Application
from catalogue import CATALOGUE, PARENTS, ROWS, TABLES
from conftest import conninfo

TWINS = {"plain": PARENTS, "safe": ROWS}       # database -> rows of its table t
ROOM_SECONDS = 1.0      # the proxies, servers and applications of several tests share the processors

every_row = pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.name)
rows_that_fail = pytest.mark.parametrize("row", [row for row in CATALOGUE if row.violation],
                                         ids=lambda row: row.name)


@pytest.fixture(scope="session")
def templates(server, databases):
    """A database for each twin, for copying: that takes less time than filling one."""
    for name, rows in TWINS.items():
        databases.admin.execute(f"create database template_{name}")
        with psycopg.connect(conninfo(server, f"template_{name}"), autocommit=True) as inside:
            for statement in TABLES.format(rows=rows).split(";")[:-1]:
                inside.execute(statement)


@pytest.fixture
def twins(templates, server, databases, database):
    """twins(row): a connection to each of two databases that have what the row needs."""
    opened, made = {}, []

    def make(row):
        for name in TWINS:
            made.append(f"{database}_{name}")
            databases.admin.execute(f"create database {made[-1]} template template_{name}")
            opened[name] = psycopg.connect(conninfo(server, made[-1]), autocommit=True)
            opened[name].execute(row.setup)
        return opened["plain"], opened["safe"]

    yield make
    for connection in opened.values():
        connection.close()
    for name in made:
        databases.admin.execute(f"drop database {name} with (force)")


def outcome(connection, sql):
    """The command's tag, or the error, as a client sees them."""
    try:
        return connection.execute(sql).statusmessage
    except psycopg.Error as error:
        diag = error.diag
        return (diag.sqlstate, diag.severity, diag.message_primary, diag.message_detail,
                diag.table_name, diag.column_name, diag.constraint_name)


@pytest.fixture
def through(proxy, connect):
    """through(connection): a connection to the same database through the proxy."""
    return lambda connection: connect(leg=proxy, dbname=connection.info.dbname)


@pytest.fixture
def applications(proxy, server):
    """applications(row, connection): the row's application, running, in the connection's database."""
    made = []

    def make(row, connection):
        made.append(Application(
            lambda: psycopg.connect(conninfo(proxy, connection.info.dbname), autocommit=True),
            row.application, ROWS))
        made[-1].wait_until_busy()
        made[-1].reset()
        return made[-1]

    yield make
    for application in made:
        application.stop()


def of_lock_waits(server, start, application):
    """Lines of the server's log about waits of the application's for locks (longer than deadlock_timeout)."""
    ours = [f"process {pid} still waiting" for pid in application.pids]
    return [line for line in server.process.lines[start:] if any(word in line for word in ours)]


@every_row
def test_application_goes_on_and_the_schema_is_that_of_the_plain_statement(
        row, twins, through, applications, server, proxy, record_property):
    plain, safe = twins(row)
    client, start = through(safe), len(server.process.lines)
    application = applications(row, safe)
    got = outcome(client, row.sql)
    longest = application.stop()
    record_property("longest wait in ms", round(longest * 1000))
    assert got == outcome(plain, row.sql)
    assert not application.errors
    assert not of_lock_waits(server, start, application)
    assert longest < ROOM_SECONDS, application.slowest
    assert schema.parts(safe) == schema.parts(plain)
    assert schema.half_done(safe) == schema.half_done(plain)
    change = proxy.ledger(database=safe.info.dbname)[-1]
    assert change["original_sql"] == row.sql and change["state"] in ("committed", "no_op")
    if safe.info.server_version >= row.since * 10000:
        executed = " ".join(step["sql"].lower() for step in change["executed"])
        assert all(words in executed for words in row.on_its_way)


@rows_that_fail
def test_a_row_in_the_way_is_told_in_the_servers_words_and_leaves_nothing(
        row, twins, through, proxy):
    plain, safe = twins(row)
    for connection in (plain, safe):
        connection.execute(row.violation)
    before = schema.parts(safe)
    got = outcome(through(safe), row.sql)
    assert got == outcome(plain, row.sql) and got[0] == row.sqlstate
    assert schema.parts(safe) == before
    change, = proxy.ledger(database=safe.info.dbname)
    assert (change["state"], change["sqlstate"]) == ("failed", row.sqlstate)
