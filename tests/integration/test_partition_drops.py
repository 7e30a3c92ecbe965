"""DROP TABLE of a partition and DETACH PARTITION: neither locks the whole partitioned table (PostgreSQL 14 and later)."""
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from application import application_of
from pairs import catalog, outcome_in, prepare
from partitioned import SETUP, both, guarded
from relay import BEFORE, Relay


@pytest.fixture
def detaches(sent, direct):
    """Whether the proxy has detached something since."""
    def look():
        detached = any(re.search("detach partition .* concurrently$", line.lower()) for line in sent())
        return detached if direct.info.server_version >= 140000 else None
    return look


@pytest.mark.parametrize("before, sql", [
    ("", "drop table p1"),
    ("", "drop table if exists p2 restrict"),         # with partitions of its own, one a default partition
    ("create table \"a P\" partition of pt for values from (2000) to (3000)", "drop table \"a P\""),
    ("alter table pt add foreign key (a) references r; create index on pt (a)", "drop table p1"),
    ("alter table pt add primary key (k, a, b); create table o (k int, a int, b text, foreign key (k, a, b)"
     " references p1)", "drop table p2"),
    ("create view v as select * from pt; create publication all_of_{} for table pt", "drop table p1"),
    ("alter table p1 add check (b <> ''), add foreign key (k) references r", "drop table p1"),
])
def test_a_partition_is_detached_before_it_is_dropped(both, direct, catalog, detaches, before, sql):
    prepare(direct, before)
    plain, safe = both(sql)
    assert safe == plain == "DROP TABLE"
    assert catalog("safe") == catalog("plain")
    assert detaches() in (True, None)


@pytest.mark.parametrize("before, sql", [
    ("create view v as select * from p1", "drop table p1"),
    ("alter table p1 add primary key (k, a, b); create table o (k int, a int, b text, foreign key (k, a, b)"
     " references p1)", "drop table p1"),
    ("alter table pt add primary key (k, a, b); create table o (k int, a int, b text, foreign key (k, a, b)"
     " references pt); insert into o select k, a, b from pt limit 1", "drop table p1"),
    ("create table x (p p1)", "drop table p1"),
    ("", "drop table nobody"),
    ("create foreign data wrapper w_{}; create server s_{} foreign data wrapper w_{};"
     " create foreign table f partition of pt for values from (2000) to (3000) server s_{}", "drop table f"),
])
def test_what_the_server_will_not_drop_is_not_detached(both, direct, catalog, detaches, before, sql):
    prepare(direct, before)
    start = catalog("safe")
    plain, safe = both(sql)
    assert safe == plain and safe[1] == "ERROR"
    assert catalog("safe") == start
    assert not detaches()


@pytest.mark.parametrize("sql", ["drop table p21", "drop table p1 cascade", "drop table p1, n"])
def test_what_cannot_be_detached_is_dropped_as_it_came(both, catalog, detaches, sql):
    plain, safe = both(sql)
    assert safe == plain == "DROP TABLE"
    assert catalog("safe") == catalog("plain")
    assert not detaches()


def test_who_owns_the_partition_alone_drops_it_as_he_may(server, direct, connect, database, detaches):
    server.psql("create role dropper login; grant usage, create on schema safe to dropper;"
                " alter table safe.p1 owner to dropper", database)
    try:
        client = connect(user="dropper")
        assert outcome_in(client, "safe", "drop table p1") == "DROP TABLE"
        assert not detaches()
        client.close()
    finally:
        server.psql("drop owned by dropper; drop role dropper", database)


@pytest.fixture
def holder(connect, server):
    """holder(sql): a transaction, past the proxy, that has done this and stays."""
    def make(sql):
        connection = connect(leg=server, autocommit=False)
        connection.execute("set search_path = safe")
        connection.commit()
        connection.execute(sql)
        return connection
    return make


@pytest.mark.parametrize("held", ["select from p1 limit 1", "select from pt limit 1", "select from r limit 1"])
@pytest.mark.parametrize("sql", ["drop table p1", "alter table pt detach partition p1"])
def test_somebody_who_stays_is_told_before_anything_is_done(
        direct, guarded, catalog, detaches, holder, held, sql):
    """A table that foreign keys lead to is locked as well: by DROP TABLE, against its readers."""
    if direct.info.server_version < 140000:
        pytest.skip("made CONCURRENTLY by PostgreSQL 14 and later")
    prepare(direct, "alter table pt add foreign key (a) references r")
    before = catalog("safe")
    stays = holder(held)
    heard = outcome_in(guarded, "safe", sql)
    if held == "select from r limit 1" and "detach" in sql:
        assert heard == "ALTER TABLE"
    else:
        assert heard[0] == "55P03"
        assert catalog("safe") == before
        assert not detaches()
    stays.rollback()


