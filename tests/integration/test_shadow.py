"""The shadow probe in a session: what only the server knows of an ALTER TABLE is asked on an empty copy before the
decision. What is decided is held against what the server does to the files of a table when it runs directly."""
import contextlib
import threading
import time
from types import SimpleNamespace

import psycopg
import pytest

import servers
from conftest import TIMEOUTS, check_proxy, conninfo

TABLES = """
    create extension citext;
    create domain any_text as text;
    create domain short_text as text check (length(value) < 99);
    create function f() returns int language plpgsql stable as 'begin return 1; end';
    create function g() returns int language plpgsql volatile as 'begin return 1; end';
    create table other (id int primary key);
    create table t (id int primary key, a int, c varchar(20), b numeric(10, 2) check (b > 0), d numeric(10, 2),
                    e text, ts timestamp, tsi timestamp, checked int constraint proof check (row(id, checked) is not null), "Two Words" varchar(20));
    insert into t select g, g, g, g, g, g, now(), now(), g, g from generate_series(1, 2000) g;
    create index on t (c); create index on t (lower(e)); create index on t (tsi);
    alter table t add constraint late check (id > 0 and d > 0) not valid;
    analyze t;
"""

UTC, NEW_YORK = {"timezone": "UTC"}, {"timezone": "America/New_York"}

# The form; settings of its session; does the server work through the table or build an index?
FORMS = [
    ("alter table t alter c type varchar(40)", UTC, False), ("alter table t alter c type text", UTC, False),
    ("alter table t alter c type varchar(10)", UTC, True),
    ("alter table t alter c type text using c::text", UTC, False),
    ("alter table t alter c type text using upper(c)", UTC, True),
    ('alter table t alter "Two Words" type varchar(50), alter c type varchar(50)', UTC, False),
    ("alter table t alter a type bigint", UTC, True), ("alter table t alter a type int", UTC, False),
    ("alter table t alter d type numeric", UTC, False),     # its CHECK stays NOT VALID
    ("alter table t alter b type numeric", UTC, True),      # its CHECK is verified again
    ("alter table t alter ts type timestamptz", UTC, False),
    ("alter table t alter ts type timestamptz", NEW_YORK, True),
    ("alter table t alter tsi type timestamptz", UTC, True),
    ("alter table t alter e type citext", UTC, True), ("alter table t alter e type any_text", UTC, True),
    ('alter table t alter "Two Words" type citext', UTC, False),
    ('alter table t alter "Two Words" type any_text', UTC, False),
    ('alter table t alter "Two Words" type short_text', UTC, True),
    ("alter table t add z timestamptz default now()", UTC, False),
    ("alter table t add z timestamptz default clock_timestamp()", UTC, True),
    ("alter table t add z float default random()", UTC, True), ("alter table t add z int default f()", UTC, False),
    ("alter table t add z int default g()", UTC, True),
    ("alter table t add z any_text default 'x'", UTC, False), ("alter table t add z short_text", UTC, True),
    ("alter table t alter checked set not null", UTC, False),
]
ONLY_SCANS = "alter table t alter b type numeric"       # and leaves no trace in the files


@pytest.fixture(scope="module")
def legs():
    """A server without prepared transactions, else none of its transactions may touch temporary tables; in front of it
    a proxy to which no table is small."""
    server = servers.Postgres({"max_prepared_transactions": "0"})
    proxy = servers.Proxy(server, timeouts=TIMEOUTS, limits={"small_table": "1kB"})
    yield SimpleNamespace(server=server, proxy=proxy)
    proxy.stop()
    server.stop()


@pytest.fixture
def world(legs, shown_on_failure):
    """The tables as if nothing had been done. connect(leg, key=value): a connection with those settings."""
    shown_on_failure(legs.proxy)
    with contextlib.ExitStack() as opened:
        def connect(leg=legs.proxy, **settings):
            options = " ".join(f"-c {key}={value}" for key, value in settings.items())
            connection = opened.enter_context(contextlib.closing(
                psycopg.connect(conninfo(leg, "postgres", options=options), autocommit=True)))
            connection.notices = []
            connection.add_notice_handler(
                lambda diag: connection.notices.append(f"{diag.severity} {diag.message_primary}"))
            return connection

        direct = connect(legs.server)

        def refresh():
            direct.execute("set client_min_messages = error; drop schema public cascade; create schema public;"
                           + TABLES)
        refresh()
        yield SimpleNamespace(server=legs.server, proxy=legs.proxy, connect=connect, direct=direct, refresh=refresh)
    check_proxy(legs.proxy)


