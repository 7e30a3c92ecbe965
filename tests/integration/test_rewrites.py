"""Changes that are made in several parts. Each form is made twice: directly, on a table in schema `plain`, and
through the proxy, on its twin in schema `safe`. Afterwards the catalogs are the same, errors included."""
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

import servers

SCHEMAS = ("plain", "safe")

TABLES = """
    create schema {0};
    set search_path = {0};
    create table p (id int primary key);
    insert into p select generate_series(0, 999);
    create table t (id int, a int, b int not null, c text);
    insert into t select g, g % 1000, g, repeat('x', 100) from generate_series(1, 20000) g;
    analyze t;
    create table keyed (a int, b text, c text, primary key (b, a));
    insert into keyed select g % 1000, g, repeat('x', 100) from generate_series(1, 20000) g;
    analyze keyed;
    create table pt (k int not null default 7 check (k < 1000), b int generated always as identity,
                     r int references p) partition by range (k);
    create index on pt (r);
    create table p1 partition of pt for values from (0) to (10);
    create materialized view mv as select id from t;
    create unique index on mv (id);
"""

# What a row breaks that is in the way of each of these.
VIOLATION = "insert into t values (1, -1, -1, null), (null, null, 1, 'y')"

# The form; what it must look like on its way, for some of them; whether VIOLATION is in its way.
FORMS = [
    ("alter table t add constraint f foreign key (a) references p (id) on delete cascade",
     ["not valid", "validate constraint f"], True),
    ("alter table t add foreign key (a) references p", ["t_a_fkey"], True),
    ("alter table t add constraint k check (b > 0)", ["not valid", "validate constraint k"], True),
    ("alter table t add check (a >= 0)", ["t_a_check"], True),
    ("alter table t alter a set not null", ["validate constraint"], True),
    ("alter table t add constraint u unique (id) include (a) with (fillfactor = 70)",
     ["create unique index concurrently", "using index"], True),
    ("alter table t add unique (id, b) deferrable initially deferred", ["t_id_b_key"], False),
    ("alter table t add primary key (id)", ["create unique index concurrently", "using index"], False),
    ("alter table t add primary key (id, a)", ["is not null) not valid", "using index"], True),
    ("alter table t add constraint pk primary key (b)", ["using index pk"], True),
    ("alter table t add column z int not null default 5 check (z > 0)", ["not valid"], False),
    ("alter table t add column z int references p on delete set null", ["not valid"], False),
    ("alter table t add column z int unique", ["create unique index concurrently"], False),
    ("alter table t add column z uuid default gen_random_uuid()",
     ["alter column z set default gen_random_uuid()", "skip locked"], False),
    ("alter table keyed add z uuid default gen_random_uuid() not null", ["row(b, a)", "skip locked"], False),
    ("alter table keyed add column z bigserial unique", ["create sequence", "skip locked"], False),
    ("alter table keyed add column if not exists z serial, alter c set default 'n'", ["skip locked"], False),
    ("alter table t add column if not exists z smallserial primary key", ["skip locked", "using index"], False),
    ("alter table t add z int constraint ck check (z >= 0) default (random() * 9)::int references p not null",
     ["skip locked", "validate constraint ck"], False),
    ("alter table t add column if not exists z int default 5 check (z > 0)", ["not valid"], False),
    ("alter table t add column y int, add constraint k check (b > 0), alter c set default 'n'",
     ["validate constraint k"], True),
    ("alter table t alter c set not null, alter a set not null, add constraint u unique (id, b)",
     ["using index u"], True),
    ("alter table t add check (w >= z), add column z int default 1 references p, add column y int,"
     " add column w int default 2 check (w > 1)", ["validate constraint t_z_fkey"], False),
    ("alter table t alter a set not null, alter a drop not null", [], True),
    ("alter table t add check (a >= 0), add check (a < 5000), add unique (id, a), add unique (id, a)",
     ["t_a_check1", "t_id_a_key1"], True),
    ("create table p2 partition of pt for values from (10) to (20) with (fillfactor = 70)",
     ["like pt", "attach partition"], False),
    ("create index on pt (b, k) where k > 2",
     ["on only pt", "create index concurrently", "attach partition"], False),
    ("create unique index i on pt (k)", ["on only pt", "attach partition"], False),
    ("alter table pt detach partition p1", ["concurrently"], False),
    ("refresh materialized view mv", ["concurrently"], False),
]

