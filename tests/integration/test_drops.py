"""What is dropped, renewed or renamed in several steps; each form is made twice (pairs.py)."""
import threading

import psycopg
import pytest
import servers
from pairs import catalog, in_both, outcome_in, prepare

SETUP = in_both("""
    create table p (id int primary key);
    create table t (id int primary key, a int, b int, c text, e int);
    create table u (a int, b int unique);
    insert into t select g, g % 1000, g, repeat('x', 100), g from generate_series(1, 20000) g;
    analyze t;
    create index ta on t (a);
    create index tb on t (b);
    create index tc on t (c);
    create unique index te on t (e);
    create index ua on u (a);
    create table pt (k int) partition by range (k);
    create table p1 partition of pt for values from (0) to (10);
    create index ptk on pt (k)
""")


@pytest.fixture
def both(connect, direct, catalog):
    """both(sql, client): the same through both ways, notices included; the outcome."""
    def run(sql, client=None):
        heard, client = {}, client or connect()
        for schema, connection in (("plain", direct), ("safe", client)):
            seen = heard[schema] = []
            connection.add_notice_handler(
                lambda diag, seen=seen: seen.append((diag.sqlstate, diag.message_primary)))
            seen.append(outcome_in(connection, schema, sql.format(schema)))
        heard["safe"] = [one for one in heard["safe"]
                         if one[0] == "0" or not str(one[1]).startswith("ddlguard: ")]
        assert heard["safe"] == heard["plain"]
        assert catalog("safe") == catalog("plain")
        return heard["plain"][-1]
    return run


def ours(sent):
    return [line for line in sent() if "ddlguard" in line and "DROP" in line and "SELECT" not in line]


# --- DROP INDEX of several ------------------------------------------------------------------------

@pytest.mark.parametrize("sql, drops", [
    ("drop index ta, ua, tb", ["ta", "ua", "tb"]),
    ("drop index if exists tc, nope, ta restrict", ["IF EXISTS tc", "IF EXISTS ta"]),
    ("drop index if exists nope, tb, other.nor", ["IF EXISTS tb"]),
])
def test_indexes_are_dropped_one_by_one(both, sent, sql, drops):
    assert both(sql) == "DROP INDEX"
    assert [line.split("CONCURRENTLY ")[1] for line in ours(sent) if "CONCURRENTLY" in line] == drops


@pytest.mark.parametrize("sql, sqlstate", [
    ("drop index ta, nope", "42704"),
    ("drop index ta, t_pkey", "2BP01"),
    ("drop index ta, u_b_key", "2BP01"),
    ("drop index ta, te", "2BP01"),           # a foreign key stands on it, no constraint of its own
    ("drop index ta, p1_k_idx", "2BP01"),     # a partition's part
    ("drop index ta, u", "42809"),
    ("drop index if exists ta, u", "42809"),
    ("drop index ta, other.nope", "3F000"),
    ("drop index ta, nodb.safe.tb", "0A000"),
])
def test_one_that_the_server_will_not_drop_keeps_them_all(both, direct, sent, sql, sqlstate):
    prepare(direct, "create table x (e int references t (e))")
    assert both(sql)[0] == sqlstate
    assert not ours(sent)


def test_who_owns_one_of_two_drops_none(server, both, connect, direct, database):
    server.psql("create role dropper login", database)
    try:
        prepare(direct, "grant usage on schema {} to dropper; alter table u owner to dropper")
        direct.execute("set role dropper")
        client = connect(user="dropper")
        assert both("drop index ua, ta", client)[0] == "42501"
        client.close()
        direct.execute("reset role")
    finally:
        server.psql("drop owned by dropper; drop role dropper", database)


def test_a_reader_of_the_second_table_is_waited_for(connect, direct, proxy, database):
    """... and does not keep writers out of the first one; what was dropped stays so."""
    blocker = connect(leg=None, autocommit=False)
    blocker.execute("select 1 from safe.u")
    client = connect()
    result = outcome_in(client, "safe", "drop index ta, ua")
    assert result[0] == "55P03"
    assert client.notices[-1] == "ddlguard: the change has failed, but this of it is done: DROP INDEX CONCURRENTLY ta"
    change = proxy.ledger(database=database)[-1]
    assert (change["state"], change["remains"]) == ("failed", "DROP INDEX CONCURRENTLY ta")
    blocker.rollback()
    names = [row[0] for row in direct.execute(
        "select relname from pg_class where relnamespace = 'safe'::regnamespace and relname in ('ta', 'ua')")]
    assert names == ["ua"]
    assert outcome_in(client, "safe", "drop index if exists ta, ua") == "DROP INDEX"
    assert not direct.execute("select from pg_index where not indisvalid").fetchall()


# --- REINDEX of a schema --------------------------------------------------------------------------

FILES = """select c.relname, c.relfilenode from pg_class c join pg_index i on i.indexrelid = c.oid
           where c.relnamespace = 'safe'::regnamespace and c.relkind = 'i'"""


