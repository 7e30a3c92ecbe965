"""A new column with a value of its own for every row: the rows are filled in batches while the application goes
on. (That the schema is the plain statement's is in test_rewrites.py.)"""
import json
import subprocess
import threading
import time

import psycopg
import pytest

import servers
from conftest import ROOM_SECONDS, conninfo

ROWS = 30000
UUID = "alter table {} add column z uuid not null default gen_random_uuid()"
TABLES = f"""
    create table keyed (a int, b text, n int, primary key (b, a));
    insert into keyed select g, g % 7, 0 from generate_series(1, {ROWS}) g;
    create table bare (a int, b text, n int);
    insert into bare select g, repeat('x', 60), 0 from generate_series(1, {ROWS}) g;
    analyze"""
# A key of a type that is not PostgreSQL's own: its operators are not trusted.
MOODS = f"""
    create type mood as enum ('sad', 'glad');
    create table moods (m mood, a int, n int, filler text, primary key (m, a));
    insert into moods select (array['sad', 'glad'])[1 + g % 2]::mood, g, 0, repeat('x', 40)
      from generate_series(1, {ROWS}) g;
    analyze"""


@pytest.fixture
def tables(server, database):
    server.psql(TABLES, database)
    server.psql(MOODS, database)


@pytest.fixture
def columns(direct):
    """The names of a table's columns."""
    def look(table):
        rows = direct.execute("select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
                              " and not attisdropped order by attnum", [table]).fetchall()
        return [row[0] for row in rows]
    return look


def count(connection, what, table):
    return connection.execute(f"select {what} from {table}").fetchone()[0]


@pytest.mark.parametrize("table", ["keyed", "bare", "moods"])
def test_every_row_gets_a_value_of_its_own(tables, connect, direct, table):
    client = connect()
    client.execute(UUID.format(table))
    assert count(direct, "count(distinct z)", table) == ROWS
    assert any(f"{ROWS} of about {ROWS} rows filled" in notice for notice in client.notices)


def test_a_serial_column_numbers_the_rows(tables, connect, direct):
    connect().execute("alter table keyed add column z bigserial")
    assert count(direct, "array[count(distinct z), min(z), max(z)]", "keyed") == [ROWS, 1, ROWS]
    assert direct.execute("insert into keyed (a, b) values (0, '') returning z").fetchone()[0] == ROWS + 1


def test_an_identity_goes_on_where_the_rows_end(tables, connect, direct):
    connect().execute("alter table keyed add z int generated always as identity (start 10 increment 10 cache 5)")
    assert count(direct, "array[count(distinct z), min(z), max(z)]", "keyed") == [ROWS, 10, 10 * ROWS]
    assert direct.execute("insert into keyed (a, b) values (0, '') returning z").fetchone()[0] == 10 * (ROWS + 1)
    with pytest.raises(psycopg.errors.GeneratedAlways):
        direct.execute("insert into keyed (a, b, z) values (-1, '', 1)")
    assert direct.execute("select pg_get_serial_sequence('keyed', 'z'), relacl from pg_class"
                          " where relname = 'keyed_z_seq'").fetchone() == ("public.keyed_z_seq", None)


def test_who_may_only_insert_can_do_so_while_an_identity_is_made(server, database, tables, make_proxy, connect,
                                                                direct):
    """An identity asks for no right to its sequence; what numbers the rows before it must not either."""
    server.psql("create role clerk login; grant insert, select on keyed to clerk", database)
    try:
        clerk, client = connect(leg=None, user="clerk"), connect(leg=make_proxy(backfill=SLOWLY))
        filling = Filling(client, direct, "alter table keyed add z int generated always as identity")
        for at in range(10 ** 6, 10 ** 7):
            clerk.execute("insert into keyed (a, b) values (%s, 'new')", [at])
            if not filling.thread.is_alive():
                break
        assert filling.error is None and at > 10 ** 6
        assert count(direct, "count(*) - count(distinct z)", "keyed") == 0
        clerk.close()
    finally:
        server.psql("drop owned by clerk; drop role clerk", database)


