"""What the proxy asks the server before it decides, on real tables: `explain --server` shows it."""
import json
import subprocess
import threading
import time

import pytest

import servers
from conftest import conninfo

TABLES = """
create table par (id int primary key, x int);
create table t (id int primary key, a int, b varchar(20), c text, n int not null default 1);
create index t_b_idx on t (b);
create table child (id int, p int constraint child_fk references par);
create domain small as int check (value < 10);
create domain any_int as int;
create table parted (id int, k int) partition by range (k);
create table part_1 partition of parted for values from (0) to (10);
create table part_2 partition of parted for values from (10) to (20) partition by range (k);
create table part_21 partition of part_2 for values from (10) to (15);
create table bounds (k int) partition by list (k);
create table bounds_rest partition of bounds default;
create table base (a int);
create table heir () inherits (base);
create materialized view seen as select id, x from par;
create materialized view unseen as select id from par with no data;
create unique index on unseen (id);
create function f() returns int language plpgsql volatile as 'begin return 1; end';
"""


@pytest.fixture
def explain(server, database):
    """explain(sql, user=...): the JSON of `ddlguard explain --server`."""
    def run(sql, seconds=20, **keys):
        done = subprocess.run([str(servers.PROGRAM), "explain", "--json", "--server",
                               conninfo(server, database, **keys), sql],
                              text=True, capture_output=True, timeout=seconds, check=False)
        assert done.stdout, done.stderr
        return json.loads(done.stdout)
    server.psql(TABLES, database)
    return run


def parts(whole, wanted):
    return {key: whole[key] for key in wanted}


@pytest.mark.parametrize("sql, wanted", [
    ("alter table t add z int", {"kind": "r", "table": "t", "has_children": False, "temporary": False}),
    ("alter table base add z int", {"has_children": True}),
    ("drop table part_1", {"partition_of": "parted", "sibling_default": False}),
    ("drop table bounds_rest", {"partition_of": "bounds", "sibling_default": True}),
    ("alter table bounds detach partition bounds_rest", {"default_partition": True}),
    ("create table part_3 partition of parted for values from (20) to (30)",
     {"kind": "p", "table": "parted", "default_partition": False}),
    ("truncate child", {"exists": True, "kind": "r"}),
    ("vacuum full t", {"kind": "r", "table": "t"}), ("cluster t using t_pkey", {"table": "t"}),
    ("refresh materialized view seen", {"kind": "m", "populated": True, "has_full_unique_index": False}),
    ("refresh materialized view unseen", {"populated": False, "has_full_unique_index": True}),
    ("alter table nosuch add z int", {"target_known": True, "exists": False, "kind": None}),
    ("alter table pg_catalog.pg_class add z int", {"system": True}),
])
def test_target(sql, wanted, explain):
    assert parts(explain(sql)["facts"], wanted) == wanted


@pytest.mark.parametrize("sql, wanted", [
    ("alter table t add a int", {"column_exists": True, "column_not_null": False}),
    ("alter table t add z int", {"column_exists": False}),
    ("alter table t alter n set not null", {"column_exists": True, "column_not_null": True}),
    ("alter table t add z small", {"type_constrained": True}),
    ("alter table t add z any_int", {"type_constrained": False}),
    ("alter table child drop constraint child_fk", {"constraint_exists": True, "constraint_kind": "f",
                                                    "constraint_valid": True}),
    ("alter table child drop constraint nosuch", {"constraint_exists": False, "constraint_kind": None}),
    ("alter table t add foreign key (a) references par", {"other_exists": True, "other_kind": "r",
                                                          "free_name": "t_a_fkey", "unindexed": True}),
    ("alter table t add foreign key (b) references par", {"unindexed": False}),
    ("alter table t add foreign key (b, a) references par", {"unindexed": True}),
    ("alter table t add check (a > 0)", {"free_name": "t_a_check"}),
    ("alter table t add unique (a, b)", {"free_name": "t_a_b_key"}),
    ("alter table t add constraint u unique (a)", {"free_name": None}),
    ("alter table t add z int check (z > 0) references par unique",
     {"free_check": "t_z_check", "free_foreign_key": "t_z_fkey", "free_key": "t_z_key"}),
    ("alter table child add primary key (id)", {"free_name": "child_pkey", "keys_not_null": False,
                                                "keys_nullable": 1}),
    ("alter table t add primary key (a, n, c)", {"keys_not_null": False, "keys_nullable": 0b101}),
    ("alter table t add unique using index t_b_idx", {"other_exists": True, "other_kind": "i",
                                                      "keys_nullable": 1}),
    ("alter table parted attach partition child default", {"other_exists": True, "other_kind": "r"}),
])
def test_action(sql, wanted, explain):
    [action] = explain(sql)["facts"]["actions"]
    assert action["known"] and parts(action, wanted) == wanted


