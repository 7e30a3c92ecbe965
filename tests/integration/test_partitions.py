"""Changes of partitioned tables; each is made twice (pairs.py)."""
import re

import pytest

from application import application_of
from pairs import catalog, prepare
from partitioned import SETUP, both, guarded

# ATTACH PARTITION: key and columns, what is there before, the bound, and rows within it.
BOUNDS = [
    ("k int", "range (k)", "", "for values from (1) to (100)", "select g from generate_series(1, 99) g"),
    ("k int, b text", "range (k, b)", "", "for values from (1, 'a') to (5, maxvalue)", "values (1, 'b'), (5, 'z')"),
    ("k varchar(20)", "list (k)", "", "for values in ('a', 'it''s')", "values ('a'), ('it''s')"),
    ("k text", "list (k)", "", "for values in ('a', null)", "values ('a'), (null)"),
    ("k timestamptz", "range (k)", "", "for values from ('2026-01-01') to ('2026-02-01')", "values ('2026-01-07 12:00')"),
    ("k color", "list (k)", "", "for values in ('red', 'blue')", "values ('red'::color)"),
    ("k text", "list (lower(k))", "", "for values in ('a')", "values ('A')"),
    ("k int", "hash (k)", "", "for values with (modulus 1, remainder 0)", "values (1), (null)"),
    ("k int", "range (k)", "create table o partition of m for values from (1) to (9)", "default", "values (0), (null)"),
    ("k text", "list (k)", "", "default", "values ('x'), (null)"),
    ("k numeric(9, 2)", "range (k)", "create table o partition of m default; insert into o values (9)",
     "for values from (1) to (2.5)", "values (2)"),
]


@pytest.mark.parametrize("columns, key, before, bound, rows", BOUNDS, ids=[f"{b[1]} {b[3]}" for b in BOUNDS])
def test_a_partition_is_attached_without_being_read(
        both, direct, catalog, sent, columns, key, before, bound, rows):
    prepare(direct, f"create table m ({columns}) partition by {key}; {before};"
                    f" create table \"a P\" ({columns}); insert into \"a P\" {rows}")
    plain, safe = both(f"alter table m attach partition \"a P\" {bound}")
    assert safe == plain == "ALTER TABLE"
    assert catalog("safe") == catalog("plain")
    ours = " ".join(line.lower() for line in sent() if "ddlguard" in line)
    assert "add constraint ddlguard_bound" in ours and "validate constraint ddlguard_bound" in ours


def test_the_proof_is_one_to_the_server(both, direct, guarded):
    """PostgreSQL says so itself, of each of these bounds."""
    heard = []
    guarded.add_notice_handler(lambda diag: heard.append(diag.message_primary))
    guarded.execute("set search_path = safe")
    for i, (columns, key, before, bound, rows) in enumerate(BOUNDS):
        prepare(direct, f"create table m{i} ({columns}) partition by {key};"
                        f" {before.replace(' o ', f' o{i} ').replace(' m ', f' m{i} ')};"
                        f" create table a{i} ({columns}); insert into a{i} {rows}")
        del heard[:]
        guarded.execute("set client_min_messages = debug1")
        guarded.execute(f"alter table m{i} attach partition a{i} {bound}")
        guarded.execute("set client_min_messages = notice")
        if before or bound != "default":    # or else the partition may hold anything
            assert f'partition constraint for table "a{i}" is implied by existing constraints' in heard
        if "default" in before:
            assert (f'updated partition constraint for default partition "o{i}" is implied by existing'
                    " constraints") in heard


VIOLATIONS = [
    ("insert into n values (1, 1, 'out')", "alter table pt attach partition n for values from (2000) to (3000)"),
    ("insert into n values (null, 1, 'out')", "alter table pt attach partition n for values from (2000) to (3000)"),
    ("create table d partition of pt default; insert into d values (2500, 1, 'own')",
     "alter table pt attach partition n for values from (2000) to (3000)"),
    ("create table d partition of pt default; insert into d values (2500, 1, 'own')",
     "create table q partition of pt for values from (2000) to (3000)"),
    ("", "alter table pt attach partition n for values from (1500) to (3000)"),
    ("", "alter table pt attach partition n for values from (3000) to (2000)"),
    ("alter table n drop constraint small",
     "alter table pt attach partition n for values from (2000) to (3000)"),
    ("", "alter table pt attach partition nobody for values from (2000) to (3000)"),
]


