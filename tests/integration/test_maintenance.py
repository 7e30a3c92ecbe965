"""What the maintenance connection does beside the clients: what failed changes have left behind is removed
later, also when the proxy was killed meanwhile. Looked at from the catalog and from the ledger."""
import contextlib
import json
import threading

import psycopg
import pytest

import schema
import servers
from conftest import conninfo

MAINTENANCE = {"user": "postgres", "database": "postgres"}


@pytest.fixture
def table(server, database):
    """A table `item` of 20,000 rows in which `a` has duplicates."""
    server.psql("create table item (id int primary key, a int, b text); insert into item select g,"
                " g % 1000, repeat('x', 100) from generate_series(1, 20000) g; analyze item", database)
    return "item"


@pytest.fixture
def indexes(direct):
    """indexes(): name -> valid, of the table's indexes but its primary key."""
    sql = ("select c.relname, i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid"
           " where i.indrelid = 'item'::regclass and not i.indisprimary")
    return lambda: dict(direct.execute(sql).fetchall())


@pytest.fixture
def session(server, database):
    """session(sql, ...): a connection past the proxy with a transaction open in which that was run."""
    opened = []

    def make(*statements):
        opened.append(psycopg.connect(conninfo(server, database)))
        for sql in statements:
            opened[-1].execute(sql)
        return opened[-1]

    yield make
    for connection in opened:
        connection.close()


@pytest.fixture
def events(database):
    """events(proxy): the kinds of event of the database's one change, in order; and the last one's body."""
    def read(proxy):
        change, = proxy.ledger(database=database)
        done = proxy.command("ledger", "show", "--json", change["change_id"], "--config",
                             str(proxy.config_path))
        all_of_it = [json.loads(line) for line in done.stdout.splitlines()]
        return [event["kind"] for event in all_of_it], all_of_it[-1]["body"]
    return read


def wait_for_event(events, proxy, kind, seconds=20):
    servers.wait_for(lambda: kind in events(proxy)[0], seconds, f"{kind} in {events(proxy)}")


def fail_and_leave(client, reader):
    """A build that finds duplicates, and whose index cannot be dropped because of the reader."""
    with pytest.raises(psycopg.errors.UniqueViolation):
        client.execute("create unique index item_a on item (a)")
    assert not reader.closed
    assert any("could not undo" in text for text in client.notices), client.notices


def test_tried_again_until_it_succeeds(make_proxy, connect, session, table, indexes, events):
    """The table is held: the clean-up fails first, and succeeds when the holder has ended."""
    proxy = make_proxy(maintenance=MAINTENANCE)
    reader = session("select * from item limit 1")
    fail_and_leave(connect(leg=proxy), reader)
    assert list(indexes().values()) == [False]
    servers.wait_for(lambda: any("event=cleanup" in line and "retry_ms" in line
                                 for line in proxy.process.lines), 10, "a try that fails")
    assert events(proxy)[0][-1] == "needs_cleanup" and list(indexes().values()) == [False]
    reader.rollback()
    wait_for_event(events, proxy, "cleaned_up")
    assert indexes() == {}
    kinds, last = events(proxy)
    assert kinds[-2:] == ["needs_cleanup", "cleaned_up"] and last["undone"]
    assert proxy.ledger()[0]["state"] == "failed" and proxy.ledger()[0]["cleanup"] is None


def test_taken_up_after_a_restart(make_proxy, connect, session, table, indexes, events):
    """Neither a restart nor a journal without maintenance connection forgets what is still to be done."""
    proxy = make_proxy()
    reader = session("select * from item limit 1")
    fail_and_leave(connect(leg=proxy), reader)
    proxy.kill()
    proxy.config["maintenance"] = MAINTENANCE
    proxy.config_path.write_text(servers.as_yaml(proxy.config), encoding="utf-8")
    reader.rollback()
    proxy.start()
    wait_for_event(events, proxy, "cleaned_up")
    assert indexes() == {}


