"""The catalogue of schema changes that have a safe form, and of those that are harmless once they have their
lock: what each needs, what an application does meanwhile, and which row of data is in its way. Tests run each
in two databases of the same tables: `plain`, directly, and `safe`, through the proxy. A new form is one entry."""
import os
from dataclasses import dataclass

ROWS = int(os.environ.get("DDLGUARD_ROWS", 100_000))      # of table t in the database `safe`
STEPPED_ROWS = 20_000                                     # ... where plans are interrupted: no small table
PARENTS = 1000                                            # of table p

# No constraint and no index that one of the changes could want to make.
TABLES = f"""
    create table p (id int primary key, x int not null default 0);
    insert into p select g, 0 from generate_series(0, {PARENTS} - 1) g;
    create table t (id int not null, a int, b int not null, c varchar(100), n numeric(10, 2), old int);
    insert into t select g, g % {PARENTS}, g, md5(g::text), g % 100, 0 from generate_series(1, {{rows}}) g;
    create index t_id on t (id);
    vacuum analyze;
"""

ON_T = ("select a, c from t where id = %(n)s",
        "update t set n = 1 where id = %(n)s",
        "insert into t (id, a, b, c) values (%(new)s, 1, %(new)s, 'new')",
        f"update p set x = x + 1 where id = %(n)s %% {PARENTS}")

# Ranges of k: p0 has half of the rows, p1 the other. The application uses the first half.
PARTITIONED = f"""
    create table pt (k int not null, b int not null, r int, c text) partition by range (k);
    create table p0 partition of pt for values from (0) to ({PARENTS // 2});
    create table p1 partition of pt for values from ({PARENTS // 2}) to ({PARENTS});
    insert into pt select a, id, a, c from t;
    create index pt_k on pt (k, b);
    analyze pt;
"""
K = f"%(n)s %% {PARENTS // 2}"
ON_PT = (f"select c from pt where k = {K} and b = {K}",
         f"update pt set c = 'x' where k = {K} and b = {K}",
         f"insert into pt (k, b, r) values ({K}, %(new)s, 1)",
         f"update p set x = x + 1 where id = {K}")

# A new type of a column that is read breaks prepared statements (0A000), with a proxy as without one.
NOT_OF_C_AND_N = ("select a from t where id = %(n)s", "update t set old = 1 where id = %(n)s",
                  "insert into t (id, a, b) values (%(new)s, 1, %(new)s)")

TO_ATTACH = PARTITIONED + f"""
    create table p2 (like pt);
    insert into p2 select a + {PARENTS}, id, a, c from t;
"""
WITH_DEFAULT = """
    create table pd partition of pt default;
    insert into pd select a + 5000, id, a, c from t;
"""

MATERIALIZED = "create materialized view mv as select id, a, b from t; create unique index mv_id on mv (id)"
ON_MV = ("select a from mv where id = %(n)s",) + ON_T

DUPLICATE = "insert into t (id, a, b) values (1, 1, 1)"
WRITER_OF_T = "lock table t in row exclusive mode"
READER_OF_T = "lock table t in access share mode"
WRITER_OF_PT = "lock table pt in row exclusive mode"


@dataclass(frozen=True)
class Row:
    """One form. `setup`: what it needs besides TABLES. `violation`: the one row that is in its way, if one can be,
    and what the server says then. `on_its_way`: words that must be in what the proxy sends, to a server of version
    `since` or later. `blocker`: what another transaction has done so that it must wait; empty: nothing that
    an application does. `whole`: all of it or nothing, also when it is cut off; docs/operations.md has those
    of which a part may stay ("Known limits")."""
    name: str
    sql: str
    setup: str = ""
    application: tuple = ON_T
    violation: str = ""
    sqlstate: str = ""
    on_its_way: tuple = ()
    blocker: str = WRITER_OF_T
    since: int = 13
    whole: bool = True