def test_names_that_are_taken(explain, server, database):
    """A constraint's name is taken by one of any table in the schema, a key's also by a relation."""
    server.psql("alter table par add constraint t_a_check check (x > 0); create table t_a_key ()", database)
    facts = explain("alter table t add check (a > 0), add unique (a), add z small")["facts"]
    assert [action["free_name"] for action in facts["actions"]] == ["t_a_check1", "t_a_key1", None]


# Beside each CHECK: does it prove that a is never NULL, to the catalog query and to the server itself?
@pytest.mark.parametrize("check, queried, proved", [
    ("a is not null", True, True), ("not (a is null)", True, True), ("a is distinct from null", True, True),
    ("a is not null and b <> ''", True, True), ("b <> '' and a is not null", True, True),
    ("id is not null and a is not null and b <> ''", True, True),
    ("b <> '' and a is not null and id > 0", False, True),
    ("row(a, id) is not null", False, True),
    ("a > 0", False, False), ("a is not null or b is null", False, False), ("a is null", False, False),
    ("id is not null", False, False), ("(a is not null) = (id > 0)", False, False),
    ("not (a is not null)", False, False), ("b <> '' and (a is not null or id > 0)", False, False),
    ("case when id > 0 then a is not null end", False, False), ("coalesce(a, 0) > 0", False, False),
    ("(a is not null) is not null", False, False), ("not (id is null and a is null)", False, False),
])
def test_proof_of_not_null(check, queried, proved, explain, server, database):
    """The query may miss a proof and must never see one that is none; the copy is always right. Where none can
    be made, only the query answers."""
    server.psql(f"alter table t add constraint proof check ({check})", database)
    whole = explain("alter table t alter a set not null")
    [action] = whole["facts"]["actions"]
    assert action["scans"] == whole["statements"][0]["scans_table"] == (not proved)
    assert action["column_proved"] == proved
    server.psql(f"revoke temporary on database {database} from public; drop role if exists reader;"
                "create role reader login", database)
    [action] = explain("alter table t alter a set not null", user="reader")["facts"]["actions"]
    assert action["scans"] is None and action["column_proved"] == queried


def test_a_check_that_is_not_validated_proves_nothing(explain, server, database):
    server.psql("alter table t add constraint proof check (a is not null) not valid", database)
    whole = explain("alter table t alter a set not null")
    assert whole["facts"]["actions"][0]["column_proved"] is False
    assert whole["facts"]["actions"][0]["scans"] is True


def test_partitions(explain):
    facts = explain("create index on parted (k)")["facts"]
    assert [(one["name"], one["kind"], one["direct"], one["index_name"])
            for one in facts["partitions"]] == [("part_1", "r", True, "part_1_k_idx"),
                                                ("part_2", "p", True, "part_2_k_idx"),
                                                ("part_21", "r", False, "part_21_k_idx")]
    facts = explain("alter table parted add primary key (k)")["facts"]
    assert [one["index_name"] for one in facts["partitions"]] == ["part_1_pkey", "part_2_pkey",
                                                                  "part_21_pkey"]


def test_foreign_keys(explain):
    keys = ("name", "table", "incoming")
    assert [parts(key, keys) for key in explain("drop table par")["facts"]["foreign_keys"]] == [
        {"name": "child_fk", "table": "child", "incoming": True}]
    assert [parts(key, keys) for key in explain("drop table child")["facts"]["foreign_keys"]] == [
        {"name": "child_fk", "table": "par", "incoming": False}]


