"""One schema change at a time per table: the queue within the proxy, across its workers."""
import socket
import struct
import threading

import psycopg
import pytest

from servers import wait_for
from wire import Wire, query

ROWS = 300_000


@pytest.fixture
def tables(server, database):
    for name in ("big", "other"):
        server.psql(f"create table {name} (a int, b int);"
                    f" insert into {name} select g, g from generate_series(1, {ROWS}) g;"
                    f" analyze {name}", database)


def run(connection, sql, into):
    """In a thread: appends the notices, then the error or None."""
    notices = []
    connection.add_notice_handler(lambda notice: notices.append(notice.message_primary))

    def work():
        try:
            connection.execute(sql)
            into.append((sql, notices, None))
        except psycopg.Error as error:
            into.append((sql, notices, error))
    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_builds_on_one_table_come_one_after_the_other(tables, connect, index):
    """Two concurrent builds on one table would kill each other (40P01): here the second one waits."""
    done = []
    threads = [run(connect(), f"create index i{n} on big (b)", done) for n in range(4)]
    for thread in threads:
        thread.join(60)
    assert [error for _, _, error in done] == [None] * 4
    assert all(index(f"i{n}").valid for n in range(4))
    waited = [notice for _, notices, _ in done for notice in notices if "waiting for another" in notice]
    assert len(waited) == 3
    assert all("public.big" in notice and "CREATE INDEX by user" in notice for notice in waited)


def test_a_change_of_another_table_does_not_wait(tables, connect):
    done = []
    threads = [run(connect(), "create index on big (b)", done),
               run(connect(), "create index on other (b)", done)]
    for thread in threads:
        thread.join(60)
    assert [error for _, _, error in done] == [None] * 2
    assert not [notice for _, notices, _ in done for notice in notices if "waiting" in notice]


def test_who_leaves_the_line_does_not_hold_it_up(tables, direct, connect, proxy, database, index):
    """The second is canceled, the third is lost, while the first still builds: the fourth comes next."""
    direct.execute("create table few as select g from generate_series(1, 20) g")
    direct.execute("create function slow(int) returns int immutable language plpgsql as"
                   " $$ begin perform pg_sleep(0.1); return $1; end $$")
    done = []
    first, second, fourth = (connect() for _ in range(3))
    threads = [run(first, "create index i1 on few (slow(g))", done)]
    wait_for(lambda: direct.execute("select count(*) from pg_stat_progress_create_index").fetchone()[0],
             10, "the first build to begin")
    threads.append(run(second, "create index i2 on few (g)", done))
    third = Wire(proxy, {"user": "postgres", "database": database})
    third.send(query("create index i3 on few (g)"))
    third.read_until([b"N"])            # it waits
    threads.append(run(fourth, "create index i4 on few (g)", done))
    second.cancel()
    third.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    third.socket.close()                # a reset: nobody reads any more
    for thread in threads:
        thread.join(60)
    errors = {sql.split()[2]: error for sql, _, error in done}
    assert errors["i1"] is None and errors["i4"] is None
    assert errors["i2"].sqlstate == "57014"
    assert index("i1").valid and index("i4").valid
    assert index("i2") is None and index("i3") is None


def test_a_database_with_two_names_has_one_line(make_proxy, server, database, tables, connect):
    leg = {"host": server.host, "port": server.port}
    proxy = make_proxy(upstreams=[{"database": "alias", "dbname": database, **leg}, {"database": "*", **leg}])
    server.psql("create function slow(int) returns int immutable language plpgsql as"
                " $$ begin perform pg_sleep(0.1); return $1; end $$;"
                " create table few as select g from generate_series(1, 20) g", database)
    done = []
    threads = [run(connect(leg=proxy, dbname=name), f"create index i{n} on few (slow(g))", done)
               for n, name in enumerate(("alias", database))]
    for thread in threads:
        thread.join(60)
    assert [error for _, _, error in done] == [None] * 2
    assert [notice for _, notices, _ in done for notice in notices if "waiting for another" in notice]