INDEXES = [
    Row("index", "create index i on t (a)", on_its_way=("index concurrently",)),
    Row("unique index", "create unique index i on t (b)", violation=DUPLICATE, sqlstate="23505",
        on_its_way=("index concurrently",)),
    Row("index without a name", "create index on t (lower(c), a) where a > 5",
        on_its_way=("index concurrently", "t_lower_a_idx")),
    Row("index of partitions", "create index i on pt (b) include (r)", PARTITIONED, ON_PT,
        on_its_way=("on only pt", "index concurrently", "attach partition"), blocker=WRITER_OF_PT),
    Row("unique index of partitions", "create unique index i on pt (k, b)", PARTITIONED, ON_PT,
        "insert into pt (k, b) values (1, 1)", "23505",
        ("on only pt", "unique index concurrently", "attach partition"), blocker=WRITER_OF_PT),
    Row("index of partitions, one of which has it", "create index i on pt (b) include (r) where b > 0",
        PARTITIONED + "create index own on p0 (b) include (r) where (b > 0); create index other on p1 (b) include (r);",
        ON_PT, on_its_way=("on only pt", "attach partition %s"), blocker=WRITER_OF_PT),
    Row("index of the parent alone", "create index i on only pt (b)", PARTITIONED, ON_PT,
        blocker=WRITER_OF_PT),
    Row("index that is there", "create index if not exists i on t (a)", "create index i on t (a)",
        blocker=""),
    Row("drop index", "drop index i", "create index i on t (a)",
        on_its_way=("drop index concurrently",)),
    Row("drop indexes", "drop index i, j", "create index i on t (a); create index j on t (n)",
        on_its_way=("drop index concurrently",), whole=False),
    Row("drop index of partitions", "drop index pt_i", PARTITIONED + "create index pt_i on pt (b);", ON_PT,
        blocker=WRITER_OF_PT),
    Row("reindex index", "reindex index t_id", on_its_way=("reindex index concurrently",)),
    Row("reindex table", "reindex table t", "create index i on t (a)",
        on_its_way=("reindex table concurrently",)),
    # There is no one table that it could be tried again for: it waits until its deadline.
    Row("reindex schema", "reindex schema public", on_its_way=("reindex schema concurrently",), blocker=""),
    Row("rename index", "alter index t_id rename to t_id_new", blocker=""),
]