CATALOG = """
    with r as (select c.* from pg_class c where c.relnamespace = 'SCHEMA'::regnamespace)
    select 'relation', r.relname, r.relkind::text, r.relispartition::text, r.reloptions::text,
           pg_get_expr(r.relpartbound, r.oid) from r
    union all select 'column', r.relname, a.attname, format_type(a.atttypid, a.atttypmod),
           concat_ws(' ', a.attnum, a.attnotnull, a.attidentity, a.atthasmissing), pg_get_expr(d.adbin, d.adrelid)
      from r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
      left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum where r.relkind in ('r', 'p')
    union all select 'constraint', r.relname, k.conname, pg_get_constraintdef(k.oid),
           concat_ws(' ', k.convalidated, k.condeferrable, k.condeferred), null
      from r join pg_constraint k on k.conrelid = r.oid
    union all select 'index', r.relname, null, pg_get_indexdef(r.oid),
           concat_ws(' ', x.indisvalid, x.indisready, x.indisunique, x.indisprimary), null
      from r join pg_index x on x.indexrelid = r.oid
    union all select 'sequence', r.relname, null, format_type(s.seqtypid, null),
           concat_ws(' ', s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle),
           (select string_agg(concat_ws(' ', d.deptype, d.refobjid::regclass, d.refobjsubid), ' ')
              from pg_depend d where d.objid = r.oid and d.deptype in ('a', 'i'))
      from r join pg_sequence s on s.seqrelid = r.oid
    order by 1, 2, 3, 4"""


@pytest.fixture
def twins(server, database):
    for schema in SCHEMAS:
        server.psql(TABLES.format(schema), database)
    yield
    for schema in SCHEMAS:
        server.psql(f"set client_min_messages = warning; drop schema {schema} cascade", database)


@pytest.fixture
def catalog(direct):
    def look(schema):
        rows = direct.execute(CATALOG.replace("SCHEMA", schema)).fetchall()
        return [tuple(text and text.replace(f"{schema}.", "") for text in row) for row in rows]
    return look


def outcome(connection, schema, sql):
    """The command tag, or the error as a client sees it."""
    connection.execute(f"set search_path = {schema}")
    try:
        return connection.execute(sql).statusmessage
    except psycopg.Error as error:
        return error.sqlstate, error.diag.message_primary, error.diag.severity


def prepare(direct, sql):
    for schema in SCHEMAS:
        direct.execute(f"set search_path = {schema}")
        direct.execute(sql)


@pytest.mark.parametrize("sql, parts, _", FORMS, ids=[form[0] for form in FORMS])
def test_the_schema_is_the_one_that_was_asked_for(twins, connect, direct, catalog, sent, sql, parts, _):
    plain = outcome(direct, "plain", sql)
    safe = outcome(connect(), "safe", sql)
    assert safe == plain
    assert catalog("safe") == catalog("plain")
    if "detach" in sql and direct.info.server_version < 140000:
        return      # no concurrent form before
    ours = " ".join(line.lower() for line in sent() if "ddlguard" in line)
    for part in parts:
        assert part in ours


@pytest.mark.parametrize("sql", [form[0] for form in FORMS if form[2]])
def test_a_row_in_the_way_is_told_in_the_servers_words_and_leaves_nothing(
        twins, connect, direct, catalog, sql):
    before = catalog("safe")
    for schema in SCHEMAS:
        direct.execute(f"set search_path = {schema}")
        direct.execute(VIOLATION)
    plain = outcome(direct, "plain", sql)
    safe = outcome(connect(), "safe", sql)
    assert safe[0].startswith("23") and safe == plain
    assert catalog("safe") == before


