"""CREATE INDEX inside BEGIN … COMMIT, built CONCURRENTLY over the maintenance connection while the client waits:
there if and only if the transaction commits, whoever dies on the way, and never a stall for the others."""
import json
import os
import socket
import threading
import time

import psycopg
import pytest

import servers
from conftest import conninfo
from wire import SYNC, Wire, bind, execute, extended, kinds, parse, query

MAINTENANCE = {"user": "postgres", "database": "postgres"}
SQL = "create index item_b on item (b)"


@pytest.fixture
def table(server, database):
    """A table `item` of 20,000 rows, more than small; and one to write something else to."""
    server.psql("create table item (id int primary key, a int, b text); insert into item select g,"
                " g % 1000, repeat('x', 100) from generate_series(1, 20000) g; analyze item;"
                " create table version (v int)", database)
    return "item"


@pytest.fixture
def guarded(make_proxy):
    return make_proxy(maintenance=MAINTENANCE)


@pytest.fixture
def indexes(direct):
    """indexes(): name -> valid, of the table's indexes but its primary key."""
    sql = ("select c.relname, i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid"
           " where i.indrelid = 'item'::regclass and not i.indisprimary")
    return lambda: dict(direct.execute(sql).fetchall())


@pytest.fixture
def client(guarded, connect, table):
    return connect(leg=guarded)


@pytest.fixture
def events(database):
    def read(proxy, tag="CREATE INDEX"):
        change = [change for change in proxy.ledger(database=database) if change["tag"] == tag][-1]
        done = proxy.command("ledger", "show", "--json", change["change_id"], "--config",
                             str(proxy.config_path))
        return change["state"], [json.loads(line)["kind"] for line in done.stdout.splitlines()]
    return read


def ends_as(events, proxy, state, cleaned=True):
    servers.wait_for(lambda: events(proxy)[0] == state and
                     (not cleaned or "cleaned_up" in events(proxy)[1]), 20, f"{state}: {events(proxy)}")


def was_built_aside(proxy, database):
    return any("CONCURRENTLY ddlguard_build_" in step["sql"]
               for change in proxy.ledger(database=database) for step in change["executed"])


def test_commit_keeps_it(guarded, client, indexes, events, database):
    client.execute("begin")
    client.execute("insert into version values (1)")
    cursor = client.execute(SQL)
    assert cursor.statusmessage == "CREATE INDEX"
    assert client.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
    client.execute("commit")
    assert indexes() == {"item_b": True} and was_built_aside(guarded, database)
    assert events(guarded) == ("committed", ["intended", "forwarded", "stmt_ok", "committed"])
    assert any("beside the transaction" in text for text in client.notices), client.notices


def test_writers_are_not_held_up(guarded, client, connect, indexes, server, database):
    """Also while the transaction stays open afterwards: its index holds no lock on the table."""
    client.execute("begin")
    client.execute(SQL)
    writer = connect(leg=guarded)
    writer.execute("set lock_timeout = '1s'; set statement_timeout = '2s'")
    writer.execute("update item set a = 1 where id = 1")
    assert writer.execute("select count(*) from item where b = 'y'").fetchone() == (0,)
    client.execute("commit")
    assert indexes() == {"item_b": True}


@pytest.mark.parametrize("end", ["rollback", "savepoint", "failed commit", "client", "error behind it"])
def test_dropped_unless_it_commits(end, guarded, client, indexes, events, database):
    client.execute("create table parent (id int primary key); create table child (p int references parent"
                   " deferrable initially deferred)")
    client.execute("begin")
    if end == "savepoint":
        client.execute("savepoint s")
    if end == "failed commit":
        client.execute("insert into child values (1)")
    client.execute(SQL)
    assert was_built_aside(guarded, database)
    state = "rolled_back"
    if end == "rollback":
        client.execute("rollback")
    elif end == "savepoint":
        client.execute("rollback to s")
        client.execute("commit")
        state = "undone_by_savepoint"
    elif end == "failed commit":
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            client.execute("commit")
    elif end == "error behind it":
        with pytest.raises(psycopg.errors.DivisionByZero):
            client.execute("select 1 / 0")
        client.execute("commit")
    else:
        client.close()
    ends_as(events, guarded, state)
    assert indexes() == {}