CONSTRAINTS = [
    Row("foreign key", "alter table t add constraint f foreign key (a) references p on delete cascade",
        violation="insert into t (id, a, b) values (0, -1, 0)", sqlstate="23503",
        on_its_way=("not valid", "validate constraint f")),
    Row("foreign key without a name", "alter table t add foreign key (a) references p (id)",
        violation="insert into t (id, a, b) values (0, -1, 0)", sqlstate="23503",
        on_its_way=("not valid", "t_a_fkey")),
    Row("drop foreign key", "alter table t drop constraint f",
        "alter table t add constraint f foreign key (a) references p"),
    Row("check", "alter table t add constraint k check (b > 0)",
        violation="insert into t (id, a, b) values (0, 0, 0)", sqlstate="23514",
        on_its_way=("not valid", "validate constraint k")),
    Row("check without a name", "alter table t add check (a >= 0 and b > 0)",
        violation="insert into t (id, a, b) values (0, 0, 0)", sqlstate="23514",
        on_its_way=("not valid", "t_check")),
    Row("validate", "alter table t validate constraint k",
        "alter table t add constraint k check (b > 0) not valid", blocker=""),
    Row("unique", "alter table t add constraint u unique (b) include (a) with (fillfactor = 70)",
        violation=DUPLICATE, sqlstate="23505", on_its_way=("unique index concurrently", "using index u")),
    Row("unique, deferrable, without a name",
        "alter table t add unique (id, b) deferrable initially deferred",
        violation=DUPLICATE, sqlstate="23505", on_its_way=("unique index concurrently", "t_id_b_key")),
    Row("unique using an index", "alter table t add constraint u unique using index i",
        "create unique index i on t (b)"),
    Row("primary key", "alter table t add primary key (id)", violation=DUPLICATE, sqlstate="23505",
        on_its_way=("unique index concurrently", "using index t_pkey")),
    Row("primary key of a column that may be null", "alter table t add constraint k primary key (b, a)",
        violation="insert into t (id, b) values (0, 0)", sqlstate="23502",
        on_its_way=("is not null) not valid", "using index k")),
    Row("primary key using an index", "alter table t add primary key using index i",
        "create unique index i on t (b)"),
    Row("primary key using an index of a column that may be null",
        "alter table t add constraint k primary key using index k", "create unique index k on t (b, a)",
        violation="insert into t (id, b) values (0, 0)", sqlstate="23502",
        on_its_way=("is not null) not valid", "validate constraint")),
    Row("set not null", "alter table t alter a set not null",
        violation="insert into t (id, b) values (0, 0)", sqlstate="23502",
        on_its_way=("validate constraint",)),
    Row("set not null of two", "alter table t alter a set not null, alter c set not null",
        violation="insert into t (id, b, a) values (0, 0, 0)", sqlstate="23502",
        on_its_way=("validate constraint",)),
    Row("set not null once more", "alter table t alter b set not null", blocker=""),
    Row("drop not null", "alter table t alter b drop not null"),
    Row("rename constraint", "alter table t rename constraint k to k2",
        "alter table t add constraint k check (b > 0)"),
    Row("several actions", "alter table t add column z int, add constraint k check (b > 0),"
        " add constraint f foreign key (a) references p, alter c set default 'n'",
        violation="insert into t (id, a, b) values (0, 0, 0)", sqlstate="23514",
        on_its_way=("validate constraint k", "validate constraint f")),
    Row("check in the place of another", "alter table t drop constraint k, add constraint k2 check (b > 0)",
        "alter table t add constraint k check (b > -5)", violation="insert into t (id, a, b) values (0, 0, 0)",
        sqlstate="23514", on_its_way=("not valid", "validate constraint k2")),
    Row("check in the place of one of its name", "alter table t add constraint k check (b > 0), drop constraint k",
        "alter table t add constraint k check (b > -5); comment on constraint k on t is 'old'",
        violation="insert into t (id, a, b) values (0, 0, 0)", sqlstate="23514",
        on_its_way=("not valid", "validate constraint ddlguard_new_", "to k")),
    Row("check that may be there", "alter table t drop constraint if exists k, add constraint k check (b > 0)",
        violation="insert into t (id, a, b) values (0, 0, 0)", sqlstate="23514",
        on_its_way=("not valid", "validate constraint ddlguard_new_", "to k")),
    Row("foreign key and check in the place of those of their names",
        "alter table t drop constraint f, drop constraint k, alter c set default 'n', add constraint k check (b > 0),"
        " add constraint f foreign key (a) references p on delete cascade",
        "alter table t add constraint f foreign key (old) references p, add constraint k check (b > -5)",
        violation="insert into t (id, a, b) values (0, -1, 1)", sqlstate="23503",
        on_its_way=("not valid", "validate constraint ddlguard_new_", "to k", "to f")),
    Row("foreign key that gets the name of another", "alter table t drop constraint t_a_fkey,"
        " add foreign key (a) references p on delete cascade",
        "alter table t add constraint t_a_fkey foreign key (old) references p",
        violation="insert into t (id, a, b) values (0, -1, 1)", sqlstate="23503",
        on_its_way=("not valid", "validate constraint ddlguard_new_", "to t_a_fkey")),
    Row("primary key that gets the name of another", "alter table t add primary key (id), drop constraint t_pkey",
        "alter table t add primary key (b, id)", violation="insert into t (id, a, b) values (1, 1, 0)",
        sqlstate="23505", on_its_way=("unique index concurrently ddlguard_new_", "using index t_pkey")),
    Row("unique in the place of one of its name", "alter table t drop constraint u, add constraint u unique (b)"
        " deferrable", "alter table t add constraint u unique (b, c)", violation=DUPLICATE, sqlstate="23505",
        on_its_way=("unique index concurrently ddlguard_new_", "using index u")),
    Row("unique in the place of one of its name, which becomes the replica identity", "alter table t drop constraint u,"
        " replica identity using index u, add constraint u unique (b)", "alter table t add constraint u unique (b, c)",
        violation=DUPLICATE, sqlstate="23505", on_its_way=("unique index concurrently ddlguard_new_", "using index u")),
    Row("primary key in the place of another", "alter table t drop constraint k, add constraint k primary key (id, a)",
        "alter table t add constraint k primary key (b)", violation="insert into t (id, b) values (0, 0)",
        sqlstate="23502", on_its_way=("unique index concurrently ddlguard_new_", "using index k")),
    Row("drop column and set not null", "alter table t drop column old, alter a set not null",
        violation="insert into t (id, b) values (0, 0)", sqlstate="23502", on_its_way=("validate constraint",)),
    Row("foreign key of partitions", "alter table pt add constraint f foreign key (r) references p", PARTITIONED,
        ON_PT, "insert into pt (k, b, r) values (1, 0, -1)", "23503", ("not valid", "validate constraint"),
        blocker=WRITER_OF_PT),
    Row("unique of partitions", "alter table pt add constraint u unique (k, b)", PARTITIONED, ON_PT,
        "insert into pt (k, b) values (1, 1)", "23505", ("unique index concurrently", "using index"),
        blocker=WRITER_OF_PT),
    Row("not null of partitions", "alter table pt alter r set not null", PARTITIONED, ON_PT,
        "insert into pt (k, b) values (1, 0)", "23502", blocker=WRITER_OF_PT),
    Row("check of partitions", "alter table pt add constraint k check (r >= 0)", PARTITIONED, ON_PT,
        "insert into pt (k, b, r) values (1, 0, -1)", "23514", blocker=WRITER_OF_PT),
]