@pytest.mark.parametrize("table", ["keyed", "bare"])
def test_an_application_that_writes_meanwhile_hardly_notices(tables, connect, direct, table):
    """It inserts, updates (which moves rows), and changes keys; none of its rows is left out."""
    stop, worst, failures = threading.Event(), [0], []
    writer = connect(leg=None)

    def write():
        for at in range(1, 10 ** 9):
            if stop.is_set():
                return
            start = time.monotonic()
            try:
                with writer.transaction():
                    writer.execute(f"insert into {table} (a, b) values (%s, 'new')", [10 ** 6 + at])
                    row = at * 7919 % ROWS + 1
                    writer.execute(f"update {table} set n = n + 1, b = b || '!' where a = %s", [row])
            except psycopg.Error as error:
                failures.append(error)
            worst[0] = max(worst[0], time.monotonic() - start)
            time.sleep(0.002)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        connect().execute(UUID.format(table))
    finally:
        stop.set()
        thread.join()
    assert not failures
    assert count(direct, "count(*) filter (where z is null)", table) == 0
    assert count(direct, "count(*) - count(distinct z)", table) == 0
    assert worst[0] < ROOM_SECONDS          # milliseconds on a quiet machine


def test_a_cancel_leaves_nothing_and_tells_how_far_it_came(tables, make_proxy, connect, columns, direct):
    proxy = make_proxy(backfill={"batch": 100, "pause": "20ms"})
    client = connect(leg=proxy)
    timer = threading.Timer(1.0, client.cancel)
    timer.start()
    with pytest.raises(psycopg.errors.QueryCanceled) as caught:
        client.execute("alter table keyed add column z serial")
    timer.join()
    assert "rows had been filled; the column is dropped again" in caught.value.diag.message_detail
    assert columns("keyed") == ["a", "b", "n"]
    assert direct.execute("select to_regclass('keyed_z_seq')").fetchone() == (None,)
    assert client.execute("select 1").fetchone() == (1,)


class Filling:
    """ALTER TABLE in a thread of its own, slow enough to be looked at; its error, if any."""

    def __init__(self, client, direct, sql):
        self.error = None
        self.thread = threading.Thread(target=self.run, args=(client, sql))
        self.thread.start()
        servers.wait_for(lambda: direct.execute(
            "select from pg_attrdef where adrelid = 'keyed'::regclass").rowcount, 10, "the default")

    def run(self, client, sql):
        try:
            client.execute(sql)
        except psycopg.Error as error:
            self.error = error


SLOWLY = {"batch": 300, "pause": "20ms"}


def test_locked_rows_are_filled_when_they_are_free(tables, make_proxy, connect, direct):
    client = connect(leg=make_proxy(backfill=SLOWLY))
    filling = Filling(client, direct, UUID.format("keyed"))
    blocker = connect(leg=None, autocommit=False)
    blocker.execute(f"select from keyed where a > {ROWS} - 10 for update")
    servers.wait_for(lambda: any("try 1 of 4 failed" in notice for notice in client.notices), 20, "a try to fail")
    assert count(direct, "count(*) filter (where z is null)", "keyed") == 10
    blocker.rollback()
    filling.thread.join()
    assert filling.error is None
    assert count(direct, "count(distinct z)", "keyed") == ROWS


def test_rows_that_stay_locked_end_it(tables, make_proxy, connect, columns, direct, database):
    proxy = make_proxy(backfill=SLOWLY)
    filling = Filling(connect(leg=proxy), direct, "alter table keyed add column z uuid default gen_random_uuid()")
    blocker = connect(leg=None, autocommit=False)
    blocker.execute(f"select from keyed where a > {ROWS} - 10 for update")
    filling.thread.join()
    assert filling.error.sqlstate == "55P03"
    assert f"{ROWS - 10} of about {ROWS} rows had been filled; the column may still be there" in (
        filling.error.diag.message_detail)
    blocker.rollback()
    # The same rows were in the way of dropping the column: what is to be run is in the ledger.
    servers.wait_for(lambda: proxy.ledger(database=database)[0]["cleanup"], 10, "what is to be run")
    direct.execute(proxy.ledger(database=database)[0]["cleanup"])
    assert columns("keyed") == ["a", "b", "n"]


def test_a_client_that_is_gone_stops_nothing(tables, make_proxy, connect, direct):
    proxy = make_proxy(backfill={"batch": 1000, "pause": "20ms"})
    client = connect(leg=proxy)
    thread = threading.Thread(target=lambda: pytest.raises(psycopg.Error, client.execute, UUID.format("keyed")))
    thread.start()
    servers.wait_for(lambda: direct.execute("select from pg_attribute where attrelid = 'keyed'::regclass"
                                            " and attname = 'z'").rowcount, 10, "the column")
    client.pgconn.finish()
    thread.join()
    servers.wait_for(lambda: direct.execute("select attnotnull from pg_attribute where attrelid ="
                                            " 'keyed'::regclass and attname = 'z'").fetchone() == (True,),
                     20, "the change to be made")
    assert count(direct, "count(distinct z)", "keyed") == ROWS