def test_a_schema_is_reindexed_concurrently(connect, direct, both, sent):
    before = dict(direct.execute(FILES).fetchall())
    assert both("reindex schema {}") == "REINDEX"
    after = dict(direct.execute(FILES).fetchall())
    assert before.keys() == after.keys() and not set(before.values()) & set(after.values())
    assert any(line.lower() == "reindex schema concurrently safe" for line in sent())


def test_what_a_cancelled_one_has_left_goes(connect, direct):
    writer = connect(leg=None, autocommit=False)
    writer.execute("update safe.u set a = 1 where false; insert into safe.u values (1, 1)")
    client = connect()
    timers = [threading.Timer(1, client.cancel), threading.Timer(1.3, writer.rollback)]
    for timer in timers:
        timer.start()
    assert outcome_in(client, "safe", "reindex schema safe")[0] == "57014"
    for timer in timers:
        timer.join()
    assert not direct.execute("select from pg_index where not indisvalid").fetchall()


def test_an_index_that_would_be_passed_over_keeps_it_as_it_came(connect, direct, sent):
    direct.execute("create table safe.x (r int4range, exclude using gist (r with &&))")
    client = connect()
    assert outcome_in(client, "safe", "reindex schema safe") == "REINDEX"
    assert "exclusion constraint" in client.notices[0]
    assert not any("concurrently" in line.lower() for line in sent())


# --- DROP TABLE with foreign keys -----------------------------------------------------------------

CHILD = """
    create table c (p int constraint fp references p on delete cascade deferrable, e int,
                    own int, id int primary key);
    alter table c add constraint fe foreign key (e) references t (e) not valid,
                  add constraint "f ""u" foreign key (e) references u (b) on update set null,
                  add foreign key (own) references c (id);
"""


@pytest.fixture
def children(direct):
    prepare(direct, CHILD)


def test_foreign_keys_go_before_their_table(children, both, sent):
    assert both("drop table c restrict") == "DROP TABLE"
    assert [line.split("*/ ")[1] for line in ours(sent)] == [
        "ALTER TABLE safe.c DROP CONSTRAINT fp", "ALTER TABLE safe.c DROP CONSTRAINT fe",
        'ALTER TABLE safe.c DROP CONSTRAINT "f ""u"', "DROP TABLE c"]


@pytest.mark.parametrize("obstacle", [
    "create view v as select * from c", "create table x (c c)",
    "create table x (id int references c)", "create policy y on u using (exists (select from c))",
    "create function f() returns int begin atomic select count(*) from c; end"])
def test_a_table_that_is_needed_keeps_its_foreign_keys(children, both, direct, sent, obstacle):
    if "begin atomic" in obstacle and direct.info.server_version < 140000:
        pytest.skip("PostgreSQL 14 and later")
    prepare(direct, obstacle)
    assert both("drop table c")[0] == "2BP01"
    assert not ours(sent)
    assert both("drop table c cascade") == "DROP TABLE"


def test_foreign_keys_come_back_when_the_table_stays(children, connect, direct, catalog):
    before = catalog("safe")
    blocker = connect(leg=None, autocommit=False)
    blocker.execute("select from safe.u")               # in the way of the third foreign key
    client = connect()
    assert outcome_in(client, "safe", "drop table c")[0] == "55P03"
    assert catalog("safe") == before
    blocker.rollback()
    assert outcome_in(client, "safe", "drop table c") == "DROP TABLE"


def test_a_foreign_key_that_cannot_come_back_is_told(children, connect, direct):
    """A row that breaks it came while it was gone: NOT VALID is what can be had."""
    blocker = connect(leg=None, autocommit=False)
    blocker.execute("select from safe.u")
    client = connect()
    tried = threading.Thread(target=lambda: outcome_in(client, "safe", "drop table c"))
    tried.start()
    servers.wait_for(lambda: not direct.execute("select from pg_constraint where conname = 'fp' and"
                                                " connamespace = 'safe'::regnamespace").fetchall(), 20,
                     "the first foreign key to go")
    servers.wait_for(lambda: inserts(connect), 20, "a moment between two tries")
    tried.join()
    blocker.rollback()
    assert direct.execute("select convalidated from pg_constraint where conname = 'fp' and"
                          " connamespace = 'safe'::regnamespace").fetchall() == [(False,)]
    assert any("VALIDATE CONSTRAINT fp" in notice for notice in client.notices)


def inserts(connect):
    with connect(leg=None) as writer:
        return writer.execute("insert into safe.c (p, id) values (1000000, 1)").rowcount


# --- PRIMARY KEY USING INDEX over columns that may be NULL ----------------------------------------

@pytest.fixture
def keyless(direct):
    prepare(direct, "alter table t drop constraint t_pkey; create unique index ab on t (a, b, id);"
                    " alter table t alter b set not null")