def build_that_waits(client, server, database):
    """A concurrent build under way in a thread, waiting for a writer; and its server process."""
    def run():
        with contextlib.suppress(psycopg.Error):
            client.execute("create index item_b on item (b)")
    thread = threading.Thread(target=run)
    thread.start()
    pid = servers.wait_for(lambda: server.psql(
        "select pid from pg_stat_progress_create_index where datname = current_database() and phase like"
        " 'waiting%'", database), 10, "the build")
    return thread, int(pid)


def test_server_process_lost(make_proxy, connect, server, database, table, indexes, events, session):
    """The build's server process is ended: its invalid index is removed, the ledger says so."""
    proxy = make_proxy(maintenance=MAINTENANCE)
    old = session("set transaction isolation level repeatable read", "select 1")
    thread, pid = build_that_waits(connect(leg=proxy), server, database)
    server.psql(f"select pg_terminate_backend({pid})")
    thread.join()
    wait_for_event(events, proxy, "cleaned_up")
    old.rollback()
    assert indexes() == {}
    servers.wait_for(lambda: proxy.ledger()[0]["state"] == "rolled_back", 5, "rolled_back")


@pytest.mark.parametrize("end", ["finishes", "fails"])
def test_proxy_killed_in_a_build(end, make_proxy, connect, server, database, table, indexes, events,
                                 session):
    """The server goes on building. Nothing is dropped while it does; afterwards only what is invalid."""
    proxy = make_proxy(maintenance=MAINTENANCE)
    old = session("set transaction isolation level repeatable read", "select 1")
    thread, pid = build_that_waits(connect(leg=proxy), server, database)
    proxy.kill()
    thread.join()
    proxy.start()
    servers.wait_for(lambda: any("event=cleanup" in line for line in proxy.process.lines), 10,
                     "a try that fails")
    assert indexes() == {"item_b": False}
    if end == "finishes":
        old.rollback()
    else:
        server.psql(f"select pg_terminate_backend({pid})")
    wait_for_event(events, proxy, "cleaned_up")
    assert indexes() == ({"item_b": True} if end == "finishes" else {})
    if end == "fails":
        servers.wait_for(lambda: proxy.ledger()[0]["state"] == "rolled_back", 5, "rolled_back")


def test_not_valid_constraint(make_proxy, connect, server, database, table, direct, session, events):
    """A CHECK whose rows were being looked at when the server process was lost."""
    proxy = make_proxy(maintenance=MAINTENANCE)
    server.psql("create function slow(int) returns bool language plpgsql as"
                " 'begin if $1 = 1 then perform pg_sleep(20); end if; return true; end'", database)
    client = connect(leg=proxy)

    def run():
        with contextlib.suppress(psycopg.Error):
            client.execute("alter table item add constraint item_c check (slow(id))")
    thread = threading.Thread(target=run)
    thread.start()
    pid = servers.wait_for(lambda: server.psql("select pid from pg_stat_activity where wait_event ="
                                               " 'PgSleep' and query like '%VALIDATE%'"), 10, "VALIDATE")
    find = "select convalidated from pg_constraint where conname = 'item_c'"
    assert direct.execute(find).fetchall() == [(False,)]
    server.psql(f"select pg_terminate_backend({pid})")
    thread.join()
    wait_for_event(events, proxy, "cleaned_up")
    assert direct.execute(find).fetchall() == []


