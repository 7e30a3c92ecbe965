"""A portal that a driver leaves open behind its last row (pgjdbc does) holds a snapshot, and a concurrent build of another
session waits for it. Before a build such portals are closed, and their clients cannot tell."""
import os
import signal
import threading
import time

import pytest

import servers
from wire import SYNC, Wire, bind, close, describe, errors, execute, extended, kinds, parse, query

ROWS = 20_000
BEGIN = extended("begin") + SYNC
LOCK = extended("select pg_try_advisory_xact_lock(77431708279161)") + SYNC


@pytest.fixture
def table(server, database):
    server.psql(f"create table item (a int, b text); insert into item select g, repeat('x', 100) from"
                f" generate_series(1, {ROWS}) g; analyze item", database)


@pytest.fixture
def client(proxy, database):
    """A client byte by byte, in a transaction, as a driver that speaks the extended protocol only."""
    with Wire(proxy, {"user": "postgres", "database": database}) as wire:
        wire.send(BEGIN)
        wire.read_until_ready()
        yield wire


def ask(wire, data):
    wire.send(data)
    return wire.read_until_ready()


def holds_snapshot(direct, wire):
    return direct.execute("select backend_xmin is not null from pg_stat_activity where pid = %s",
                          [wire.pid]).fetchone()[0]


def build(connection, sql="create index item_a on item (a)", seconds=10):
    """How long it took; it is canceled when that is too long."""
    timer = threading.Timer(seconds, connection.cancel)
    timer.start()
    start = time.monotonic()
    try:
        connection.execute(sql)
    finally:
        timer.cancel()
    return time.monotonic() - start


@pytest.mark.parametrize("sql", ["create index item_a on item (a)",
                                 "create index concurrently item_a on item (a)",
                                 "alter table item add unique (a)"])
def test_a_spent_portal_does_not_hold_up_a_build(sql, table, client, connect, direct):
    assert kinds(ask(client, LOCK)) == "12TDCZ"
    assert holds_snapshot(direct, client)
    assert build(connect(), sql) < 5
    assert not holds_snapshot(direct, client)
    # The transaction goes on as if nothing had been: with its lock, and not a byte too many.
    held = direct.execute("select count(*) from pg_locks where locktype = 'advisory' and pid = %s", [client.pid])
    assert held.fetchone()[0] == 1
    assert kinds(ask(client, close(b"P") + SYNC)) == "3Z"
    assert kinds(ask(client, extended("insert into item values (-1, 'y')") + SYNC)) == "12nCZ"
    done = ask(client, extended("commit") + SYNC)
    assert kinds(done) == "12nCZ" and done[-1][1] == b"I"
    assert direct.execute("select count(*) from item where a = -1").fetchone()[0] == 1


def test_reindex(table, client, connect, direct):
    direct.execute("create index item_a on item (a)")
    ask(client, LOCK)
    assert build(connect(), "reindex index item_a") < 5


def test_many_sessions_on_all_workers(table, proxy, database, connect, direct):
    clients = [Wire(proxy, {"user": "postgres", "database": database}) for _ in range(24)]
    for wire in clients:
        ask(wire, BEGIN)
        ask(wire, LOCK)
    assert all(holds_snapshot(direct, wire) for wire in clients)
    assert build(connect()) < 5
    assert not any(holds_snapshot(direct, wire) for wire in clients)
    for wire in clients:
        assert kinds(ask(wire, extended("select 1") + SYNC)) == "12TDCZ"
        wire.socket.close()