@pytest.mark.parametrize("sql, rewrites, scans, builds", [
    ("alter table t alter a type bigint", True, True, True),
    ("alter table t alter b type varchar(40)", False, False, False),
    ("alter table t alter b type varchar(10)", True, True, True),
    ("alter table t alter b type text collate \"C\"", False, False, True),
    ("alter table t add z int default f()", True, True, True),
    ("alter table t add z timestamptz default now()", False, False, False),
    ("alter table t add z text default repeat('x', 3)", False, False, False),
    ("alter table t add z int check (t.z > 0)", False, True, False),
    ("alter table t add unique (a)", False, False, True),
    ("alter table t alter c type varchar(9) using c::varchar(9), add y int", True, True, True),
])
def test_copy(sql, rewrites, scans, builds, explain, server, database):
    """What the server says to the copy; and nothing is left of it, nor done to the table."""
    before = server.psql("select count(*) from pg_attribute where attrelid = 't'::regclass", database)
    whole = explain(sql)
    action = whole["facts"]["actions"][0]
    assert (action["rewrites"], action["scans"], action["builds"]) == (rewrites, scans, builds)
    statement = whole["statements"][0]
    assert statement["rewrites_table"] == rewrites and statement["lock"] == "AccessExclusiveLock"
    assert before == server.psql("select count(*) from pg_attribute where attrelid = 't'::regclass",
                                 database)
    assert server.psql("select count(*) from pg_class where relpersistence = 't'", database) == "0"


@pytest.mark.parametrize("sql", [
    "alter table parted alter k type bigint", "alter table base alter a type bigint",
    "alter table t alter a type bigint, drop constraint t_pkey", "alter table t alter nosuch type bigint",
])
def test_what_a_copy_cannot_tell_stays_unknown(sql, explain):
    assert explain(sql)["facts"]["actions"][0]["rewrites"] is None


def test_a_role_without_rights(explain, server, database):
    """It may read the catalog; whether it may alter the table is for the server to say."""
    server.psql("drop role if exists nobody_special; create role nobody_special login;"
                f"revoke temporary on database {database} from public", database)
    whole = explain("alter table t alter b type text", user="nobody_special")
    assert whole["facts"]["exists"] and whole["facts"]["actions"][0]["known"]
    assert whole["facts"]["actions"][0]["rewrites"] is None


@pytest.mark.parametrize("held", [True, False])
def test_nobody_is_waited_for(held, explain, server, connect):
    """Behind one who holds ACCESS EXCLUSIVE, or waits for it: the catalog answers at once, the copy gives up."""
    holder, waiter = (connect(leg=server, autocommit=False) for _ in range(2))
    looker = connect(leg=server)
    holder.execute("lock table t in access exclusive mode" if held else "lock table t in access share mode")
    thread = threading.Thread(target=lambda: held or waiter.execute("lock table t"))
    thread.start()
    deadline = time.monotonic() + 10
    while not held and looker.execute("select count(*) from pg_locks where not granted").fetchone()[0] == 0:
        assert time.monotonic() < deadline
    start = time.monotonic()
    whole = explain("alter table t alter b type text", seconds=10)
    assert time.monotonic() - start < 5
    holder.rollback()
    thread.join()
    waiter.rollback()
    assert whole["facts"]["actions"][0]["column_exists"]
    assert whole["facts"]["actions"][0]["rewrites"] is None


def test_operators_of_the_client_are_not_asked(explain, server, database):
    server.psql("""create schema evil;
        create function evil.no(oid, oid) returns bool language sql as 'select false';
        create operator evil.= (leftarg = oid, rightarg = oid, function = evil.no);
        create function evil.no(name, name) returns bool language sql as 'select false';
        create operator evil.= (leftarg = name, rightarg = name, function = evil.no);""", database)
    whole = explain("alter table public.t alter n set not null", options="-csearch_path=evil,pg_catalog,public")
    assert whole["facts"]["exists"] and whole["facts"]["actions"][0]["column_not_null"]
