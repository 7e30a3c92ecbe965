"""Every form of the catalogue, beside an application that reads and writes. Afterwards the schema is the one that
the plain statement makes, in names and all, and nothing is left half done; or the statement failed with the
server's own error and everything is as before."""
import threading
import time

import psycopg
import pytest

import schema
from application import Application
from catalogue import CATALOGUE, ROWS, SAMPLE, STEPPED_ROWS
from conftest import ROOM_SECONDS, conninfo, outcome

pytest_plugins = ["twins"]
# What the server notes. The plain forms make an application wait longer than the first on a large table; on a small one
# it is there for what holds a lock all along, also where a batch of rows takes its time.
LOCK_WAIT = "250ms" if ROWS >= 1_000_000 else "1s"
LOCK_SECONDS = 0.7      # TIMEOUTS["lock"]
BLOCKED_SECONDS = 2.4   # more than a lock timeout and ROOM_SECONDS: who waits for all of it is seen

every_row = pytest.mark.parametrize("row", CATALOGUE, ids=lambda row: row.name)
rows_that_wait = pytest.mark.parametrize("row", [row for row in SAMPLE if row.blocker],
                                         ids=lambda row: row.name)
rows_that_fail = pytest.mark.parametrize("row", [row for row in CATALOGUE if row.violation],
                                         ids=lambda row: row.name)


@pytest.fixture
def through(proxy, connect):
    """through(connection): a connection to the same database through the proxy."""
    return lambda connection: connect(leg=proxy, dbname=connection.info.dbname)


@pytest.fixture
def applications(proxy, server):
    """applications(row, connection): the row's application, running, in the connection's database."""
    made = []

    def make(row, connection):
        info = conninfo(proxy, connection.info.dbname,
                        options=f"-c deadlock_timeout={LOCK_WAIT} -c log_statement=none")
        made.append(Application(lambda: psycopg.connect(info, autocommit=True), row.application,
                                min(ROWS, STEPPED_ROWS)))
        made[-1].wait_until_busy()
        made[-1].reset()
        return made[-1]

    yield make
    for application in made:
        application.stop()


def of_lock_waits(server, start, application):
    """Lines of the server's log about waits of the application's for locks, longer than LOCK_WAIT."""
    ours = [f"process {pid} still waiting" for pid in application.pids]
    return [line for line in server.process.lines[start:] if any(word in line for word in ours)]


@every_row
def test_application_goes_on_and_the_schema_is_that_of_the_plain_statement(
        row, twin, through, applications, server, proxy, record_property):
    plain, safe = twin(row, "plain"), twin(row, "safe")
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
        row, twin, through, proxy):
    plain, safe = twin(row, "plain"), twin(row, "safe")
    for connection in (plain, safe):
        connection.execute(row.violation)
    before = schema.parts(safe)
    got = outcome(through(safe), row.sql)
    assert got == outcome(plain, row.sql) and got[0] == row.sqlstate
    assert schema.parts(safe) == before
    change, = proxy.ledger(database=safe.info.dbname)
    assert (change["state"], change["sqlstate"]) == ("failed", row.sqlstate)


@pytest.fixture
def blocker(server):
    """blocker(row, connection): a transaction in the connection's database that is in the row's way."""
    made = []

    def make(row, connection):
        made.append(psycopg.connect(conninfo(server, connection.info.dbname)))
        made[-1].execute(row.blocker)
        return made[-1]

    yield make
    for connection in made:
        connection.close()


@rows_that_wait
def test_behind_a_blocker_the_application_waits_for_one_lock_timeout_at_most(
        row, twin, through, applications, proxy, blocker):
    plain, safe = twin(row, "plain"), twin(row, "stepped")
    client, application = through(safe), applications(row, safe)
    release = threading.Timer(BLOCKED_SECONDS, blocker(row, safe).rollback)
    release.start()
    start = time.monotonic()
    got = outcome(client, row.sql)
    took, longest = time.monotonic() - start, application.stop()
    assert got == outcome(plain, row.sql)
    assert took > BLOCKED_SECONDS - 0.1, "that was no blocker"
    assert longest < LOCK_SECONDS + ROOM_SECONDS and not application.errors
    assert schema.parts(safe) == schema.parts(plain)
    assert schema.half_done(safe) == schema.half_done(plain)
    assert proxy.ledger(database=safe.info.dbname)[-1]["state"] == "committed"


@rows_that_wait
def test_a_blocker_that_stays_is_told_and_nothing_is_left(
        row, twin, through, applications, proxy, blocker):
    safe = twin(row, "stepped")
    before = schema.parts(safe), schema.half_done(safe)
    client, application = through(safe), applications(row, safe)
    stays = blocker(row, safe)
    got, longest = outcome(client, row.sql), application.stop()
    assert got[0] == "55P03"
    assert longest < LOCK_SECONDS + ROOM_SECONDS and not application.errors
    assert (schema.parts(safe), schema.half_done(safe)) == before
    change, = proxy.ledger(database=safe.info.dbname)
    assert (change["state"], change["sqlstate"]) == ("failed", "55P03")
    stays.rollback()
    assert not isinstance(outcome(client, row.sql), tuple)