@pytest.mark.parametrize("before, sql", VIOLATIONS)
def test_what_is_in_the_way_is_told_in_the_servers_words_and_leaves_nothing(both, direct, catalog, before, sql):
    prepare(direct, before)
    start = catalog("safe")
    plain, safe = both(sql)
    assert safe == plain and safe[1] == "ERROR"
    assert catalog("safe") == start
    assert catalog("plain") == start


def test_beside_a_default_partition(both, direct, catalog):
    prepare(direct, "create table d partition of pt default;"
                    " insert into d select 5000 + g, 1, 'd' from generate_series(1, 3000) g")
    for sql in ("alter table pt attach partition n for values from (2000) to (3000)",
                "create table q partition of pt for values from (3000) to (4000) with (fillfactor = 70)"):
        plain, safe = both(sql)
        assert safe == plain and isinstance(safe, str)
        assert catalog("safe") == catalog("plain")


def test_into_a_partition_that_is_partitioned_itself(both, direct, catalog):
    """Its rows must lie within the bounds of all tables above."""
    prepare(direct, "drop table p21; create table s (k int, a int not null constraint small check (a < 1000), b text);"
                    " insert into s select 1500, 1, 's' from generate_series(1, 3000);"
                    " delete from p22 where a = 1")
    attach = "alter table p2 attach partition s for values in (1)"
    plain, safe = both(attach)
    assert safe == plain == "ALTER TABLE"
    assert catalog("safe") == catalog("plain")
    prepare(direct, "alter table p2 detach partition s; insert into s values (1, 1, 'above')")
    plain, safe = both(attach)
    assert safe == plain and safe[0] == "23514"


@pytest.mark.parametrize("rows", ["(2000, 1, 'in')", "(5, 2, 'out')"])
def test_tables_that_are_partitioned_themselves(both, direct, catalog, rows):
    """The one that is attached, and the default partition beside it. A row in the way is told with its own table."""
    prepare(direct, "create table d partition of pt default partition by list (a);"
                    " create table d1 partition of d default; insert into d values (5000, 1, 'd');"
                    " drop table n; create table n (k int, a int not null constraint small check (a < 1000), b text)"
                    " partition by list (a); create table n1 partition of n for values in (1);"
                    " create table n2 partition of n default;"
                    f" insert into n values (2000, 1, 'in'), (2001, 2, 'in'), {rows}")
    plain, safe = both("alter table pt attach partition n for values from (2000) to (3000)")
    assert safe == plain
    assert (safe == "ALTER TABLE") == ("in" in rows)
    assert catalog("safe") == catalog("plain")
    prepare(direct, "insert into d values (6000, 1, 'mine')")
    plain, safe = both("create table q partition of pt for values from (6000) to (7000)")
    assert safe == plain and safe[0] == "23514"
    assert catalog("safe") == catalog("plain")


@pytest.mark.parametrize("columns, key, bound, rows", [
    ("k positive", "range (k)", "for values from (1) to (9)", "values (1)"),
    ("k text", "hash (k)", "for values with (modulus 1, remainder 0)", "values ('a')"),
    ("k text", "range (k collate \"C\")", "for values from ('a') to ('b')", "values ('a')"),
])
def test_what_no_check_can_prove_is_left_to_the_server(both, direct, catalog, guarded, columns, key, bound, rows):
    prepare(direct, "create domain positive as int check (value > 0)")
    prepare(direct, f"create table m ({columns}) partition by {key}; create table o ({columns});"
                    f" insert into o {rows}")
    plain, safe = both(f"alter table m attach partition o {bound}")
    assert safe == plain == "ALTER TABLE"
    assert catalog("safe") == catalog("plain")
    assert "no CHECK proves the bound" in " ".join(guarded.notices)


def test_the_application_goes_on_while_the_default_partition_is_read(both, direct, guarded, connect, server):
    prepare(direct, "create table d partition of pt default;"
                    " insert into d select 5000 + g, 1, repeat('d', 100) from generate_series(1, 300000) g")
    with application_of(connect, server, "insert into pt values (6000, 1, 'new')") as busy:
        guarded.execute("set search_path = safe")
        guarded.execute("alter table pt attach partition n for values from (2000) to (3000)")
    assert busy.longest < 1