def files(direct):
    """The files of the table and its indexes. One that has changed was written anew."""
    return dict(direct.execute(
        "select relname, pg_relation_filenode(oid) from pg_class where oid = 't'::regclass or oid in"
        " (select indexrelid from pg_index where indrelid = 't'::regclass)").fetchall())


def files_after(direct, sql, settings):
    """What the files would be if the server ran it."""
    with direct.transaction(force_rollback=True):
        for key, value in settings.items():
            direct.execute(f"set local {key} = '{value}'")
        direct.execute(sql)
        return files(direct)


def run_simple(connection, sql):
    connection.execute(sql)


def run_extended(connection, sql):
    result = connection.pgconn.exec_params(sql.encode(), None)
    assert result.status == psycopg.pq.ExecStatus.COMMAND_OK, result.error_message


def run_in_transaction(connection, sql, run=run_simple):
    """What the transaction has done before stays, and so do its settings, its savepoints and its cursors."""
    connection.execute("begin; set local statement_timeout = '19s'; insert into other values (1);"
                       " declare mine cursor for select 7; savepoint ddlguard_shadow")
    run(connection, sql)
    shown = [connection.execute(f"show {name}").fetchone()[0]
             for name in ("statement_timeout", "lock_timeout", "client_min_messages")]
    assert shown == ["19s", "0", "notice"]
    assert connection.execute("fetch mine").fetchone() == (7,)
    connection.execute("release ddlguard_shadow; commit")
    assert connection.execute("delete from other returning id").fetchone() == (1,)


def run_in_one_text(connection, sql):
    connection.execute(f"begin; {sql}; commit")


def run_extended_in_transaction(connection, sql):
    run_in_transaction(connection, sql, run_extended)


@pytest.mark.parametrize("run", [run_simple, run_extended, run_in_one_text, run_in_transaction,
                                 run_extended_in_transaction])
def test_what_is_decided_is_what_the_server_does(run, world):
    for sql, settings, works in FORMS:
        before = files(world.direct)
        assert (files_after(world.direct, sql, settings) != before) == works or sql == ONLY_SCANS, sql
        connection = world.connect(**settings)
        run(connection, sql)
        assert (files(world.direct) != before) <= works, sql
        assert bool(connection.notices) == works, (sql, connection.notices)
        assert not [one for one in connection.notices if not one.startswith("NOTICE ddlguard: ")]
        connection.close()
        world.refresh()
    changes = world.proxy.ledger(database="postgres")[-len(FORMS):]
    assert [change["original_sql"] for change in changes] == [sql for sql, _, _ in FORMS]
    assert {change["state"] for change in changes} == {"committed"}
    assert [change["verdict"] != "allow" for change in changes] == [works for _, _, works in FORMS]
    assert world.server.psql("select count(*) from pg_class where relpersistence = 't'") == "0"


def last_statements(world, mark):
    """What has reached the server since the mark was selected."""
    world.direct.execute("select 'end of %s'" % mark)
    servers.wait_for(lambda: any(f"end of {mark}" in line for line in list(world.server.process.lines)), 20, "its log")
    lines = list(world.server.process.lines)
    start = max(i for i, line in enumerate(lines) if f"select '{mark}'" in line)
    return [line for line in lines[start:] if "execute _ddlguard" in line or "statement: " in line]


@pytest.mark.parametrize("sql", [
    "set timezone = 'America/New_York'; alter table t alter ts type timestamptz",   # not in force yet when it is asked
    "alter table t drop c, alter checked set not null",                             # in an order of the server's own
    "alter table t rename a to aa",                                                 # nothing to ask
])
def test_where_the_copy_could_mislead_it_is_not_asked(sql, world):
    connection = world.connect()
    connection.execute("select 'mark'")
    connection.execute(sql)
    assert not [line for line in last_statements(world, "mark") if "CREATE TABLE pg_temp" in line]


def test_a_proof_that_a_new_type_may_take_away_is_not_asked_for(world):
    """The CHECK would be made again with its column, behind SET NOT NULL; one by one it is still there."""
    connection = world.connect()
    connection.execute("select 'mark'")
    connection.execute("alter table t alter c type varchar(40), alter checked set not null")
    asked = [line for line in last_statements(world, "mark") if "ALTER TABLE pg_temp" in line]
    assert "type varchar(40)" in asked[-1] and not any("set not null" in line for line in asked)


def test_an_event_trigger_sees_no_copy(world):
    """Its function may do what no rollback takes back: here it counts."""
    world.server.psql("""create sequence seen; create function see() returns event_trigger language plpgsql as
                         'begin perform nextval(''public.seen''); end';
                         create event trigger watcher on ddl_command_end execute function see()""")
    try:
        connection = world.connect()
        connection.execute("alter table t alter a type bigint")
        assert world.server.psql("select last_value from seen") == "1"
        assert connection.notices
    finally:
        world.server.psql("drop event trigger watcher")


