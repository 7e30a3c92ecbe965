"""One schema change at a time per table, across two proxies in front of one server: with a maintenance connection the
table is locked against the other proxy, which asks again and never waits in the server."""
import threading
import time

import psycopg
import pytest

from servers import wait_for

MAINTENANCE = {"user": "postgres", "database": "postgres"}
LOCKS = "select count(*) from pg_locks where locktype = 'advisory' and classid = x'64646c67'::int::oid"
TELLS = "through another ddlguard"


@pytest.fixture
def proxies(make_proxy):
    return [make_proxy(maintenance=MAINTENANCE), make_proxy(maintenance=MAINTENANCE)]


@pytest.fixture
def tables(server, database):
    """Two tables on which an index takes 2 s, and keeps its locks meanwhile."""
    server.psql("create function slow(int) returns int immutable language plpgsql as"
                " $$ begin perform pg_sleep(0.1); return $1; end $$", database)
    for name in ("few", "other"):
        server.psql(f"create table {name} as select g from generate_series(1, 20) g", database)


class Change:
    """A statement in a thread."""

    def __init__(self, connection, sql):
        self.connection, self.error = connection, None
        self.thread = threading.Thread(target=self.run, args=[sql])
        self.thread.start()

    def run(self, sql):
        try:
            self.connection.execute(sql)
        except psycopg.Error as error:
            self.error = error

    def waits(self):
        return any(TELLS in notice for notice in self.connection.notices)

    def end(self):
        self.thread.join(60)
        assert not self.thread.is_alive()
        return self.error


def builds(direct):
    wait_for(lambda: direct.execute("select count(*) from pg_stat_progress_create_index").fetchone()[0],
             20, "the build to begin")


def unlocked(direct):
    wait_for(lambda: direct.execute(LOCKS).fetchone()[0] == 0, 20, "the locks to be given back")


def test_builds_through_two_proxies_come_one_after_the_other(proxies, tables, connect, direct, index):
    """Together they would kill each other (40P01)."""
    changes = [Change(connect(leg=proxies[n % 2]), f"create index i{n} on few (slow(g))") for n in range(4)]
    assert [change.end() for change in changes] == [None] * 4
    assert all(index(f"i{n}").valid for n in range(4))
    assert any(change.waits() for change in changes)
    unlocked(direct)


def test_a_change_of_another_table_does_not_wait(proxies, tables, connect, direct):
    first = Change(connect(leg=proxies[0]), "create index on few (slow(g))")
    builds(direct)
    second = Change(connect(leg=proxies[1]), "alter table other add a int")
    assert second.end() is None and first.thread.is_alive() and not second.waits()
    assert first.end() is None


def test_who_waits_asks_the_server_again(proxies, tables, connect, direct):
    first = Change(connect(leg=proxies[0]), "create index same on few (slow(g))")
    builds(direct)
    second = Change(connect(leg=proxies[1]), "create index if not exists same on few (slow(g))")
    assert first.end() is None and second.end() is None
    assert second.waits()
    assert any("already exists" in notice for notice in second.connection.notices)


def test_who_is_canceled_while_he_waits_leaves_no_lock(proxies, tables, connect, direct):
    first = Change(connect(leg=proxies[0]), "create index on few (slow(g))")
    builds(direct)
    second = Change(connect(leg=proxies[1]), "alter table few add a int")
    wait_for(second.waits, 10, "the second to wait")
    second.connection.cancel()
    assert second.end().sqlstate == "57014"
    assert first.end() is None
    unlocked(direct)
    assert Change(connect(leg=proxies[0]), "alter table few add a int").end() is None


def test_a_killed_proxy_holds_up_nobody(proxies, tables, connect, direct):
    first = Change(connect(leg=proxies[0]), "create index i on other (slow(g))")
    builds(direct)
    second = Change(connect(leg=proxies[1]), "alter table other add a int")
    wait_for(second.waits, 10, "the second to wait")
    proxies[0].kill()
    assert second.end() is None
    assert first.end() is not None


def test_a_lost_connection_stops_no_change(proxies, tables, connect, direct, index):
    first = Change(connect(leg=proxies[0]), "create index i on few (slow(g))")
    builds(direct)
    second = Change(connect(leg=proxies[1]), "create index j on other (slow(g))")
    wait_for(lambda: direct.execute(LOCKS).fetchone()[0] == 2, 10, "both to be locked")
    direct.execute("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and"
                   " classid = x'64646c67'::int::oid")
    assert first.end() is None and second.end() is None
    assert index("i").valid and index("j").valid
    for proxy in proxies:
        assert any("event=table_lock" in line for line in proxy.process.lines)
    # And the next one is locked again.
    third = Change(connect(leg=proxies[0]), "create index k on few (slow(g))")
    wait_for(lambda: direct.execute(LOCKS).fetchone()[0] == 1, 10, "the table to be locked again")
    assert third.end() is None


def test_without_the_connection_a_change_goes_on(make_proxy, tables, connect, index):
    proxy = make_proxy(maintenance={"user": "nobody_of_that_name", "database": "postgres"})
    assert Change(connect(leg=proxy), "create index i on other (g)").end() is None
    assert Change(connect(leg=proxy), "alter table other add a int").end() is None
    assert index("i").valid
    assert any("event=table_lock" in line for line in proxy.process.lines)


def test_a_lock_outlives_the_idle_timeout(make_proxy, server, tables, connect, direct, index):
    """Of the server, the database or the role: the session that holds it has nothing else to do."""
    if direct.info.server_version < 140000:
        pytest.skip("no idle_session_timeout")
    server.psql("create role impatient login superuser; alter role impatient set idle_session_timeout = '600ms'")
    leg = make_proxy(maintenance={**MAINTENANCE, "user": "impatient"})
    change = Change(connect(leg=leg), "create index i on few (slow(g))")
    builds(direct)
    time.sleep(1)
    assert change.thread.is_alive() and direct.execute(LOCKS).fetchone()[0] == 1
    assert change.end() is None and index("i").valid
    assert not any("event=table_lock" in line for line in leg.process.lines)
    unlocked(direct)