def test_writers_of_a_referenced_table_do_not_wait_for_one_of_theirs(
        direct, guarded, connect, server, holder):
    """DETACH takes a lock on it for a moment; a writer that stays makes the others wait for a lock timeout at most."""
    prepare(direct, "alter table pt add foreign key (a) references r")
    with application_of(connect, server, "update r set id = id where id = 1") as busy:
        stays = holder("update r set id = id where id = 2")
        timer = threading.Timer(4, stays.rollback)
        timer.start()
        heard = outcome_in(guarded, "safe", "alter table pt detach partition p1")
        timer.join()
    assert busy.longest < 2
    assert heard == "ALTER TABLE" or heard[0] == "55P03"


# Of the partition that is detached: its columns, the key, the bound.
BOUNDS = [
    ("k int", "range (k)", "for values from (1) to (9)"),
    ("k int", "list (k)", "in (1)"),
    ("k int", "list (k)", "in (1, -2, null)"),
    ("k varchar(20)", "list (k)", "in ('a]', 'it''s, \"x\\', '', ', ARRAY[1]', null)"),
    ("k char(4)", "list (k)", "in ('a', 'NULL')"),
    ("k text collate \"C\"", "list (k)", "in ('{', '}')"),
    ("k text", "list (k collate \"C\")", "in ('a', '(b)')"),
    ("k text", "list (lower(k))", "in ('a', 'b c')"),
    ("k color", "list (k)", "in ('red', 'blue')"),
    ("k timestamptz(3)", "list (k)", "in ('2026-01-01', '2026-02-01 12:00:00.5')"),
    ("k int[]", "list (k)", "in ('{1,2}', '{3}')"),
    ("k numeric(9, 2)", "list (k)", "in (1.5, -2.25, 'nan')"),
    ("k float8", "list (k)", "in (1.5, -2.25, 1e30)"),
    ("k bool", "list (k)", "in (true, false)"),
    ("k bit(3)", "list (k)", "in (b'101', b'111')"),
    ("k bytea", "list (k)", "in ('\\x00', '\\xff')"),
    ("k text", "hash (k)", "with (modulus 2, remainder 1)"),
]


@pytest.mark.parametrize("columns, key, bound", BOUNDS)
@pytest.mark.parametrize("conforming", ["on", "off"])
def test_nothing_is_left_of_a_bound(both, direct, guarded, catalog, conforming, columns, key, bound):
    """CONCURRENTLY leaves a CHECK in its place."""
    prepare(direct, f"create table m ({columns}) partition by {key}; create table d partition of m for values"
                    f" {bound.replace('for values', '')}; alter table d add constraint own check (k is distinct from k)")
    guarded.execute(f"set standard_conforming_strings = {conforming}")
    plain, safe = both("alter table m detach partition d")
    assert safe == plain == "ALTER TABLE"
    if conforming == "on" or "\\" not in bound:
        assert catalog("safe") == catalog("plain")


@pytest.mark.parametrize("key, bound, check", [
    ("range (k)", "from (1) to (9)", "k > -1"),
    ("list (k)", "in (1, 2)", "k = any (array[1, 2])"),
    ("list (k)", "in (1, 2)", "k is not null and k = any ('{1,2,3}')"),
    ("list (k)", "in (1, 2)", "k is not null and k = any ('{1,2}') or false"),
])
def test_a_check_that_comes_meanwhile_stays(server, make_proxy, connect, direct, key, bound, check):
    if direct.info.server_version < 140000:
        pytest.skip("no DETACH CONCURRENTLY")
    relay = Relay(server)
    client = connect(leg=make_proxy(upstream={"database": "*", "host": relay.host, "port": relay.port}))
    direct.execute(f"create table safe.m (k int) partition by {key};"
                   f" create table safe.d partition of safe.m for values {bound}")
    relay.stop("DETACH PARTITION d CONCURRENTLY", BEFORE)
    with ThreadPoolExecutor() as pool:
        detach = pool.submit(outcome_in, client, "safe", "alter table m detach partition d")
        assert relay.reached.wait(20)
        direct.execute(f"alter table safe.d add constraint zz check ({check})")
        relay.release()
        assert detach.result(20) == "ALTER TABLE"
    relay.close()
    left = direct.execute("select conname from pg_constraint where conrelid = 'safe.d'::regclass and contype = 'c'")
    assert left.fetchall() == [("zz",)]