@pytest.mark.parametrize("obstacle, why", [
    ("create function f() returns trigger language plpgsql as 'begin return new; end';"
     "create trigger g before update on keyed for each row execute function f()", "a trigger on it fires"),
    ("alter table keyed add constraint c check (n > 0) not valid", "is not validated"),
    ("create rule r as on update to keyed do also select 1", "a rule on it"),
    ("alter table keyed enable row level security, force row level security", "row security is forced"),
])
def test_what_an_update_would_do_besides_is_left_to_the_plain_statement(
        tables, connect, direct, sent, obstacle, why):
    direct.execute(obstacle)
    client = connect()
    client.execute(UUID.format("keyed"))
    assert any(why in notice for notice in client.notices)
    assert not any("SKIP LOCKED" in text for text in sent())
    assert count(direct, "count(distinct z)", "keyed") == ROWS


def test_above_the_size_bound_it_is_refused_then(tables, make_proxy, connect, columns):
    client = connect(leg=make_proxy(limits={"large_table": "1MB"}))
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
        client.execute("alter table keyed add column z bigint generated always as (a * 2) stored")
    assert "a generated column cannot be filled later" in caught.value.diag.message_detail
    assert "in batches" in caught.value.diag.message_hint
    assert columns("keyed") == ["a", "b", "n"]


def test_progress_is_in_the_ledger(tables, proxy, connect, database):
    connect().execute(UUID.format("keyed"))
    change, = proxy.ledger(database=database)
    assert change["progress"] == {"rows": ROWS, "of": ROWS} and change["state"] == "committed"


def test_a_half_filled_column_is_left_to_people(tables, make_proxy, connect, columns, direct, database):
    """Its session is ended. The maintenance connection drops nothing that holds data: it says what to run."""
    proxy = make_proxy(backfill=SLOWLY, maintenance={"user": "postgres", "database": "postgres"})
    client = connect(leg=proxy)
    filling = Filling(client, direct, UUID.format("keyed"))
    end = ("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
           " and query like '%WITH page AS%' and pid <> pg_backend_pid()")
    servers.wait_for(lambda: direct.execute(end).rowcount, 10, "a batch")
    filling.thread.join()
    assert filling.error is not None
    servers.wait_for(lambda: proxy.ledger(database=database)[0]["state"] == "unknown", 10, "unknown")
    change, = proxy.ledger(database=database)

    def given_up():
        shown = proxy.command("ledger", "show", "--json", change["change_id"], "--config", str(proxy.config_path))
        return [body["cleanup_error"] for body in (json.loads(line)["body"] for line in shown.stdout.splitlines())
                if body["kind"] == "cleanup_failed"]

    servers.wait_for(given_up, 20, "the end of it")
    assert "DROP COLUMN z" in given_up()[0]
    assert columns("keyed") == ["a", "b", "n", "z"]


@pytest.mark.parametrize("sql, said", [
    (UUID.format("keyed"), "its rows can be filled in batches, by the key b, a"),
    ("create rule r as on update to keyed do nothing; " + UUID.format("keyed"), "a rule on it"),
    ("alter table keyed drop constraint keyed_pkey; " + UUID.format("keyed"), "by their place")])
def test_explain_says_how_rows_are_filled(tables, server, database, direct, sql, said):
    *before, sql = sql.split("; ")
    for statement in before:
        direct.execute(statement)
    done = subprocess.run([str(servers.PROGRAM), "explain", "--server", conninfo(server, database), sql],
                          text=True, capture_output=True, timeout=20, check=False)
    assert said in done.stdout, done
    done = subprocess.run([str(servers.PROGRAM), "explain", "--json", "--server", conninfo(server, database), sql],
                          text=True, capture_output=True, timeout=20, check=False)
    fill = json.loads(done.stdout)["facts"]["fill"]
    assert (fill["obstacle"] is None) == ("rule" not in said)
    assert fill["key"] == (["b", "a"] if "the key" in said else fill["key"])