def test_the_session_keeps_its_settings(twins, connect):
    connection = connect()
    connection.execute("set statement_timeout = '1min'; set lock_timeout = '9s'")
    outcome(connection, "safe", "alter table t add constraint u unique (b)")
    assert connection.execute("show statement_timeout").fetchone() == ("1min",)
    assert connection.execute("show lock_timeout").fetchone() == ("9s",)


def test_a_blocker_makes_it_give_up_and_leaves_nothing(twins, connect, direct, catalog):
    before = catalog("safe")
    blocker = connect(leg=None, autocommit=False)
    blocker.execute("select 1 from safe.p limit 1")     # in the way of the second part's undoing, too
    blocker.execute("lock table safe.t in row exclusive mode")
    connection = connect()
    result = outcome(connection, "safe", "alter table t alter a set not null")
    assert result[0] == "55P03"
    blocker.rollback()
    assert catalog("safe") == before
    assert outcome(connection, "safe", "alter table t alter a set not null") == "ALTER TABLE"


@pytest.mark.parametrize("sql, sqlstate", [
    ("alter table t add column if not exists a int", "42701"),
    ("alter table t drop column if exists nope", "00000"),
    ("alter table t alter b set not null", None),
    ("create index if not exists t_idx on t (a)", "42P07"),
    ("drop table if exists nope", "00000"),
])
def test_what_would_change_nothing_waits_for_nobody(twins, connect, direct, sql, sqlstate):
    for schema in SCHEMAS:
        direct.execute(f"create index t_idx on {schema}.t (a)")
    heard = {}
    blocker = connect(autocommit=False)
    blocker.execute("lock table safe.t in row exclusive mode")
    for schema, connection in (("plain", direct), ("safe", connect())):
        seen = heard[schema] = []
        connection.add_notice_handler(
            lambda diag, seen=seen: seen.append((diag.severity, diag.sqlstate, diag.message_primary)))
        seen.append(outcome(connection, schema, sql))
    blocker.rollback()
    assert heard["safe"] == heard["plain"]
    assert sqlstate is None or heard["safe"][0][1] == sqlstate


@pytest.mark.parametrize("sql", [
    "alter table up alter a set not null",              # not so in the table below
    "alter table pt alter r drop not null",             # nor here
    "alter table t drop column if exists ctid",
    "alter table p1 add column if not exists r int",
    "create index if not exists t_idx on v (id)",
])
def test_what_looks_like_no_change_is_left_to_the_server(twins, connect, direct, catalog, sql):
    for schema in SCHEMAS:
        direct.execute(f"""
            set search_path = {schema};
            create index t_idx on t (a);
            create view v as select * from t;
            create table up (a int not null);
            create table down () inherits (up);
            alter table down alter a drop not null;
            alter table p1 alter r set not null""")
    assert outcome(connect(), "safe", sql) == outcome(direct, "plain", sql)
    assert catalog("safe") == catalog("plain")


def test_a_temporary_table_of_that_name_is_not_touched(twins, connect):
    """It comes first in every search_path, but a new partition does not go by it."""
    connection = connect()
    connection.execute("create temp table p2 (a int); insert into p2 values (1)")
    assert outcome(connection, "safe", "create table p2 partition of pt for values from (10) to (20)") \
        == "CREATE TABLE"
    assert connection.execute("select a from pg_temp.p2").fetchall() == [(1,)]
    assert connection.execute("select relispartition from pg_class where oid = 'safe.p2'::regclass"
                              ).fetchone() == (True,)


@pytest.mark.parametrize("encoding", ["SJIS", "GBK", "BIG5"])
def test_characters_that_hide_ascii_bytes_are_left_to_the_server(twins, connect, direct, catalog, encoding):
    """In these encodings the last byte of this character is a backslash."""
    name = {"SJIS": "表", "GBK": "乗", "BIG5": "功"}[encoding]
    connection = connect()
    for schema, client in (("plain", direct), ("safe", connection)):
        client.execute(f"create table {schema}.\"{name}\" (a int)")
        client.execute(f"set client_encoding = '{encoding}'")
        for sql in (f'alter table "{name}" add column "{name}2" int default 1 references p check ("{name}2" < 9)',
                    f'create index on "{name}" ("{name}2")',
                    f'alter table "{name}" add unique ("{name}2"), add constraint "{name}\\" check (a > 0)'):
            assert outcome(client, schema, sql) in ("ALTER TABLE", "CREATE INDEX")
        client.execute("set client_encoding = 'UTF8'")
    assert catalog("safe") == catalog("plain")


