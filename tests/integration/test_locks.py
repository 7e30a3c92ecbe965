"""Schema changes that must lock: bounded waits, retries, transactions, and the client's own settings."""
import threading
import time

import psycopg
import pytest

from conftest import TIMEOUTS
from wire import Wire, kinds, query

LOCK_SECONDS = 0.7          # TIMEOUTS["lock"]


@pytest.fixture
def table(server, database):
    server.psql("create table item (id int primary key, a int, b text);"
                " insert into item select g, g, 'x' from generate_series(1, 1000) g", database)


class Blocker:
    """A transaction that holds a lock on `item` for some seconds (or until release())."""

    def __init__(self, connection, seconds=None, sql="select * from item limit 1"):
        self.connection = connection
        connection.execute("begin")
        connection.execute(sql)
        self.pid = connection.info.backend_pid
        self.timer = threading.Timer(seconds or 60, self.release)
        self.timer.start()

    def release(self):
        self.timer.cancel()
        if self.connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            self.connection.execute("rollback")


@pytest.fixture
def block(connect, server):
    made = []

    def make(seconds=None, **options):
        made.append(Blocker(connect(leg=server), seconds, **options))
        return made[-1]
    yield make
    for blocker in made:
        blocker.timer.cancel()
        blocker.release()


class Application:
    """Reads `item` again and again and remembers the longest wait."""

    def __init__(self, connection):
        self.connection, self.longest, self.done = connection, 0.0, threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.done.is_set():
            start = time.monotonic()
            self.connection.execute("select a from item where id = 1")
            self.longest = max(self.longest, time.monotonic() - start)
            time.sleep(0.005)

    def stop(self):
        self.done.set()
        self.thread.join()
        return self.longest


def test_retries_until_the_blocker_is_gone(table, connect, server, block, proxy, database):
    """ALTER TABLE behind a blocker: the application waits for one lock timeout at most, the client is
    told of every try, and the change is made in the end."""
    client, application = connect(), Application(connect(leg=server))
    block(seconds=2.2)
    start = time.monotonic()
    client.execute("alter table item add column c int")
    took, longest = time.monotonic() - start, application.stop()
    assert 1.5 < took < 8
    assert longest < LOCK_SECONDS + 0.5, f"the application waited {longest:.2f} s"
    tries = [text for text in client.notices if "lock" in text.lower()]
    change, = proxy.ledger(database=database)
    assert change["state"] == "committed" and change["attempts"] >= 2
    assert len(tries) == change["attempts"] - 1, client.notices
    assert change["lock_timeout_ms"] == LOCK_SECONDS * 1000


def test_gives_up_after_the_attempts(table, connect, block, proxy, database, direct):
    block()
    client = connect()
    start = time.monotonic()
    with pytest.raises(psycopg.errors.LockNotAvailable):
        client.execute("alter table item add column c int")
    assert time.monotonic() - start < TIMEOUTS["attempts"] * (LOCK_SECONDS + 1.5)
    change, = proxy.ledger(database=database)
    assert (change["state"], change["sqlstate"], change["attempts"]) == (
        "failed", "55P03", TIMEOUTS["attempts"])
    assert client.execute("show lock_timeout").fetchone() == ("0",)
    assert direct.execute("select count(*) from pg_attribute where attrelid = 'item'::regclass and"
                          " attname = 'c'").fetchone() == (0,)


def test_blockers_are_named(make_proxy, server, table, connect, block, database):
    """With a maintenance connection the notice of a failed try says who stands in the way."""
    proxy = make_proxy(maintenance={"user": "postgres", "database": "postgres"})
    client, blocker = connect(leg=proxy), block()
    client.add_notice_handler(lambda _: blocker.release())
    client.execute("alter table item add column c int")
    assert any(str(blocker.pid) in text for text in client.notices), client.notices


def test_no_blockers_without_maintenance(table, connect, block):
    client, blocker = connect(), block()
    client.add_notice_handler(lambda _: blocker.release())
    client.execute("alter table item add column c int")
    assert client.notices


@pytest.mark.parametrize("sql", [
    "alter table item add column c int", "alter table item rename to thing", "drop table item",
    "truncate item", "lock table item in access exclusive mode", "create trigger t before update on"
    " item for each row execute function suppress_redundant_updates_trigger()",
    "do $$ begin execute 'alter table item add column c int'; end $$", "comment on table item is 'x'",
    "alter table item alter a set not null", "create rule r as on delete to item do nothing"])
def test_every_change_waits_for_a_bounded_time(sql, table, connect, server, block, make_proxy):
    proxy = make_proxy(timeouts={**TIMEOUTS, "attempts": 1})
    block(sql="lock table item in access exclusive mode")
    client = connect(leg=proxy)
    start = time.monotonic()
    if sql.startswith("lock"):
        client.execute("begin")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        client.execute(sql)
    assert time.monotonic() - start < LOCK_SECONDS + 2