CONSTRAINTS = [
    ("alter table pt add constraint f foreign key (a) references r (id) on delete cascade", "validate constraint f"),
    ("alter table pt add foreign key (a) references r", "pt_a_fkey"),
    ("alter table pt add constraint c check (k >= 0)", "alter table p21 validate constraint c"),
    ("alter table pt alter b set not null", "alter table p21 validate constraint"),
    ("alter table pt alter k set not null, add check (b <> '')", "alter table p22 validate constraint pt_b_check"),
]


@pytest.mark.parametrize("sql, part", CONSTRAINTS)
def test_a_constraint_is_checked_partition_by_partition(both, direct, catalog, sent, sql, part):
    plain, safe = both(sql)
    assert safe == plain == "ALTER TABLE"
    assert catalog("safe") == catalog("plain")
    assert any(part in line.lower() for line in sent() if "ddlguard" in line)


@pytest.mark.parametrize("row", ["(7, -1, null)", "(1007, 5000, null)"])
@pytest.mark.parametrize("sql", [form[0] for form in CONSTRAINTS])
def test_a_row_of_a_partition_is_in_its_way(both, direct, catalog, sql, row):
    prepare(direct, "alter table pt drop constraint small; create table p0 partition of pt default;"
                    f" insert into pt values {row}, (-1, 1, '')")
    start = catalog("safe")
    plain, safe = both(sql)
    assert safe == plain and safe[0].startswith("23")
    assert catalog("safe") == start == catalog("plain")


KEYS = [
    "alter table pt add constraint u unique (k, a, b) include (b) with (fillfactor = 70)",
    "alter table pt add unique (b, k, a) deferrable",
    "alter table pt add primary key (k, a, b)",
]


@pytest.mark.parametrize("sql", KEYS)
def test_a_key_is_built_on_each_partition(both, direct, catalog, sent, sql):
    plain, safe = both(sql)
    assert safe == plain == "ALTER TABLE"
    assert catalog("safe") == catalog("plain")
    if "primary" not in sql or direct.info.server_version < 180000:
        assert sum("create unique index concurrently" in line.lower() for line in sent()) == 3


@pytest.mark.parametrize("sql", KEYS)
def test_a_duplicate_in_one_partition_leaves_nothing(both, direct, catalog, sql):
    prepare(direct, "insert into p22 select * from p22 limit 1")
    start = catalog("safe")
    plain, safe = both(sql)
    assert safe[0] == plain[0] == "23505" and safe == plain
    assert catalog("safe") == start == catalog("plain")


def test_a_key_that_is_there_is_not_made_twice(both, direct, catalog):
    prepare(direct, "alter table p21 add unique (k, a, b)")
    plain, safe = both("alter table pt add constraint u unique (k, a, b)")
    assert safe == plain == "ALTER TABLE"
    assert catalog("safe") == catalog("plain")


# What a partition has; the statement, and how many indexes are built for it, of three partitions that are leaves.
OWN_INDEXES = [
    ("create index own on p1 (a, lower(b)) where k > 5", "create index i on pt (a, lower(b)) where k > 5", 2),
    ("create index own on p1 (a desc, b)", "create index i on pt (a, b)", 2),
    ("create index own on p1 (a); create index again on p1 (a)", "create index on pt (a)", 2),
    ("create index own on p21 (b) include (a)", "create index i on pt (b) include (a)", 2),
    ("alter table p1 add constraint own unique (k, a, b)", "create unique index i on pt (k, a, b)", 2),
    ("create index own on p1 (a) with (fillfactor = 70)", "create index i on pt (a)", 2),
    ("create index own on p1 (a) where k > 5", "create index i on pt (a)", 3),
    ("create index own on p1 (a, k)", "create index i on pt (a)", 3),
    ("create index own on p1 (k, a)", "create index i on pt (a, k)", 3),
    ("create index own on p1 (b text_pattern_ops)", "create index i on pt (b)", 3),
    ("create index own on p1 (b collate \"C\")", "create index i on pt (b)", 3),
    ("create index own on p1 using hash (b)", "create index i on pt (b)", 3),
    ("create unique index own on p1 (k, a, b)", "create index i on pt (k, a, b)", 3),
    ("create index p1_a_idx on p1 (a); create index on only pt (a)", "create index on pt (a)", 2),
]


