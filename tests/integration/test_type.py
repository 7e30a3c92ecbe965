"""A new type that writes no row anew, of a column that CHECKs mention: these are validated behind the change. Made
twice, directly and through the proxy; afterwards both schemas are the same, quirks of the server's included."""
import pytest

from conftest import outcome

ROWS = 20000
TABLES = f"""
    create schema {{0}};
    set search_path = {{0}};
    create table p (d varchar(9) primary key);
    insert into p values ('d');
    create table t (a int, b int not null, c varchar(50), d varchar(9));
    insert into t select g, g, repeat('x', 40), 'd' from generate_series(1, {ROWS}) g;
    alter table t add constraint "K %s k'" check (c <> 'it''s 5%' and b > 0), add check (length(c) > 1) no inherit;
    analyze t;"""

# What is done to the table before; the change; whether it is made in parts.
FORMS = [
    ("", "alter table t alter c type text", True),
    ("", "alter table if exists only t /* , */ alter column c set data type varchar(60) using c::varchar(60)", True),
    ("", "alter table t alter c type varchar(45)", False),
    ("", "alter table t alter c type text, alter d set default 'd'", False),
    ("alter table t add constraint n check (c <> 'n') not valid", "alter table t alter c type text", True),
    ("comment on constraint t_c_check on t is 'kept'", "alter table t alter c type text", False),
    ("alter table t add constraint k check (d <> 'n'), add foreign key (d) references p",
     "alter table t alter d type text", False),
    ("create index on t (lower(c))", "alter table t alter c type text", False),
    ("create table child () inherits (t)", "alter table t alter c type text", False),
    ("", "alter table t alter b type bigint", False),
    # Rows that the CHECK, with another type or collation, is not true of: nothing is changed.
    ("alter table t add k int default -1 check (k < 0)", "alter table t alter k type oid", False),
    ("alter table t alter d type varchar(9) collate \"C\", add check (d > 'X')", "alter table t alter d type text", False),
    ("alter table t add check (d > 'X')", "alter table t alter d type text collate \"C\"", False),
    ("alter table t add x varchar(9) default 'a' check (pg_collation_for(x) = '\"default\"')",
     "alter table t alter x type varchar(12) collate \"POSIX\"", False),
]
LOOK = """
    select 'column', attname::text, format_type(atttypid, atttypmod), attnotnull::text, null from pg_attribute
      where attrelid = 'SCHEMA.t'::regclass and attnum > 0 and not attisdropped
    union all select 'constraint', conname, pg_get_constraintdef(oid), concat_ws(' ', convalidated, connoinherit,
      conislocal, coninhcount, conkey), obj_description(oid, 'pg_constraint') from pg_constraint
      where conrelid = 'SCHEMA.t'::regclass
    order by 1, 2"""


@pytest.fixture
def schemas(server, database):
    yield ("plain", "safe")
    server.psql("set client_min_messages = warning; drop schema plain, safe cascade", database)


@pytest.mark.parametrize("setup, sql, in_parts", FORMS, ids=[f"{form[1]}: {form[0]}" for form in FORMS])
def test_the_schema_is_that_of_the_plain_statement(server, database, schemas, connect, direct, sent,
                                                   setup, sql, in_parts):
    seen, got = {}, {}
    for schema, client in zip(schemas, (direct, connect())):
        server.psql(TABLES.format(schema) + setup, database)
        client.execute(f"set search_path = {schema}")
        got[schema] = outcome(client, sql)
        rows = direct.execute(LOOK.replace("SCHEMA", schema)).fetchall()
        seen[schema] = [tuple(text and text.replace(f"{schema}.", "") for text in row) for row in rows]
    assert got["safe"] == got["plain"]
    assert seen["safe"] == seen["plain"]
    assert any("VALIDATE CONSTRAINT" in text for text in sent()) == in_parts
