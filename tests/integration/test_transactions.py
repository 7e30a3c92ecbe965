"""Schema changes in and around transactions of the client's, in as few messages as it likes: they run as they
do without the proxy, and what we set around them is never seen from outside."""
import psycopg
import pytest

from wire import (SYNC, Wire, bind, close, errors, execute, fields, kinds, message, parse, query)

LOGIN = {"user": "postgres"}


def run(leg, database, *messages):
    """One session: each message's reply as its types, its SQLSTATEs and its first columns."""
    seen = []
    with Wire(leg, {**LOGIN, "database": database}) as wire:
        for message in messages:
            wire.send(message)
            reply = [one for one in wire.read_until_ready() if one[0] != b"N"]
            rows = [body[6:].decode() for kind, body in reply if kind == b"D"]
            seen.append((kinds(reply), errors(reply), rows))
    return seen


def test_set_transaction_and_ddl_in_one_message(same):
    """SET TRANSACTION must come before any query of its transaction; our questions are none."""
    seen = same(lambda leg, database: run(
        leg, database, query("begin"),
        query("set transaction isolation level serializable; create table item (a int)"),
        query("show transaction_isolation"), query("show lock_timeout"), query("rollback")))
    assert [reply[0] for reply in seen] == ["CZ", "CCZ", "TDCZ", "TDCZ", "CZ"]
    assert [reply[2] for reply in seen[2:4]] == [["serializable"], ["0"]]


def test_our_timeout_ends_with_the_transaction_that_was_opened_with_the_change(same):
    """BEGIN and a schema change in one message: nothing of ours is left, however the transaction ends."""
    show = query("show lock_timeout")
    endings = [(query("rollback; show lock_timeout"),), (query("rollback and chain"), show),
               (query("commit and chain; show lock_timeout"), show), (query("rollback; begin"), show),
               (query("savepoint a"), query("alter table item add b int"), query("rollback to a"),
                show)]
    for ending in endings:
        seen = same(lambda leg, database, ending=ending: run(
            leg, database, query("set lock_timeout = '9s'"),
            query("begin; create table item (a int); savepoint s"), show, *ending,
            query("rollback"), show, query("drop table if exists item")))
        assert {row for reply in seen for row in reply[2]} == {"9s"}


def test_a_change_behind_the_end_of_a_transaction_is_guarded(proxy, database, server):
    """COMMIT and ROLLBACK in front of a change in its message do not take the guard away."""
    server.psql("create table item (a int)", database)
    tell = "do $$ begin raise notice '%', current_setting('lock_timeout'); end $$"
    with Wire(proxy, {**LOGIN, "database": database}) as wire:
        for before, after in (("", "commit"), ("begin", "rollback"), ("begin", "commit and chain")):
            wire.send(query(f"begin; select 1; {after}; {before}; alter table item add b int; {tell};"
                            " rollback"))
            reply = wire.read_until_ready()
            notices = [fields(body)["M"] for kind, body in reply if kind == b"N"]
            assert "700ms" in notices, reply
            assert not errors(reply)


def test_positions_behind_our_statements_are_the_clients(same):
    sql = "begin; create table item (a int); commit; alter table item add b nosuchtype"
    def position(leg, database):
        with Wire(leg, {**LOGIN, "database": database}) as wire:
            wire.send(query(sql))
            found = [fields(body)["P"] for kind, body in wire.read_until_ready() if kind == b"E"]
            wire.send(query("drop table item"))
            wire.read_until_ready()
            return found
    assert same(position) == [str(sql.index("nosuchtype") + 1)]


def test_a_text_is_read_with_the_settings_that_it_will_run_under(proxy, database):
    """A SET of standard_conforming_strings is not answered yet when the text behind it arrives."""
    with Wire(proxy, {**LOGIN, "database": database}) as wire:
        wire.send(query("set standard_conforming_strings = off") +
                  query("select '\\', '; create table hidden (a int); --'"))
        reply = wire.read_until_ready(2)
    assert not errors(reply)
    changes = proxy.ledger(database=database)
    assert [change["original_sql"] for change in changes] == ["create table hidden (a int)"]


def test_what_must_run_first_in_a_batch_runs_first(same):
    """Two portals are bound before CREATE INDEX CONCURRENTLY or VACUUM runs: nothing of ours may run before it."""
    def scenario(leg, database):
        seen = run(leg, database, query("create table item (a int)"), *(
            parse("select 1", "other") + bind("other", "other") + parse(sql) + bind() + execute() +
            close(b"S", "other") + SYNC
            for sql in ("create index concurrently i on item (a)", "vacuum full item", "vacuum item")))
        return seen + run(leg, database, query("drop table item"))
    assert [reply[0] for reply in same(scenario)] == ["CZ", "1212C3Z", "1212C3Z", "1212C3Z", "CZ"]


def test_a_long_text_with_a_nul_is_the_servers_to_refuse(same, proxy, database):
    text = b"create table item (a int); select '\0" + b"x" * (3 << 20) + b"'\0"
    assert same(lambda leg, database: run(leg, database, message(b"Q", text))) == [
        ("EZ", ["08P01"], [])]
    assert not proxy.ledger(database=database)