@pytest.mark.parametrize("how", ["maintenance", "once more"])
@pytest.mark.parametrize("added", ["foreign key (a) references p on delete cascade", "unique (id, a)"])
def test_proxy_killed_before_constraints_change_places(added, how, make_proxy, connect, server, database, table,
                                                       direct, session, events):
    """The new one is there and valid, the old one too: a reader keeps it from being dropped."""
    proxy = make_proxy(**({"maintenance": MAINTENANCE} if how == "maintenance" else {}))
    server.psql("create table p (x int primary key); insert into p select generate_series(0, 999);"
                " alter table item add constraint k check (id > 0)", database)
    change = f"alter table item drop constraint k, add constraint k {added}"
    before = schema.parts(direct)
    reader = session("select from item limit 1")
    client = connect(leg=proxy)

    def run():
        with contextlib.suppress(psycopg.Error):
            client.execute(change)
    thread = threading.Thread(target=run)
    thread.start()
    servers.wait_for(lambda: server.psql("select pid from pg_stat_activity where wait_event_type = 'Lock' and"
                                         " query like '%DO %RENAME%'"), 10, "the last part")
    proxy.kill()
    thread.join()
    made = schema.parts(direct)
    assert [part for part in before if part not in made] == [] and len(made) > len(before)
    servers.wait_for(lambda: not server.psql("select pid from pg_stat_activity where query like '%DO %RENAME%'"
                                             " and pid <> pg_backend_pid() and state = 'active'"), 10, "its end")
    reader.rollback()
    proxy.start()
    if how == "maintenance":
        wait_for_event(events, proxy, "cleaned_up")
        assert schema.parts(direct) == before
    else:
        connect(leg=proxy).execute(change)
        assert schema.half_done(direct) == []
        assert direct.execute("select contype::text, convalidated from pg_constraint where conname = 'k'"
                              ).fetchall() == [(added[0], True)]


@pytest.mark.parametrize("change", ["alter table item drop constraint k, add constraint k unique (id, a)",
                                    "alter table item add constraint u unique (id, a)"])
def test_reader_that_outlasts_the_change(change, make_proxy, connect, server, database, table, direct, session, events):
    """The index is whole when the change fails, and not valid since its drop was cut off: two queries find it."""
    proxy = make_proxy(maintenance=MAINTENANCE)
    server.psql("alter table item add constraint k check (id > 0)", database)
    before = schema.parts(direct)
    reader = session("select from item limit 1")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        connect(leg=proxy).execute(change)
    reader.rollback()
    wait_for_event(events, proxy, "cleaned_up")
    assert schema.parts(direct) == before and schema.half_done(direct) == []


def test_user_without_rights(make_proxy, connect, server, session, table, indexes, events):
    """It is tried on and on, and works when the right is granted."""
    server.psql("drop role if exists weak; create role weak login")
    proxy = make_proxy(maintenance={"user": "weak", "database": "postgres"})
    reader = session("select * from item limit 1")
    fail_and_leave(connect(leg=proxy), reader)
    reader.rollback()
    servers.wait_for(lambda: any("permission denied" in line for line in proxy.process.lines), 10,
                     "the reason in the log")
    assert list(indexes().values()) == [False] and events(proxy)[0][-1] == "needs_cleanup"
    server.psql("alter role weak superuser")
    wait_for_event(events, proxy, "cleaned_up")
    assert indexes() == {}


def test_wrong_password(make_proxy, connect, session, table, indexes, events):
    """The same with a login that the server refuses."""
    proxy = make_proxy(maintenance={"user": "with_scram", "database": "postgres"})
    reader = session("select * from item limit 1")
    fail_and_leave(connect(leg=proxy), reader)
    servers.wait_for(lambda: any("password" in line and "retry_ms" in line
                                 for line in proxy.process.lines), 10, "the reason in the log")
    assert connect(leg=proxy).execute("select 1").fetchone() == (1,)
    assert events(proxy)[0][-1] == "needs_cleanup"


def test_what_has_become_valid_stays(make_proxy, connect, server, database, session, table, indexes,
                                     events):
    """Somebody has repaired the index before we came to drop it."""
    proxy = make_proxy()
    reader = session("select * from item limit 1")
    fail_and_leave(connect(leg=proxy), reader)
    reader.rollback()
    proxy.kill()
    server.psql("update item set a = id", database)
    server.psql("reindex index item_a", database)
    proxy.config["maintenance"] = MAINTENANCE
    proxy.config_path.write_text(servers.as_yaml(proxy.config), encoding="utf-8")
    proxy.start()
    wait_for_event(events, proxy, "cleaned_up")
    assert indexes() == {"item_a": True}
    assert events(proxy)[1]["undone"] == []