def test_a_check_that_comes_while_a_partition_is_detached_stays(twins, connect, direct):
    """DETACH CONCURRENTLY leaves a CHECK that a plain DETACH does not; only that one goes."""
    if direct.info.server_version < 140000:
        pytest.skip("no DETACH CONCURRENTLY")
    checks = "select conname from pg_constraint where conrelid = 'safe.p1'::regclass and contype = 'c' order by 1"
    before = direct.execute(checks).fetchall()
    other = connect(autocommit=False)
    other.execute("lock table safe.p1 in share update exclusive mode")
    with ThreadPoolExecutor() as pool:
        detach = pool.submit(outcome, connect(), "safe", "alter table pt detach partition p1")
        servers.wait_for(lambda: direct.execute(
            "select from pg_locks where relation = 'safe.p1'::regclass and not granted").fetchall(),
            10, "the DETACH to wait for the partition")
        other.execute("alter table safe.p1 add constraint zz check (k > -1)")
        other.commit()
        assert detach.result(20) == "ALTER TABLE"
    assert direct.execute(checks).fetchall() == before + [("zz",)]


def test_a_table_that_is_renamed_between_two_parts_keeps_nothing(twins, connect, direct):
    waits = "select from pg_locks where relation = 'safe.t'::regclass and mode = '%s' and not granted"
    reader, other = connect(autocommit=False), connect(autocommit=False)
    reader.execute("lock table safe.t in access share mode")
    with ThreadPoolExecutor() as pool:
        change = pool.submit(outcome, connect(), "safe", "alter table t add constraint k check (b > 0)")
        servers.wait_for(lambda: direct.execute(waits % "AccessExclusiveLock").fetchall(), 10, "the first part")
        lock = pool.submit(other.execute, "lock table safe.t in share row exclusive mode")
        servers.wait_for(lambda: direct.execute(waits % "ShareRowExclusiveLock").fetchall(), 10, "the other")
        reader.commit()
        lock.result(10)
        other.execute("alter table safe.t rename to t_other")
        other.commit()
        assert change.result(20)[0] == "42P01"
    left = direct.execute("select conname from pg_constraint where conrelid = 'safe.t_other'::regclass")
    assert left.fetchall() == []


def test_no_position_in_a_text_that_the_client_has_not_written(twins, connect):
    connection = connect()
    connection.execute("set search_path = safe")
    for sql in ("create table p2 partition of pt for values from (5) to (20)",
                "alter table t add unique (id, id)"):
        with pytest.raises(psycopg.Error) as error:
            connection.execute(sql)
        assert error.value.diag.statement_position is None


def test_who_may_not_change_it_hears_so(server, connect, database):
    """Nothing to change is no answer for somebody who may not: the server says 42501."""
    server.psql("create table mine (a int not null); create role stranger login", database)
    try:
        client = connect(user="stranger")
        for sql in ("alter table mine alter a set not null",
                    "alter table mine add column if not exists a int"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                client.execute(sql)
        client.close()
    finally:
        server.psql("drop role stranger", database)


def test_no_change_is_not_answered_where_somebody_would_know_of_it(server, connect, database):
    """A transaction that may only read refuses it (25006), and an event trigger runs for it."""
    server.psql("create table mine (a int not null)", database)
    client = connect()
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        client.execute("set default_transaction_read_only = on")
        client.execute("alter table mine alter a set not null")
    client.execute("set default_transaction_read_only = off")
    server.psql("""create function refuse() returns event_trigger language plpgsql as
                   $$ begin raise exception 'not now' using errcode = 'P0777'; end $$;
                   create event trigger refuse on ddl_command_start when tag in ('ALTER TABLE')
                   execute function refuse()""", database)
    assert outcome(client, "public", "alter table mine alter a set not null")[0] == "P0777"
