"""A transaction that stays open behind a schema change keeps everybody else from its tables: its client is told,
and cut off where the rule says so."""
import select
import time

import psycopg
import pytest

from conftest import TIMEOUTS

IDLE = {**TIMEOUTS, "uncommitted_warn": "300ms", "uncommitted_end": "1s"}


@pytest.fixture
def table(server, database):
    server.psql("create table item (a int); insert into item values (1)", database)


def hears(connection, what, seconds=10):
    """Whether a notice with that text comes while the client asks for nothing."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not any(what in notice for notice in connection.notices):
        if select.select([connection.fileno()], [], [], 0.1)[0]:
            connection.pgconn.consume_input()
            connection.pgconn.notifies()
    return any(what in notice for notice in connection.notices)


def test_idle_client_is_told_and_may_go_on(make_proxy, connect, database, table):
    leg = make_proxy(timeouts=IDLE)
    client = connect(leg=leg)
    client.execute("begin")
    client.execute("alter table item add b int")
    assert hears(client, "this transaction has been idle for 0.3 s")
    client.notices.clear()
    client.execute("commit")
    assert any("was open for" in notice for notice in client.notices)
    assert leg.ledger(database=database)[0]["state"] == "committed"


def test_one_that_changed_nothing_is_left_alone(make_proxy, connect, table):
    client = connect(leg=make_proxy(timeouts=IDLE, profile="strict"))
    client.execute("begin")
    client.execute("lock table item in access share mode")
    client.execute("insert into item values (2)")
    assert not hears(client, "idle", seconds=1.5)
    client.execute("commit")


def test_ended_where_the_rule_says_so(make_proxy, connect, direct, database, table):
    leg = make_proxy(timeouts=IDLE, rules={"ban-uncommitted-transaction": "block"})
    client = connect(leg=leg)
    client.execute("begin")
    client.execute("alter table item add b int")
    # Waits for the lock, which it gets when the proxy ends that transaction.
    assert direct.execute("select * from item").fetchall() == [(1,)]
    with pytest.raises(psycopg.Error) as caught:
        client.execute("commit")
    assert "its transaction with schema changes has been idle for 1.0 s" in str(caught.value)
    change, = leg.ledger(database=database)
    assert (change["state"], change["sqlstate"]) == ("rolled_back", "25P03")


def test_observe_mode_says_nothing(make_proxy, connect, table):
    client = connect(leg=make_proxy(timeouts=IDLE, mode="observe",
                                    rules={"ban-uncommitted-transaction": "block"}))
    client.execute("begin")
    client.execute("alter table item add b int")
    assert not hears(client, "idle", seconds=1.5)
    client.execute("commit")
    assert not client.notices


COMMENT = '/* ddlguard:allow ban-uncommitted-transaction reason="a long load" */ '


def test_allowed_by_a_comment(make_proxy, connect, database, table):
    """Of the changes that are open the strictest counts: the comment is for its own alone."""
    leg = make_proxy(timeouts=IDLE, rules={"ban-uncommitted-transaction": "block"},
                     comment_overrides={"users": ["*"]})
    client = connect(leg=leg)
    client.execute("begin")
    client.execute(COMMENT + "alter table item add b int")
    assert not hears(client, "idle", seconds=1.5)
    client.execute("alter table item add c int")
    assert hears(client, "idle")
    client.execute("commit")
    client.notices.clear()
    client.execute("begin")
    client.execute(COMMENT + "alter table item add d int", prepare=True)
    assert not hears(client, "idle", seconds=1.5)
    client.execute("commit")
    assert not client.notices