COLUMNS = [
    Row("add column", "alter table t add column z int"),
    Row("add column with a constant", "alter table t add column z int not null default 5"),
    Row("add column with a stable default", "alter table t add column z timestamptz default now()"),
    Row("add column that is there", "alter table t add column if not exists a int", blocker=""),
    Row("add column and check", "alter table t add column z int not null default 5 check (z > 0)",
        on_its_way=("not valid", "t_z_check")),
    Row("add column and unique", "alter table t add column z int unique",
        on_its_way=("unique index concurrently", "t_z_key")),
    Row("add column and foreign key", "alter table t add column z int references p on delete set null",
        on_its_way=("not valid", "t_z_fkey")),
    Row("add identity column", "alter table t add column z int generated by default as identity (start 7 increment 3)",
        on_its_way=("create sequence", "skip locked", "add generated by default as identity")),
    Row("add identity column and primary key", "alter table t add column z bigint generated always as identity"
        " primary key", on_its_way=("create sequence", "skip locked", "using index t_pkey",
                                    "add generated always as identity")),
    Row("drop column", "alter table t drop column old"),
    Row("set default", "alter table t alter old set default 7"),
    Row("longer varchar", "alter table t alter c type varchar(200)", application=NOT_OF_C_AND_N),
    Row("varchar to text", "alter table t alter c type text", application=NOT_OF_C_AND_N),
    Row("varchar to text of a column with checks", "alter table t alter c type text",
        "alter table t add constraint k check (c <> '' and b > 0), add check (length(c) < 99) no inherit,"
        " add constraint other check (b > 0)", application=NOT_OF_C_AND_N,
        on_its_way=("not valid", "validate constraint k", "validate constraint t_c_check")),
    Row("varchar to text beside others", "alter table t alter c type text, add constraint k check (b > 0),"
        " alter a set not null", application=NOT_OF_C_AND_N,
        violation="insert into t (id, a, b) values (0, 0, 0)", sqlstate="23514",
        on_its_way=("validate constraint k", "alter table t alter c type text")),
    Row("more digits", "alter table t alter n type numeric(12, 2)", application=NOT_OF_C_AND_N),
]