def test_two_builds_at_once(server, table, client, connect, database, direct):
    server.psql("create table other as select * from item; analyze other", database)
    ask(client, LOCK)
    connections = [connect(), connect()]
    took = []
    threads = [threading.Thread(target=lambda c=c, s=s: took.append(build(c, s))) for c, s in
               zip(connections, ["create index on item (a)", "create index on other (a)"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(took) == 2 and max(took) < 5
    assert kinds(ask(client, extended("select 1") + SYNC)) == "12TDCZ"


def test_two_builds_wait_for_one_answer(server, table, client, connect, database):
    """The second asks while the first one's question is not answered yet: it must not begin before it is."""
    server.psql("create table other as select * from item; analyze other", database)
    ask(client, LOCK)
    took = []
    os.kill(client.pid, signal.SIGSTOP)     # the server process that is to close the portal
    try:
        threads = [threading.Thread(target=lambda c=connect(), s=f"create index on {name} (a)": took.append(build(c, s)))
                   for name in ("item", "other")]
        for thread in threads:
            thread.start()
            time.sleep(0.3)
    finally:
        os.kill(client.pid, signal.SIGCONT)
    for thread in threads:
        thread.join(30)
    assert len(took) == 2
    assert kinds(ask(client, extended("select 1") + SYNC)) == "12TDCZ"


def start_build(connection):
    """In a thread, until it waits for somebody's snapshot."""
    failed = []

    def work():
        try:
            connection.execute("create index item_a on item (a)")
        except Exception as error:       # noqa: BLE001: it is looked at by whoever joins
            failed.append(error)
    thread = threading.Thread(target=work)
    thread.failed = failed
    thread.start()
    return thread


def wait_for_old_snapshots(direct):
    servers.wait_for(lambda: direct.execute(
        "select count(*) from pg_stat_progress_create_index where phase like 'waiting for old snapshots'"
    ).fetchone()[0], 10, "the build to wait for an old snapshot")


@pytest.mark.parametrize("portal", ["read in part", "not executed", "named"])
def test_a_portal_that_may_have_more_to_give_stays(portal, table, client, connect, direct):
    series = "select g from generate_series(1, 5) g"
    messages = {"read in part": parse(series) + bind() + execute(rows=2),
                "not executed": parse(series) + bind(),
                "named": parse(series) + bind(portal="p") + execute("p", rows=2)}[portal]
    rest = execute("p" if portal == "named" else "")
    ask(client, messages + SYNC)
    thread = start_build(connect())
    wait_for_old_snapshots(direct)
    left = {"read in part": "DDDCZ", "not executed": "DDDDDCZ", "named": "DDDCZ"}[portal]
    assert kinds(ask(client, rest + SYNC)) == left
    assert kinds(ask(client, query("commit"))) == "CZ"
    thread.join(20)
    assert not thread.failed


def test_what_is_gone_is_gone(table, client, connect):
    """The one difference: a portal that has been read to its end can be executed again, and gives nothing."""
    ask(client, LOCK)
    build(connect())
    assert errors(ask(client, describe(b"P") + SYNC)) == ["34000"]


def test_a_client_in_the_middle_of_a_statement_is_left_alone(table, client, connect):
    """It gets what it asked for, and the build waits as it would have done."""
    ask(client, LOCK)
    client.send(extended("select pg_sleep(0.5)") + SYNC)
    thread = start_build(connect())
    assert kinds(client.read_until_ready()) == "12TDCZ"
    assert kinds(ask(client, query("commit"))) == "CZ"
    thread.join(20)
    assert not thread.failed


def test_nothing_is_closed_in_observe_mode(make_proxy, table, database, connect, direct, server):
    observing = make_proxy(mode="observe")
    with Wire(observing, {"user": "postgres", "database": database}) as wire:
        ask(wire, BEGIN)
        ask(wire, LOCK)
        thread = start_build(connect(leg=observing))
        thread.join(20)                 # a plain CREATE INDEX waits for no snapshot
        assert not thread.failed
        assert holds_snapshot(direct, wire)
        assert kinds(ask(wire, execute() + SYNC)) == "CZ"


def test_an_override_that_observes_is_heeded(make_proxy, table, database, connect, direct):
    proxy = make_proxy(overrides=[{"match": {"applications": ["quiet"]}, "mode": "observe"}])
    with Wire(proxy, {"user": "postgres", "database": database, "application_name": "quiet"}) as wire:
        ask(wire, BEGIN)
        ask(wire, LOCK)
        thread = start_build(connect(leg=proxy))
        wait_for_old_snapshots(direct)
        assert kinds(ask(wire, execute() + SYNC)) == "CZ"
        assert kinds(ask(wire, query("commit"))) == "CZ"
        thread.join(20)
        assert not thread.failed


def test_who_waits_for_his_turn_holds_nothing(proxy, server, database, client, connect):
    """The build has its turn at the table already when the other's portal is made: neither waits for the other."""
    server.psql("create table few as select g from generate_series(1, 20) g;"
                " create function slow(int) returns int immutable language plpgsql as"
                " $$ begin perform pg_sleep(0.1); return $1; end $$", database)
    builder = connect()
    ended = []
    thread = threading.Thread(target=lambda: ended.append(build(builder, "create index on few (slow(g))")))
    thread.start()
    time.sleep(0.5)
    ask(client, LOCK)
    assert kinds(ask(client, query("alter table few add a int"))) == "NCZ"     # it waited
    thread.join(20)
    assert ended and ended[0] < 8
    assert kinds(ask(client, query("rollback"))) == "CZ"
