"""CREATE INDEX, DROP INDEX and REINDEX become concurrent, in every way a client can send them, and leave
what was asked for or nothing. Looked at from three sides: the catalog, the server's log of statements, the ledger."""
import re
import subprocess
import threading
import time

import psycopg
import psycopg2
import pytest

import servers
import wire
from conftest import conninfo


@pytest.fixture
def table(server, database):
    """A table `item` of 20,000 rows, big enough not to count as small."""
    server.psql("create table item (id int primary key, a int, b text); insert into item select g,"
                " g % 1000, repeat('x', 100) from generate_series(1, 20000) g; analyze item", database)
    return "item"


def by_psql(proxy, database, sql):
    done = subprocess.run([str(servers.postgres_program("psql")), "-Xq", "-v", "ON_ERROR_STOP=1",
                           conninfo(proxy, database), "-c", sql], capture_output=True, text=True,
                          timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def by_psycopg2(proxy, database, sql):
    client = psycopg2.connect(conninfo(proxy, database))
    client.autocommit = True
    with client.cursor() as cursor:
        cursor.execute(sql)
        assert cursor.statusmessage in ("CREATE INDEX", "DROP INDEX", "REINDEX")
    client.close()


def by_psycopg3(proxy, database, sql, **options):
    with psycopg.connect(conninfo(proxy, database), autocommit=True) as client:
        cursor = client.execute(sql, **options)
        assert cursor.statusmessage in ("CREATE INDEX", "DROP INDEX", "REINDEX")


def by_psycopg3_prepared(proxy, database, sql):
    by_psycopg3(proxy, database, sql, prepare=True)


def by_psycopg3_pipeline(proxy, database, sql):
    with psycopg.connect(conninfo(proxy, database), autocommit=True) as client:
        with client.pipeline() as pipeline:
            client.execute(sql)
            pipeline.sync()
            after = client.execute("select 'after'")
            assert after.fetchone() == ("after",)


def over_the_wire(*flights):
    """A way that sends these flights, %s being the statement, and wants no error."""
    def way(proxy, database, sql):
        with wire.Wire(proxy, {"user": proxy.user, "database": database}) as client:
            for flight in flights:
                client.send(b"".join(part(sql) for part in flight))
                said = client.read_until_ready()
                assert not wire.errors(said), said
                assert said[-1] == (b"Z", b"I")
    return way


def const(data):
    return lambda sql: data


WAYS = {
    "psql": by_psql, "psycopg2": by_psycopg2, "psycopg3": by_psycopg3,
    "psycopg3 prepared": by_psycopg3_prepared, "psycopg3 pipeline": by_psycopg3_pipeline,
    "simple": over_the_wire([wire.query]),
    "extended": over_the_wire([wire.extended, const(wire.SYNC)]),
    "prepared under a name, executed later": over_the_wire(
        [lambda sql: wire.parse(sql, "ddl"), const(wire.describe(b"S", "ddl") + wire.SYNC)],
        [const(wire.bind("ddl") + wire.execute() + wire.SYNC)]),
    "prepared unnamed, executed later": over_the_wire(
        [wire.parse, const(wire.SYNC)], [const(wire.bind() + wire.execute() + wire.SYNC)]),
    "named portal with a row limit": over_the_wire(
        [lambda sql: wire.parse(sql, "s"), const(wire.bind("s", "C_1") + wire.describe(b"P", "C_1") +
                                                 wire.execute("C_1", 1000) + wire.SYNC)]),
    "first of a pipeline": over_the_wire(
        [wire.extended, const(wire.extended("select 1") + wire.SYNC)]),
    "with a comment and a semicolon": over_the_wire(
        [lambda sql: wire.query(f"/* x ; */ -- y\n{sql} ; -- z")]),
    "parse, flush, then the rest": over_the_wire(
        [wire.parse, const(wire.describe(b"S") + wire.FLUSH + wire.bind() + wire.execute() +
                           wire.SYNC)]),
}


def concurrent(statements, verb):
    """Those that begin (behind comments) with the verb and say CONCURRENTLY."""
    pattern = re.compile(rf"(?:/\*.*?\*/|--[^\n]*\n|\s)*{verb}\b.*\bCONCURRENTLY\b", re.I | re.S)
    return [sql for sql in statements if pattern.match(sql)]


@pytest.mark.parametrize("way", WAYS)
def test_create_index(way, proxy, database, table, index, sent):
    WAYS[way](proxy, database, "CREATE INDEX item_a ON item (a)")
    assert index("item_a").valid
    assert len(concurrent(sent(), "CREATE.*INDEX")) == 1
    change, = proxy.ledger(database=database)
    assert change["state"] == "committed" and change["verdict"] == "rewrite"
    assert "CREATE INDEX item_a ON item (a)" in change["original_sql"]
    assert concurrent([step["sql"] for step in change["executed"]], "CREATE.*INDEX")
    assert "require-concurrent-index-creation" in [rule["id"] for rule in change["rules"]]
    assert change["objects"][0]["name"] in ("item_a", "item")


@pytest.mark.parametrize("way", ["psql", "psycopg2", "simple", "extended",
                                 "prepared under a name, executed later"])
def test_drop_index(way, proxy, database, table, server, index, sent):
    server.psql("create index item_a on item (a)", database)
    WAYS[way](proxy, database, "DROP INDEX item_a")
    assert index("item_a") is None
    assert len(concurrent(sent(), "DROP INDEX")) == 1
    change, = proxy.ledger(database=database)
    assert (change["state"], change["tag"]) == ("committed", "DROP INDEX")


@pytest.mark.parametrize("sql", ["REINDEX INDEX item_pkey", "REINDEX TABLE item"])
@pytest.mark.parametrize("way", ["psql", "simple", "extended"])
def test_reindex(way, sql, proxy, database, table, index, sent):
    WAYS[way](proxy, database, sql)
    assert index("item_pkey").valid
    assert len(concurrent(sent(), "REINDEX")) == 1
    assert proxy.ledger(database=database)[0]["state"] == "committed"


@pytest.mark.parametrize("sql, name", [
    ("create index on item (a)", "item_a_idx"),
    ("create index on item (a, lower(b))", "item_a_lower_idx"),
    ("create unique index on item (id)", "item_id_idx"),
    ("create index on item ((a + 1))", "item_expr_idx"),
    ("create index on item (a) include (b) where a > 3", "item_a_b_idx"),
])
def test_unnamed_index_gets_the_name_of_postgresql(sql, name, proxy, database, table, server, index,
                                                   connect, sent):
    """The proxy names the index before it builds it; the name is what PostgreSQL would have chosen."""
    client = connect()
    client.execute(sql)
    assert index(name).valid
    assert concurrent(sent(), "CREATE.*INDEX")
    client.execute(sql)     # once more: a number is added, as PostgreSQL does
    assert index(f"{name}1").valid
    server.psql(f"drop index {name}, {name}1; {sql}", database)
    assert index(name).valid, "PostgreSQL would have named it differently"


def test_options_survive(connect, table, index):
    connect().execute('CREATE UNIQUE INDEX "Od d" ON ONLY item USING btree (id DESC NULLS LAST,'
                      " b text_pattern_ops) INCLUDE (a) WITH (fillfactor = 70) WHERE a > 5")
    found = index("Od d")
    assert found.valid and found.unique
    for words in ("DESC NULLS LAST", "text_pattern_ops", "INCLUDE (a)", "fillfactor='70'", "a > 5"):
        assert words in found.definition


def test_unique_violation_leaves_nothing(connect, table, index, proxy, database):
    client = connect()
    with pytest.raises(psycopg.errors.UniqueViolation) as caught:
        client.execute("create unique index item_a on item (a)")
    assert caught.value.diag.sqlstate == "23505"
    assert "item_a" in caught.value.diag.message_primary
    assert index("item_a") is None
    change, = proxy.ledger(database=database)
    assert (change["state"], change["sqlstate"]) == ("failed", "23505")
    assert client.execute("select 1").fetchone() == (1,)


@pytest.fixture
def leftover(server, database, table):
    """An invalid index `item_a`, as an interrupted concurrent build leaves it."""
    try:
        server.psql("create unique index concurrently item_a on item (a)", database)
    except RuntimeError:
        return
    pytest.fail("the build should have failed")


@pytest.mark.parametrize("sql", ["create index item_a on item (a)",
                                 "create index if not exists item_a on item (a)",
                                 "create index concurrently item_a on item (a)"])
def test_invalid_leftover_is_dropped_first(sql, leftover, connect, index):
    assert not index("item_a").valid
    connect().execute(sql)
    assert index("item_a").valid and not index("item_a").unique


def test_an_invalid_index_of_another_table_is_nobodys_leftover(leftover, connect, index, server, database):
    server.psql("create table other as select g as a, repeat('x', 100) as b from generate_series(1, 20000) g",
                database)
    with pytest.raises(psycopg.errors.DuplicateTable):
        connect().execute("create index item_a on other (a)")
    assert not index("item_a").valid


def test_an_invalid_index_that_is_being_built_is_nobodys_leftover(table, connect, server, direct, index):
    """The same name, past the proxy: its build waits for a writer, so the index is there and invalid."""
    writer, builder = connect(leg=server, autocommit=False), connect(leg=server)
    writer.execute("set idle_in_transaction_session_timeout = 0; update item set a = 0 where id = 1")
    thread = threading.Thread(target=builder.execute, args=("create index concurrently item_a on item (a)",))
    thread.start()
    servers.wait_for(lambda: direct.execute("select from pg_stat_progress_create_index").rowcount, 10, "the build")
    with pytest.raises(psycopg.Error) as caught:
        connect().execute("create index item_a on item (b)")
    assert caught.value.sqlstate in ("55P03", "42P07")
    writer.rollback()
    thread.join()
    assert index("item_a").valid and "(a)" in index("item_a").definition


def test_valid_index_of_that_name(connect, table, index, server, database):
    server.psql("create index item_a on item (id)", database)
    before = index("item_a").definition
    client = connect()
    with pytest.raises(psycopg.errors.DuplicateTable):
        client.execute("create index item_a on item (a)")
    client.execute("create index if not exists item_a on item (a)")
    assert any("already exists" in text for text in client.notices)
    assert index("item_a").definition == before


@pytest.mark.parametrize("sql, sqlstate", [
    ("create index i on item (nosuch)", "42703"), ("create index i on nosuch (a)", "42P01"),
    ("create index i on item using nosuch (a)", "42704"), ("create index i on item (a", "42601"),
    ("drop index nosuch", "42704"), ("drop index item", "42809"), ("drop index item_pkey", "2BP01"),
    ("reindex index nosuch", "42P01"), ("create index i on item (a) where nosuch > 1", "42703"),
    ("create index iß on item (é)", "42703")])
def test_errors_are_those_of_the_server(sql, sqlstate, connect, server, database, table):
    """SQLSTATE, text and position are as without the proxy."""
    outcome = []
    for leg in (server, None):
        with pytest.raises(psycopg.Error) as caught:
            connect(leg=leg).execute(sql)
        diag = caught.value.diag
        outcome.append((diag.sqlstate, diag.message_primary, diag.statement_position))
    assert outcome[0] == outcome[1] and outcome[0][0] == sqlstate


@pytest.mark.parametrize("setup, sql", [
    ("create temp table t (a int)", "create index t_a on t (a)"),
    ("create table t (a int); create index t_a on t (a); create index t_b on t (a)",
     "drop index t_a, t_b"),
    ("create table t (a int); create index t_a on t (a)", "drop index t_a cascade"),
    ("create table t (a int) partition by range (a); create index t_a on t (a)", "drop index t_a"),
    ("create table t (a int)", "drop index if exists t_nothing"),
])
def test_forms_that_cannot_be_concurrent_run_as_they_are(setup, sql, connect, proxy, database, sent):
    client = connect()
    client.execute(setup)
    client.execute(sql)
    assert not concurrent(sent(), "CREATE INDEX") and not concurrent(sent(), "DROP INDEX t_[ab]\\b")
    last = proxy.ledger(database=database)[-1]
    assert last["original_sql"] == sql and last["state"] in ("committed", "no_op")


def test_client_that_asks_for_concurrently_itself(connect, table, index, proxy, database):
    connect().execute("create index concurrently item_a on item (a)")
    assert index("item_a").valid
    assert proxy.ledger(database=database)[0]["state"] == "committed"


def test_two_clients_build_on_one_table(make_proxy, database, table, index):
    """Two concurrent builds on one table would kill each other; here one waits for the other."""
    failures = []
    proxy = make_proxy(timeouts={"attempts": 60, "backoff": "100ms", "backoff_max": "1s"})

    def build(name):
        try:
            with psycopg.connect(conninfo(proxy, database), autocommit=True) as connection:
                connection.execute(f"create index {name} on item (a)")
        except psycopg.Error as error:
            failures.append(error)
    threads = [threading.Thread(target=build, args=(f"item_{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert all(index(f"item_{n}").valid for n in range(3))


def test_observe_mode_changes_nothing(shared_proxies, server, database, table, sent):
    proxy = shared_proxies["observe"]
    by_psycopg3(proxy, database, "create index item_a on item (a)")
    assert [sql for sql in sent() if "item_a" in sql] == ["create index item_a on item (a)"]
    change, = proxy.ledger(database=database)
    assert (change["state"], change["executed"]) == (
        "committed", [{"sql": "create index item_a on item (a)"}])


def test_writers_go_on_during_the_build(connect, server, database, index):
    """The point of it all: a writer's longest wait is far shorter than the build."""
    server.psql("create table big (a int, b text); insert into big select g, md5(g::text) from"
                " generate_series(1, 300000) g", database)
    builder, writer, longest, done = connect(), connect(), [0.0], threading.Event()

    def write():
        while not done.is_set():
            start = time.monotonic()
            writer.execute("insert into big values (0, '')")
            longest[0] = max(longest[0], time.monotonic() - start)
    thread = threading.Thread(target=write)
    thread.start()
    start = time.monotonic()
    builder.execute("create index big_b on big (b)")
    build = time.monotonic() - start
    done.set()
    thread.join()
    assert index("big_b").valid
    assert longest[0] < build / 2, f"{longest[0]:.3f} s of waiting in a build of {build:.3f} s"