PARTITIONS = [
    Row("partition", f"create table p2 partition of pt for values from ({PARENTS}) to (2000)",
        PARTITIONED, ON_PT, on_its_way=("like pt", "attach partition"), blocker=""),
    Row("attach partition", f"alter table pt attach partition p2 for values from ({PARENTS}) to (2000)",
        TO_ATTACH, ON_PT, "insert into p2 (k, b) values (1, 1)", "23514", ("not valid", "validate constraint"),
        blocker="lock table p2 in row exclusive mode"),
    Row("attach partition to a table with a foreign key",
        f"alter table pt attach partition p2 for values from ({PARENTS})"
        " to (2000)", TO_ATTACH + "alter table pt add constraint f foreign key (r) references p on delete cascade",
        ON_PT, f"insert into p2 (k, b, r) values ({PARENTS}, 1, -1)", "23503",
        ("alter table p2 add constraint f foreign key (r) references p(id) on delete cascade not valid",
         "alter table p2 validate constraint f"), blocker="lock table p2 in row exclusive mode"),
    Row("attach partition beside a default", f"alter table pt attach partition p2 for values from ({PARENTS})"
        " to (2000)", TO_ATTACH + WITH_DEFAULT, ON_PT, "insert into pd (k, b) values (1500, 1)", "23514",
        ("not valid", "validate constraint"), blocker="lock table p2 in row exclusive mode"),
    Row("detach partition", "alter table pt detach partition p1", PARTITIONED, ON_PT,
        on_its_way=("concurrently",), blocker=WRITER_OF_PT, since=14),
    Row("drop partition", "drop table p1", PARTITIONED, ON_PT,
        on_its_way=("detach partition public.p1 concurrently", "drop table p1"), blocker=WRITER_OF_PT, since=14),
    Row("drop partition beside a default", "drop table p1", PARTITIONED + WITH_DEFAULT, ON_PT, blocker=WRITER_OF_PT),
]

OTHERS = [
    Row("refresh materialized view", "refresh materialized view mv", MATERIALIZED, ON_MV,
        on_its_way=("concurrently",), blocker="refresh materialized view concurrently mv"),
    Row("create table that refers", "create table o (id int primary key, p int references p)",
        blocker="lock table p in row exclusive mode"),
    Row("drop table that refers", "drop table o", "create table o (id int primary key, p int references p)",
        blocker="lock table p in access share mode"),
    Row("trigger", "create trigger g before delete on t for each row execute function"
        " suppress_redundant_updates_trigger()"),
    Row("storage parameter", "alter table t set (fillfactor = 80)", blocker=""),
    Row("statistics", "alter table t alter a set statistics 500", blocker=""),
    Row("replica identity", "alter table p replica identity full",
        blocker="lock table p in row exclusive mode"),
    Row("comment", "comment on table t is 'x'", blocker=""),
    Row("new value of an enum", "alter type mood add value 'c'",
        "create type mood as enum ('a', 'b')", blocker=""),
    Row("view", "create or replace view v as select a, b from t", "create view v as select a from t",
        blocker=""),
]

# One of each kind of plan: what takes a while is done with these in `make check`, with all in `make check-all`.
KINDS = ("index", "index of partitions", "index of partitions, one of which has it", "reindex table", "unique",
         "foreign key and check in the place of those of their names", "primary key in the place of another",
         "set not null", "add column", "add column and unique", "add identity column",
         "varchar to text of a column with checks", "partition",
         "detach partition", "drop partition", "refresh materialized view")

CATALOGUE = INDEXES + CONSTRAINTS + COLUMNS + PARTITIONS + OTHERS
SAMPLE = [row for row in CATALOGUE if "DDLGUARD_ALL" in os.environ or row.name in KINDS]
