"""Fixtures of the tests of partitioned tables. Each change is made twice: directly, on a table in schema `plain`, and
through the proxy, on its twin in schema `safe`; afterwards the catalogs are the same, names included."""
import pytest

from conftest import TIMEOUTS
from test_rewrites import SCHEMAS, outcome

TABLES = """
    create schema {0};
    set search_path = {0};
    create type color as enum ('red', 'green', 'blue');
    create table r (id int primary key);
    insert into r select generate_series(0, 999);
    create table pt (k int, a int not null constraint small check (a < 1000), b text) partition by range (k);
    create table p1 partition of pt for values from (0) to (1000);
    create table p2 partition of pt for values from (1000) to (2000) partition by list (a);
    create table p21 partition of p2 for values in (1, 2);
    create table p22 partition of p2 default;
    insert into pt select g % 2000, g % 3, 'x' || g from generate_series(1, 6000) g;
    create table n (k int, a int not null constraint small check (a < 1000), b text);
    insert into n select 2000 + g % 1000, g % 3, 'x' || g from generate_series(1, 6000) g;
    analyze;
"""

# A relation, a column, a constraint … each with all that tells it from another.
CATALOG = """
    with r as (select c.* from pg_class c where c.relnamespace = 'SCHEMA'::regnamespace)
    select 'relation', r.relname, r.relkind::text, r.relispartition::text, r.reloptions::text,
           pg_get_expr(r.relpartbound, r.oid),
           (select string_agg(inhparent::regclass::text, ',') from pg_inherits where inhrelid = r.oid) from r
    union all select 'column', r.relname, a.attname, format_type(a.atttypid, a.atttypmod),
           concat_ws(' ', a.attnum, a.attnotnull, a.attidentity, a.attislocal, a.attinhcount),
           pg_get_expr(d.adbin, d.adrelid), null
      from r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
      left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum where r.relkind in ('r', 'p')
    union all select 'constraint', r.relname, k.conname, pg_get_constraintdef(k.oid),
           concat_ws(' ', k.convalidated, k.condeferrable, k.condeferred, k.conislocal, k.coninhcount),
           (select u.conname || ' of ' || u.conrelid::regclass from pg_constraint u where u.oid = k.conparentid),
           k.conindid::regclass::text
      from r join pg_constraint k on k.conrelid = r.oid
    union all select 'index', r.relname, null, pg_get_indexdef(r.oid),
           concat_ws(' ', x.indisvalid, x.indisready, x.indisunique, x.indisprimary, x.indimmediate), null, null
      from r join pg_index x on x.indexrelid = r.oid
    union all select 'trigger', r.relname, k.conname, p.proname, t.tgtype::text,
           (select u.tgrelid::regclass::text from pg_trigger u where u.oid = t.tgparentid),
           t.tgconstrrelid::regclass::text
      from r join pg_trigger t on t.tgrelid = r.oid join pg_proc p on p.oid = t.tgfoid
      left join pg_constraint k on k.oid = t.tgconstraint
    order by 1, 2, 3, 4, 5, 6, 7"""


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
        direct.execute("set search_path = pg_catalog")
        rows = direct.execute(CATALOG.replace("SCHEMA", schema)).fetchall()
        return [tuple(text and text.replace(f"{schema}.", "") for text in row) for row in rows]
    return look


@pytest.fixture
def guarded(connect, make_proxy):
    """A connection through a proxy to which no table is small."""
    return connect(leg=make_proxy(timeouts=TIMEOUTS, limits={"small_table": 0}))


@pytest.fixture
def both(twins, direct, guarded):
    """both(sql): runs it in both schemas and gives what each client heard."""
    def run(sql):
        return outcome(direct, "plain", sql), outcome(guarded, "safe", sql)
    return run