def wait_for_lock(world, query):
    """Until a statement like that waits for a lock."""
    with psycopg.connect(conninfo(world.server, "postgres"), autocommit=True) as looker:
        waits = "select from pg_stat_activity where wait_event_type = 'Lock' and query like %s"
        servers.wait_for(lambda: looker.execute(waits, [query]).fetchall(), 20, f"{query} to wait for a lock")


@pytest.mark.parametrize("begin, end", [("", ""), ("begin; insert into other values (1)", "commit")])
def test_who_holds_the_table_is_not_waited_for(begin, end, world):
    """The copy gives up after a moment; then the statement waits its turn under the lock timeout, as ever."""
    holder, client = world.connect(world.server), world.connect()
    holder.execute("begin; lock table t in access exclusive mode")
    client.execute(begin)
    thread = threading.Thread(target=lambda: (wait_for_lock(world, "alter table t%"), holder.execute("commit")))
    thread.start()
    client.execute("alter table t alter c type varchar(30)")
    thread.join()
    client.execute(end)
    assert any("changing-column-type" in notice for notice in client.notices)       # it could not be asked
    assert world.proxy.ledger(database="postgres")[-1]["state"] == "committed"
    assert world.server.psql("select count(*) from other") == ("1" if begin else "0")


@pytest.mark.parametrize("pause", [0.05, 0.1, 0.15])
@pytest.mark.parametrize("begin, status", [("", "IDLE"), ("begin", "INERROR")])
def test_cancel_while_the_copy_waits(begin, status, pause, world):
    holder, client = world.connect(world.server), world.connect()
    holder.execute("begin; lock table t in access exclusive mode")
    client.execute(begin)
    timer = threading.Timer(pause, client.cancel)
    timer.start()
    started = time.monotonic()
    with pytest.raises(psycopg.errors.QueryCanceled):
        client.execute("alter table t alter c type varchar(30)")
    assert time.monotonic() - started < 5
    timer.join()
    holder.execute("rollback")
    assert client.info.transaction_status.name == status
    client.execute("rollback")
    assert client.execute("show client_min_messages").fetchone() == ("notice",)
    assert world.proxy.ledger(database="postgres")[-1]["sqlstate"] == "57014"


@pytest.mark.parametrize("run", [run_simple, run_extended])
def test_the_clients_own_error_is_the_servers(run, world):
    """What fails on the copy may fail on the table: the client hears of that alone, and its savepoint works."""
    world.server.psql("create view seen as select c from t")
    client = world.connect()
    client.execute("begin; insert into other values (1); savepoint s")
    with pytest.raises((psycopg.errors.FeatureNotSupported, AssertionError), match="used by a view or rule"):
        run(client, "alter table t alter c type varchar(99)")
    client.execute("rollback to s; commit")
    assert world.server.psql("select count(*) from other") == "1"


def test_the_server_goes_away_while_the_copy_waits(world):
    holder, client = world.connect(world.server), world.connect()
    holder.execute("begin; lock table t in access exclusive mode")
    client.execute("begin; alter table other add b int")
    pid = client.execute("select pg_backend_pid()").fetchone()[0]
    thread = threading.Thread(target=lambda: (wait_for_lock(world, "%"),
                                              world.direct.execute("select pg_terminate_backend(%s)", [pid])))
    thread.start()
    with pytest.raises(psycopg.OperationalError):
        client.execute("alter table t alter c type varchar(30)")
    thread.join()
    holder.execute("rollback")
    # On a machine that is too busy for us to be in time, the statement itself was waiting.
    def ended():
        last = world.proxy.ledger(database="postgres")[-1]
        in_time = last["original_sql"] == "alter table other add b int"
        return last["state"] == ("rolled_back" if in_time else "unknown")

    servers.wait_for(ended, 10, "the end of it in the ledger")


def test_the_client_goes_away_while_the_copy_waits(world):
    holder, client = world.connect(world.server), world.connect()
    holder.execute("begin; lock table t in access exclusive mode")
    pid = client.execute("select pg_backend_pid()").fetchone()[0]
    client.pgconn.send_query(b"alter table t alter c type varchar(30)")
    time.sleep(0.1)
    client.close()
    servers.wait_for(lambda: not world.direct.execute("select from pg_stat_activity where pid = %s", [pid]).fetchall(),
                     10, "its session to end")
    holder.execute("rollback")
    assert world.server.psql("select atttypmod from pg_attribute where attrelid = 't'::regclass"
                             " and attname = 'c'") == "24"