@pytest.mark.parametrize("own, expected", [("50ms", 0.05), ("1h", LOCK_SECONDS), ("0", LOCK_SECONDS)])
def test_shorter_timeout_of_the_client_wins(own, expected, table, connect, block, make_proxy):
    proxy = make_proxy(timeouts={**TIMEOUTS, "attempts": 1})
    block()
    client = connect(leg=proxy)
    client.execute(f"set lock_timeout = '{own}'")
    start = time.monotonic()
    with pytest.raises(psycopg.errors.LockNotAvailable):
        client.execute("alter table item add column c int")
    assert expected - 0.1 < time.monotonic() - start < expected + 1.5
    shown = client.execute("show lock_timeout").fetchone()[0]
    assert shown == own


DDL = ("create index item_a on item (a)", "alter table item add column c int", "reindex table item",
       "alter table nosuch add column c int", "create unique index item_b on item (b)")


@pytest.mark.parametrize("sql", DDL)
@pytest.mark.parametrize("before", [None, "set lock_timeout = '77s'; set statement_timeout = '99s'",
                                    "set session lock_timeout = '5min'"])
def test_settings_are_as_before(sql, before, table, connect):
    """Whatever the change did, the client's timeouts are what they were."""
    client = connect()
    if before:
        client.execute(before)
    look = lambda: [client.execute(f"show {name}").fetchone()[0]
                    for name in ("lock_timeout", "statement_timeout", "client_min_messages")]
    settings = look()
    try:
        client.execute(sql)
    except psycopg.Error:
        pass
    assert look() == settings
    client.execute("reset all")
    assert look() == ["0", "0", "notice"]


@pytest.mark.parametrize("end", ["commit", "rollback", "rollback to a; commit"])
@pytest.mark.parametrize("place", ["session before begin", "session inside", "local inside",
                                   "from the startup packet"])
def test_settings_survive_transactions(place, end, table, server, connect):
    """SET before or inside BEGIN, a change, then COMMIT or ROLLBACK: SHOW tells what it would tell without
    the proxy, at every point."""
    def scenario(leg):
        keys = {"options": "-c lock_timeout=44s"} if place.startswith("from") else {}
        client = connect(leg=leg, **keys)
        seen = []
        look = lambda: seen.append(client.execute("show lock_timeout").fetchone()[0])
        if place == "session before begin":
            client.execute("set lock_timeout = '33s'")
        client.execute("begin")
        client.execute("savepoint a")
        if place.endswith("inside"):
            client.execute(f"set {place.split()[0]} lock_timeout = '22s'")
        look()
        client.execute("alter table item add column c int")
        look()
        client.execute(end)
        look()
        client.execute("alter table item drop column if exists c")
        look()
        return seen
    assert scenario(None) == scenario(server)


def test_settings_survive_a_failed_change_in_a_transaction(table, connect):
    client = connect()
    client.execute("set lock_timeout = '33s'")
    client.execute("begin")
    with pytest.raises(psycopg.errors.UndefinedColumn):
        client.execute("alter table item drop column nosuch")
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        client.execute("alter table item add column c int")
    client.execute("rollback")
    assert client.execute("show lock_timeout").fetchone() == ("33s",)


def test_in_a_transaction_the_index_is_guarded(table, server, database, connect, index, proxy, sent):
    """Inside BEGIN no rewrite is possible: the index is built as it is, under the lock timeout, and when
    the table is not small the client hears of it."""
    server.psql("insert into item select g, g, repeat('x', 100) from generate_series(2000, 40000) g;"
                " analyze item", database)
    client = connect(autocommit=False)
    client.execute("create index item_a on item (a)")
    client.commit()
    assert index("item_a").valid
    assert any("transaction" in text for text in client.notices), client.notices
    assert not [sql for sql in sent() if "concurrently" in sql.lower()]
    change, = proxy.ledger(database=database)
    assert change["state"] == "committed" and change["lock_timeout_ms"] > 0


def test_new_table_in_a_transaction_is_left_alone(database, connect, index, proxy):
    client = connect(autocommit=False)
    client.execute("create table fresh (a int)")
    client.execute("create index fresh_a on fresh (a)")
    client.commit()
    assert index("fresh_a").valid
    assert not client.notices
    assert [change["state"] for change in proxy.ledger(database=database)] == ["committed"] * 2


def test_lock_timeout_in_a_transaction(table, connect, block, proxy, database):
    """In a transaction it is tried again, behind a savepoint of ours; at last the error is the server's own,
    and the client's transaction has failed as it would have without the proxy."""
    block()
    client = connect(autocommit=False)
    client.execute("select 1")
    start = time.monotonic()
    with pytest.raises(psycopg.errors.LockNotAvailable):
        client.execute("alter table item add column c int")
    assert time.monotonic() - start < TIMEOUTS["attempts"] * (LOCK_SECONDS + 1) + 1.5
    assert len([notice for notice in client.notices if "lock timeout; next try" in notice]) == \
        TIMEOUTS["attempts"] - 1
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        client.execute("select 1")
    client.rollback()
    change, = proxy.ledger(database=database)
    assert (change["state"], change["sqlstate"]) == ("failed", "55P03")
    assert change["attempts"] == TIMEOUTS["attempts"]


