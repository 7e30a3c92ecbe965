"""DROP TABLE of a partition and DETACH PARTITION: neither locks the whole partitioned table (PostgreSQL 14 and later)."""
import re
import threading

import pytest

from application import application_of
from pairs import catalog, outcome, prepare
from partitioned import SETUP, both, guarded


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
])
def test_what_the_server_will_not_drop_is_not_detached(both, direct, catalog, detaches, before, sql):
    prepare(direct, before)
    start = catalog("safe")
    plain, safe = both(sql)
    assert safe == plain and safe[2] == "ERROR"
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
        assert outcome(client, "safe", "drop table p1") == "DROP TABLE"
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
    heard = outcome(guarded, "safe", sql)
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
        heard = outcome(guarded, "safe", "alter table pt detach partition p1")
        timer.join()
    assert busy.longest < 2
    assert heard == "ALTER TABLE" or heard[0] == "55P03"