def test_the_columns_are_proved_first(keyless, both, sent):
    assert both("alter table t add constraint pk primary key using index ab, alter c set default 'x'") == "ALTER TABLE"
    proved = [line for line in sent() if "VALIDATE CONSTRAINT" in line]
    assert len(proved) == 1                                # a: b and id are NOT NULL already


def test_a_null_is_told_and_the_index_stays(keyless, both, direct):
    prepare(direct, "insert into t values (0, null, 0)")
    assert both("alter table t add primary key using index ab")[0] == "23502"


def test_what_is_wrong_with_the_index_is_the_servers_to_say(keyless, both, direct):
    prepare(direct, "create index plain on t (a)")
    assert both("alter table t add primary key using index plain")[0] == "42809"
    assert both("alter table t add primary key using index nope")[0] == "42704"


# --- a constraint in the place of another ---------------------------------------------------------

def test_a_key_that_is_needed_is_refused_at_once(both, direct, sent):
    prepare(direct, "create table x (b int references u (b))")
    assert both("alter table u drop constraint u_b_key, add constraint u_b_key unique (a, b)")[0] == "2BP01"
    assert not ours(sent)


def test_one_that_its_own_table_needs_is_refused_in_the_end(both, direct, catalog):
    prepare(direct, "alter table t add e2 int references t")
    assert both("alter table t drop constraint t_pkey, add constraint t_pkey primary key (id, a)")[0] == "2BP01"


def test_the_name_that_gets_free_is_chosen(both, direct, sent):
    prepare(direct, "alter table t add check (a >= 0)")
    assert both("alter table t drop constraint t_a_check, add check (a > -1)") == "ALTER TABLE"
    assert both("alter table t drop constraint t_pkey, add primary key (id, a)") == "ALTER TABLE"
    assert any("TO t_a_check" in line for line in sent()) and any("TO t_pkey" in line for line in sent())


def test_one_that_another_table_has_is_not(both, direct):
    prepare(direct, "alter table t add check (a >= 0); alter table u add constraint t_a_check check (a > 0)")
    assert both("alter table t drop constraint t_a_check, add check (a > -1)") == "ALTER TABLE"


# --- REFRESH in a transaction block ---------------------------------------------------------------

VIEW = """create materialized view mv as select id, a from t; create unique index on mv (id);
          update t set a = a + 1 where id < 10"""


@pytest.mark.parametrize("prepared", [False, True], ids=["simple", "extended"])
def test_readers_pass_a_refresh_in_a_transaction(connect, direct, sent, prepared):
    prepare(direct, VIEW)
    client = connect(autocommit=False)
    client.execute("insert into safe.u values (1, 1)")
    client.execute("refresh materialized view safe.mv", prepare=prepared)
    assert direct.execute("select a from safe.mv where id = 1").fetchone() == (1,)    # waits for nobody
    client.commit()
    assert direct.execute("select a from safe.mv where id = 1").fetchone() == (2,)
    assert any(line.endswith("CONCURRENTLY safe.mv") for line in sent())
    client.execute("refresh materialized view safe.mv")
    client.rollback()
    assert not direct.execute("select from pg_locks where relation = 'safe.mv'::regclass").fetchall()


def test_a_refresh_in_a_transaction_tries_again(connect, direct, server, sent):
    prepare(direct, VIEW)
    blocker = connect(leg=server, autocommit=False)
    blocker.execute("refresh materialized view concurrently safe.mv")
    client = connect(autocommit=False)
    client.execute("insert into safe.u values (1, 1)")
    timer = threading.Timer(1, blocker.rollback)
    timer.start()
    client.execute("refresh materialized view safe.mv")
    timer.join()
    assert sum(line.endswith("CONCURRENTLY safe.mv") for line in sent()) >= 2
    assert client.execute("select count(*) from safe.u").fetchone() == (1,)
    assert client.execute("show lock_timeout").fetchone() == ("0",)


def test_a_refresh_in_a_batch_that_cannot_have_its_lock_fails_the_transaction(connect, direct, server):
    prepare(direct, VIEW)
    blocker = connect(leg=server, autocommit=False)
    blocker.execute("refresh materialized view concurrently safe.mv")
    client = connect(autocommit=False)
    client.execute("insert into safe.u values (1, 1)")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        client.execute("refresh materialized view safe.mv", prepare=True)
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        client.execute("select 1")
    client.rollback()
    assert client.execute("select count(*) from safe.u").fetchone() == (0,)


# --- the migration tool at hand -------------------------------------------------------------------

@pytest.mark.parametrize("first, way", [
    ("select 'alembic_version'", "Alembic: with op.get_context().autocommit_block()"),
    ("set application_name = 'Flyway by Redgate'", "Flyway: executeInTransaction=false"),
    ("select 1", "Rails disable_ddl_transaction!, Django"),
])
def test_the_hint_names_the_way_of_the_tool(connect, first, way):
    client = connect()
    client.execute(first)
    client.execute("begin")
    client.execute("create index i on safe.t (a)")
    client.execute("rollback")
    assert any(way in notice for notice in client.notices)
