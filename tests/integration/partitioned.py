"""What the tests of partitioned tables share, each of which makes its change twice (pairs.py)."""
import pytest

from conftest import TIMEOUTS
from pairs import in_both, outcome_in

SETUP = in_both("""
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
    analyze
""")


@pytest.fixture
def guarded(connect, make_proxy):
    """A connection through a proxy to which no table is small."""
    return connect(leg=make_proxy(timeouts=TIMEOUTS, limits={"small_table": 0}))


@pytest.fixture
def both(direct, guarded):
    """both(sql): runs it in both schemas and gives what each client heard."""
    def run(sql):
        return outcome_in(direct, "plain", sql), outcome_in(guarded, "safe", sql)
    return run