def test_again_at_once(client, guarded, indexes, database):
    """The name is free as soon as the transaction is over, whatever has still to be dropped."""
    for _ in range(3):
        client.execute("begin")
        client.execute(SQL)
        client.execute("rollback")
    client.execute("begin")
    client.execute(SQL)
    client.execute("commit")
    servers.wait_for(lambda: indexes() == {"item_b": True}, 20, "nothing but the index")


def test_prepared_statement(guarded, client, indexes, database):
    with client.transaction():
        client.execute("select %s::int", [1])
        client.execute(SQL, prepare=True)
    assert indexes() == {"item_b": True} and was_built_aside(guarded, database)


@pytest.mark.parametrize("simple", [True, False])
def test_a_portal_that_the_driver_has_left_open(simple, guarded, database, table, indexes, events):
    """It holds a snapshot of the very transaction that waits for the build."""
    with Wire(guarded, {"user": "postgres", "database": database}) as wire:
        for sql in ("begin", "select 1"):
            wire.send(extended(sql) + SYNC)
            wire.read_until_ready()
        wire.send(query(SQL) if simple else parse(SQL, "s") + bind("s", "p") + execute("p") + SYNC)
        assert kinds(wire.read_until_ready()) == ("NCZ" if simple else "12NCZ")
        wire.send(extended("commit") + SYNC)
        wire.read_until_ready()
    assert indexes() == {"item_b": True} and was_built_aside(guarded, database)


@pytest.mark.parametrize("before, expected", [
    ("update item set a = 2 where id = 1", False), ("select * from item limit 1", True),
    ("select pg_advisory_xact_lock(7)", True), ("alter table item add column c int", False),
    ("set transaction isolation level repeatable read; select 1", False),
    ("declare c cursor for select * from version", False)])
def test_only_where_the_build_would_not_wait_for_us(before, expected, guarded, client, indexes, database):
    """Elsewhere it runs as without a maintenance connection, under the lock timeout."""
    client.execute("begin")
    client.execute(before)
    client.execute(SQL)
    client.execute("commit")
    assert indexes() == {"item_b": True}
    assert was_built_aside(guarded, database) == expected


def test_errors_are_those_of_the_server(guarded, client, indexes, events):
    """The error of the build is the statement's, and the transaction has failed."""
    client.execute("begin")
    with pytest.raises(psycopg.errors.UniqueViolation, match="item_a|ddlguard_build"):
        client.execute("create unique index item_a on item (a)")
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        client.execute("select 1")
    client.execute("rollback")
    ends_as(events, guarded, "failed")
    assert indexes() == {}


def test_search_path_and_role(guarded, connect, server, database, table, events):
    """Names mean what they mean to the client, and its rights count, not the maintenance user's."""
    server.psql("create schema other; create function other.f(int) returns int immutable language sql as"
                " 'select 1'; alter database " + database + " set search_path = public", database)
    client = connect(leg=guarded)
    client.execute("set search_path = other, public")
    with client.transaction():
        client.execute("create index item_f on item (f(a))")
    assert was_built_aside(guarded, database)
    stranger = connect(leg=guarded, user="app")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        with stranger.transaction():
            stranger.execute("create index item_x on item (a)")


@pytest.mark.parametrize("what", ["made", "replaced"])
def test_function_of_the_same_transaction(what, guarded, client, server, database, indexes, events):
    """Only this transaction knows it: the index is built in the transaction after all."""
    make = "create or replace function f(int) returns int immutable language plpgsql as 'begin return {}; end'"
    if what == "replaced":
        server.psql(make.format("1"), database)
    client.execute("begin")
    client.execute(make.format("$1 + 5"))
    client.execute("create index item_f on item (f(a))")
    client.execute("commit")
    assert indexes() == {"item_f": True} and events(guarded)[0] == "committed"
    client.execute("set enable_seqscan = off")
    assert client.execute("select count(*) from item where f(a) = 6").fetchone() == (20,)