def test_a_lock_timeout_in_a_transaction_is_tried_again(server, connect, database, direct):
    """Behind a savepoint of ours: what the transaction has done before stays, and COMMIT commits all of it."""
    server.psql("create table busy (a int); create table done (a int)", database)
    blocker = connect(leg=server)
    blocker.execute("begin; select * from busy")
    client = connect()
    client.add_notice_handler(
        lambda notice: blocker.execute("rollback") if "try 1 of" in notice.message_primary else None)
    client.execute("begin")
    client.execute("insert into done values (1)")
    client.execute("savepoint mine")
    client.execute("alter table busy add b int")
    client.execute("rollback to savepoint mine")
    client.execute("alter table busy add c int")
    client.execute("commit")
    columns = [row[0] for row in direct.execute("select attname from pg_attribute where attnum > 0"
                                                " and attrelid = 'busy'::regclass order by attnum")]
    assert columns == ["a", "c"]
    assert direct.execute("select count(*) from done").fetchone()[0] == 1
    assert any("try 1 of" in notice for notice in client.notices)


@pytest.mark.parametrize("portal", ["", "named"])
def test_a_lock_timeout_in_a_transaction_is_tried_again_extended(server, connect, database, proxy, portal):
    server.psql("create table busy (a int)", database)
    blocker = connect(leg=server)
    blocker.execute("begin; select * from busy")
    with Wire(proxy, {**LOGIN, "database": database}, seconds=30) as client:
        client.send(query("begin"))
        client.read_until_ready()
        client.send(parse("alter table busy add b int") + bind("", portal) + execute(portal) + SYNC)
        client.read_until([b"N"])
        blocker.execute("rollback")
        assert kinds(client.read_until_ready()).endswith("CZ")
        client.send(query("commit"))
        client.read_until_ready()
    assert server.psql("select count(*) from pg_attribute where attrelid = 'busy'::regclass and"
                       " attname = 'b'", database).strip() == "1"


def test_a_change_behind_the_end_of_a_failed_transaction_is_guarded(proxy, database, server):
    """Nobody can be asked in a failed transaction: the guard stands in the text, or the client is told."""
    server.psql("create table item (a int)", database)
    with Wire(proxy, {**LOGIN, "database": database}) as wire:
        for sql, told in (("rollback; alter table item add b int", "700ms"),
                          ("rollback; begin; alter table item add c int", "could not be asked")):
            wire.send(query("begin; select 1/0") + query(
                f"{sql}; do $$ begin raise notice '%', current_setting('lock_timeout'); end $$"))
            reply = wire.read_until_ready(2)
            assert errors(reply) == ["22012"]
            assert any(told in fields(body)["M"] for kind, body in reply if kind == b"N"), reply
            wire.send(query("commit"))
            wire.read_until_ready()
    changes = proxy.ledger(database=database, tag="ALTER TABLE")
    assert [change["lock_timeout_ms"] > 0 for change in changes] == [True, False]
    assert [[rule["id"] for rule in change["rules"]] for change in changes] == [[], ["lock-timeout"]]
    assert {change["state"] for change in changes} == {"committed"}


def test_a_name_that_sql_has_taken_over_means_what_sql_says(same):
    """DEALLOCATE and PREPARE of a name that a Parse had given to a schema change."""
    def scenario(leg, database):
        return run(leg, database, query("create table item (a int)"),
                   parse("create index i on item (a)", "s") + SYNC,
                   query("deallocate s; prepare s as select 42"),
                   bind("s") + execute() + SYNC, query("select to_regclass('i')"),
                   query("deallocate all"), parse("create index i on item (a)", "s") + SYNC,
                   bind("s") + execute() + SYNC, query("select to_regclass('i')"),
                   query("drop table item"))
    seen = same(scenario)
    assert seen[3] == ("2DCZ", [], ["42"])
    assert [seen[4][2], seen[8][2]] == [[""], ["i"]]


@pytest.mark.parametrize("lock, told", [
    ("alter table item add constraint k check (a > 0) not valid", True),
    ("savepoint s; alter table item add constraint k check (a > 0) not valid; release s", True),
    ("alter table item add constraint k check (a > 0) not valid; commit; begin", False),
    ("alter table item alter a set statistics 9", False)])
def test_validate_under_the_lock_of_its_transaction_is_told(server, connect, database, lock, told):
    """Whoever adds a constraint NOT VALID and validates it at once holds the table locked meanwhile."""
    server.psql("create table item as select 1 as a, repeat('x', 900) as b from generate_series(1, 3000);"
                "alter table item add constraint old check (a > 0) not valid", database)
    session = connect()
    for sql in ("begin", *lock.split("; "), "alter table item validate constraint old", "commit"):
        session.execute(sql)
    assert any("validate-with-other-actions" in notice for notice in session.notices) == told
    assert session.execute("select convalidated from pg_constraint where conname = 'old'").fetchone() == (
        True,)


def test_what_no_transaction_takes_is_the_servers_to_refuse(server, proxy, connect, database):
    """CONCURRENTLY in a transaction block: PostgreSQL's own error, and the ledger knows the rule."""
    server.psql("create table item (a int)", database)
    session = connect()
    session.execute("begin")
    with pytest.raises(psycopg.errors.ActiveSqlTransaction):
        session.execute("create index concurrently i on item (a)")
    session.execute("rollback")
    change, = proxy.ledger(database=database)
    assert (change["state"], change["sqlstate"]) == ("failed", "25001")
    assert [rule["id"] for rule in change["rules"]] == ["ban-concurrent-index-creation-in-transaction"]