@pytest.mark.parametrize("before, sql, built", OWN_INDEXES)
def test_an_equal_index_that_is_there_is_taken(both, direct, catalog, sent, before, sql, built):
    prepare(direct, before)
    plain, safe = both(sql)
    assert safe == plain == "CREATE INDEX"
    assert catalog("safe") == catalog("plain")
    builds = [line for line in sent() if re.search("/ create (unique )?index concurrently", line.lower())]
    assert sum(" where not exists (" not in line.lower() for line in builds) == built


@pytest.mark.parametrize("name", ["own", "p1", "p1_a_idx", "nobody"])
def test_an_index_is_not_built_where_its_name_is_taken(both, direct, catalog, name):
    prepare(direct, "create index own on p1 (a)")
    plain, safe = both(f"create index if not exists {name} on pt (a)")
    assert safe == plain == "CREATE INDEX"
    assert catalog("safe") == catalog("plain")


def test_a_partition_keeps_its_own_index_when_another_one_fails(both, direct, catalog):
    """What is attached goes with its parent: nothing that was there before is attached first."""
    prepare(direct, "create unique index own on p1 (k, a, b); insert into p22 select * from p22 limit 1")
    start = catalog("safe")
    plain, safe = both("create unique index i on pt (k, a, b)")
    assert safe == plain and safe[0] == "23505"
    assert catalog("safe") == start == catalog("plain")


ATTACH_N = "alter table pt attach partition n for values from (2000) to (3000)"
TO_R = "alter table pt add constraint f foreign key (a) references r deferrable initially deferred; "

# What is there before; how many foreign keys are made and validated before ATTACH PARTITION.
FOREIGN_KEYS = [
    ("", 1),
    ("create table z (id int primary key); insert into z select generate_series(0, 5000);"
     " alter table pt add foreign key (k) references z on update set null", 2),
    ("alter table n add constraint own foreign key (a) references r", 0),
    ("alter table n add constraint own foreign key (a) references r deferrable initially deferred", 0),
    ("alter table n add constraint f check (a < 1000)", 0),
    ("create table z (id int primary key) partition by range (id); create table z1 partition of z default;"
     " insert into z select generate_series(0, 5000); alter table pt add foreign key (k) references z", 1),
    ("alter table n rename to n1; create table n (b text, k int, a int not null constraint small check (a < 1000));"
     " insert into n select b, k, a from n1", 1),
]


@pytest.mark.parametrize("before, made", FOREIGN_KEYS)
def test_foreign_keys_are_the_tables_own_first(both, direct, catalog, sent, before, made):
    prepare(direct, TO_R + before)
    plain, safe = both(ATTACH_N)
    assert safe == plain == "ALTER TABLE"
    assert catalog("safe") == catalog("plain")
    added = [line for line in sent() if re.search("/ alter table n add constraint .* not valid$", line.lower())]
    assert len(added) == made


@pytest.mark.parametrize("before", [
    "insert into n values (2001, -1, 'nobody')",
    "alter table n drop column a",
    "alter table n alter a type bigint",
    "create table o partition of pt for values from (2500) to (2600)",
    "insert into n values (1, -1, 'out')",
])
def test_a_table_that_is_not_attached_keeps_no_foreign_key(both, direct, catalog, before):
    prepare(direct, TO_R + before)
    start = catalog("safe")
    plain, safe = both(ATTACH_N)
    assert safe == plain and safe[1] == "ERROR"
    assert catalog("safe") == start == catalog("plain")


def test_a_foreign_key_that_was_validated_is_not_looked_up_again(direct):
    """What the plan depends on: the row in the way came past the triggers, and ATTACH PARTITION does not find it."""
    direct.execute("set search_path = safe")
    direct.execute(TO_R + "alter table n add constraint f foreign key (a) references r deferrable initially deferred;"
                   " alter table n disable trigger all; insert into n values (2001, -1, 'nobody');"
                   " alter table n enable trigger all")
    assert direct.execute(ATTACH_N).statusmessage == "ALTER TABLE"