def test_several_statements_in_one_query(table, connect, index, proxy, database):
    """An implicit transaction: guarded, not rewritten, and all or nothing."""
    client = connect()
    client.execute("create index item_a on item (a); create index item_b on item (b)")
    assert index("item_a").valid and index("item_b").valid
    with pytest.raises(psycopg.errors.DivisionByZero):
        client.execute("create index item_c on item (a); select 1/0")
    assert index("item_c") is None
    assert [change["state"] for change in proxy.ledger(database=database)] == [
        "committed", "committed", "rolled_back"]


def test_change_in_the_middle_of_a_pipeline(table, connect, index, proxy, database):
    client = connect()
    with client.pipeline():
        client.execute("insert into item values (0, 0, 'x')")
        client.execute("create index item_a on item (a)")
        last = client.execute("select count(*) from item")
    assert last.fetchone() == (1001,) and index("item_a").valid
    assert proxy.ledger(database=database)[0]["state"] == "committed"


@pytest.mark.parametrize("moment", ["waiting for the lock", "sleeping between tries"])
def test_cancel_while_retrying(moment, table, connect, block, make_proxy, database):
    """A cancel ends the plan at once with 57014, also when the server has nothing to cancel."""
    proxy = make_proxy(timeouts={**TIMEOUTS, "lock": "600ms", "backoff": "10s", "backoff_max": "10s"})
    block()
    client = connect(leg=proxy)
    delay = 0.3 if moment.startswith("waiting") else 2.0
    timer = threading.Timer(delay, client.cancel)
    timer.start()
    start = time.monotonic()
    with pytest.raises(psycopg.errors.QueryCanceled):
        client.execute("alter table item add column c int")
    assert time.monotonic() - start < delay + 1.5
    assert client.execute("show lock_timeout").fetchone() == ("0",)
    change, = proxy.ledger(database=database)
    assert (change["state"], change["sqlstate"]) == ("failed", "57014")


def test_cancel_of_a_concurrent_build(table, connect, block, index, proxy, database):
    """A build that waits for an old transaction: a cancel leaves no invalid index behind."""
    block(sql="insert into item values (-1, 0, '')")
    client = connect()
    timer = threading.Timer(1.0, client.cancel)
    timer.start()
    with pytest.raises(psycopg.Error) as caught:
        client.execute("create index item_a on item (a)")
    assert caught.value.sqlstate in ("57014", "55P03")
    assert index("item_a") is None
    assert proxy.ledger(database=database)[0]["state"] == "failed"
    assert client.execute("show lock_timeout").fetchone() == ("0",)


def test_cancel_of_a_build_that_waits_for_snapshots(table, connect, block, index, proxy, database):
    """The same later in the build: another session's old snapshot holds up the end of it."""
    block(sql="set transaction isolation level repeatable read; select 1 from pg_class limit 1")
    client = connect()
    timer = threading.Timer(1.5, client.cancel)
    timer.start()
    with pytest.raises(psycopg.errors.QueryCanceled):
        client.execute("create index item_a on item (a)")
    assert index("item_a") is None
    change, = proxy.ledger(database=database)
    assert (change["state"], change["sqlstate"]) == ("failed", "57014")


def test_build_waits_for_an_old_snapshot_without_timeout(table, connect, block, index):
    """lock_timeout would kill the build while it waits for transactions that lock nothing of ours."""
    block(seconds=2.5, sql="set transaction isolation level repeatable read;"
                           " select 1 from pg_class limit 1")
    connect().execute("create index item_a on item (a)")
    assert index("item_a").valid


def test_deadline_of_a_build(table, connect, block, index, make_proxy):
    proxy = make_proxy(timeouts={**TIMEOUTS, "concurrent_total": "1500ms"})
    block(sql="set transaction isolation level repeatable read; select 1 from pg_class limit 1")
    client = connect(leg=proxy)
    start = time.monotonic()
    with pytest.raises(psycopg.Error):
        client.execute("create index item_a on item (a)")
    assert time.monotonic() - start < 5
    assert index("item_a") is None


def test_the_server_does_not_end_the_session_in_a_pause(table, server, proxy, database, block):
    """idle_session_timeout, shorter than our pauses between tries: the client is not idle, it waits."""
    if int(server.psql("show server_version_num")) < 140000:
        pytest.skip("PostgreSQL 14 and later")
    block(seconds=1.6)
    with Wire(proxy, {"user": "postgres", "database": database}) as wire:
        wire.send(query("set idle_session_timeout = '40ms'") + query("alter table item add c int") +
                  query("show idle_session_timeout"))
        reply = wire.read_until_ready(3)
    assert kinds(reply).replace("S", "").replace("N", "") == "CZCZTDCZ", reply
    assert "N" in kinds(reply) and reply[-3][1].endswith(b"40ms")