def test_name_that_is_not_there(guarded, client, indexes, events):
    """The server's own words, and position, of a statement that is wrong everywhere."""
    client.execute("begin")
    with pytest.raises(psycopg.errors.UndefinedColumn) as caught:
        client.execute("create index item_x on item (nosuch)")
    assert caught.value.diag.message_primary == 'column "nosuch" does not exist'
    client.execute("rollback")
    assert events(guarded)[0] == "failed"


def test_maintenance_user_without_rights(make_proxy, connect, server, table, indexes, database):
    server.psql("drop role if exists feeble; create role feeble login")
    proxy = make_proxy(maintenance={"user": "feeble", "database": "postgres"})
    client = connect(leg=proxy)
    with client.transaction():
        client.execute(SQL)
    assert indexes() == {"item_b": True} and not was_built_aside(proxy, database)


def build_in_a_thread(client, server, database):
    """The build waits for an old snapshot; gives the thread, its error, and the builder's pid."""
    errors = []

    def run():
        try:
            client.execute("begin")
            client.execute(SQL)
        except psycopg.Error as error:
            errors.append(error)
    thread = threading.Thread(target=run)
    thread.start()
    pid = servers.wait_for(lambda: server.psql(
        "select pid from pg_stat_progress_create_index where datname = current_database() and phase like"
        " 'waiting%'", database), 10, "the build")
    return thread, errors, int(pid)


@pytest.fixture
def old_snapshot(server, database, table):
    holder = psycopg.connect(conninfo(server, database))
    holder.execute("set transaction isolation level repeatable read")
    holder.execute("select 1")
    yield holder
    holder.close()


def test_cancel(guarded, client, old_snapshot, server, database, indexes, events):
    thread, errors, _ = build_in_a_thread(client, server, database)
    client.cancel()
    thread.join(10)
    assert [type(error) for error in errors] == [psycopg.errors.QueryCanceled]
    old_snapshot.rollback()
    client.execute("rollback")
    ends_as(events, guarded, "failed")
    assert indexes() == {}


@pytest.mark.parametrize("who", ["client", "server process", "builder"])
def test_somebody_is_lost_in_the_build(who, guarded, client, old_snapshot, server, database, indexes,
                                       events):
    thread, errors, builder = build_in_a_thread(client, server, database)
    if who == "client":
        with socket.socket(fileno=os.dup(client.fileno())) as its_socket:
            its_socket.shutdown(socket.SHUT_RDWR)
    else:
        pid = client.info.backend_pid if who == "server process" else builder
        server.psql(f"select pg_terminate_backend({pid})")
    thread.join(10)
    assert errors
    old_snapshot.rollback()
    servers.wait_for(lambda: "cleaned_up" in events(guarded)[1], 20, f"cleaned up: {events(guarded)}")
    assert indexes() == {}
    assert events(guarded)[0] in ("failed", "rolled_back")


@pytest.mark.parametrize("when", ["in the build", "before the commit"])
def test_proxy_killed(when, guarded, client, old_snapshot, server, database, indexes, events):
    if when == "in the build":
        thread, _, _ = build_in_a_thread(client, server, database)
        guarded.kill()
        thread.join(10)
    else:
        old_snapshot.rollback()
        client.execute("begin")
        client.execute(SQL)
        guarded.kill()
    guarded.start()
    time.sleep(0.5)
    old_snapshot.rollback()
    ends_as(events, guarded, "rolled_back")
    assert indexes() == {}


def test_circle_through_another_session(guarded, client, connect, server, database, indexes, events):
    """A session waits for the client's transaction with a snapshot that the build waits for: no server sees
    that circle."""
    client.execute("begin")
    client.execute("lock table version in access exclusive mode")
    other = connect(leg=server)
    other.execute("create table third (x int)")
    other.execute("begin isolation level repeatable read")
    other.execute("select 1")
    waits = threading.Thread(target=lambda: other.execute("select * from version"))
    waits.start()
    with pytest.raises(psycopg.errors.DeadlockDetected):
        client.execute(SQL)
    client.execute("rollback")
    waits.join(10)
    other.execute("rollback")
    ends_as(events, guarded, "failed")
    assert indexes() == {}
