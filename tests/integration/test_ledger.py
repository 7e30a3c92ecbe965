"""The ledger tells the truth: every change with its true outcome, who made it, both texts, no passwords."""
import re
import sqlite3
import time

import psycopg
import pytest

import servers
from wire import Wire, errors, query

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


@pytest.fixture
def ledger(proxy, database):
    return lambda: proxy.ledger(database=database)


def test_every_field(connect, ledger, database):
    client = connect(application_name="migrate", options="-c lock_timeout=0")
    client.execute("create table item (id int primary key)")
    change, = ledger()
    assert change["state"] == "committed" and change["tag"] == "CREATE TABLE"
    assert (change["database"], change["user"], change["application_name"]) == (
        database, "postgres", "migrate")
    assert re.fullmatch(r"127\.0\.0\.1:\d+", change["client"])
    assert change["original_sql"] == "create table item (id int primary key)"
    assert change["executed"] == [{"sql": change["original_sql"]}]
    made, = [thing for thing in change["objects"] if thing["name"] == "item"]
    assert (made["action"], made["kind"]) == ("create", "table")
    assert change["verdict"] in ("allow", "rewrite") and change["attempts"] == 1
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
                        change["change_id"])
    times = [change["times"][name] for name in ("intended", "started", "finished", "committed")]
    assert all(TIME.fullmatch(value) for value in times) and times == sorted(times)


@pytest.mark.parametrize("script, states", [
    (["create table t (a int)"], ["committed"]),
    (["begin", "create table t (a int)", "commit"], ["committed"]),
    (["begin", "create table t (a int)", "rollback"], ["rolled_back"]),
    (["begin", "create table t (a int)", "end"], ["committed"]),
    (["begin", "create table t (a int)", "!select 1/0", "commit"], ["rolled_back"]),
    (["!create table pg_catalog.t (a nosuch)"], ["failed"]),
    (["begin", "!create table t (a nosuch)", "rollback"], ["failed"]),
    (["begin", "create table t (a int)", "savepoint s", "alter table t add b int",
      "rollback to s", "commit"], ["committed", "undone_by_savepoint"]),
    (["begin", "savepoint s", "create table t (a int)", "release s", "commit"], ["committed"]),
    (["begin", "savepoint s", "!create table t (a nosuch)", "rollback to s",
      "create table u (a int)", "commit"], ["failed", "committed"]),
    (["begin", "create table t (a int)", "commit and chain", "create table u (a int)",
      "rollback"], ["committed", "rolled_back"]),
    (["create table t (a int); create table u (a int)"], ["committed", "committed"]),
    (["!create table t (a int); select 1/0"], ["rolled_back"]),
    (["begin; create table t (a int); commit; begin; create table u (a int); rollback"],
     ["committed", "rolled_back"]),
    (["create temp table t (a int)", "drop table t"], ["committed", "committed"]),
    (["do $$ begin execute 'create table t (a int)'; end $$"], ["committed"]),
    (["begin", "create table t (a int)", "prepare transaction 'p'", "rollback prepared 'p'"],
     ["prepared"]),
    (["start transaction isolation level serializable", "create table t (a int)", "abort"],
     ["rolled_back"]),
    (["select 1 as a into t"], ["committed"]), (["create table t as select 1"], ["committed"]),
    (["create role ddlguard_r", "drop role ddlguard_r"], ["committed", "committed"]),
    (["select 1", "set work_mem = '1MB'", "explain select 1"], []),
], ids=lambda value: "; ".join(value)[:70] if isinstance(value, list) else "")
def test_states(script, states, connect, ledger):
    """A statement that begins with ! is to fail."""
    client = connect()
    for sql in script:
        if sql.startswith("!"):
            with pytest.raises(psycopg.Error):
                client.execute(sql[1:])
        else:
            client.execute(sql)
    changes = ledger()
    assert [change["state"] for change in changes] == states
    for change in changes:
        assert change.get("sqlstate") or change["state"] != "failed"


def test_client_that_leaves_in_a_transaction(connect, ledger):
    client = connect()
    client.execute("begin")
    client.execute("create table t (a int)")
    client.close()
    servers.wait_for(lambda: ledger()[0]["state"] == "rolled_back", 5, "rolled_back")


def test_terminated_backend(connect, ledger, server):
    client = connect()
    client.execute("begin")
    client.execute("create table t (a int)")
    server.psql(f"select pg_terminate_backend({client.info.backend_pid})")
    with pytest.raises(psycopg.Error):
        client.execute("commit")
    servers.wait_for(lambda: ledger()[0]["state"] in ("rolled_back", "unknown"), 5, "the end of it")


def test_denied_by_a_rule(make_proxy, connect, database, server):
    server.psql("create table item (a int)", database)
    proxy = make_proxy(rules={"require-concurrent-index-creation": "block"})
    client = connect(leg=proxy)
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
        client.execute("create index i on item (a)")
    assert "require-concurrent-index-creation" in caught.value.diag.message_detail
    assert caught.value.diag.message_hint
    change, = proxy.ledger(database=database)
    assert (change["state"], change["verdict"], change["sqlstate"]) == ("denied", "block", "42501")
    client.execute("begin")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        client.execute("create index i on item (a)")
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        client.execute("select 1")
    client.execute("rollback")


def test_allowed_by_a_comment(make_proxy, connect, database, server):
    """Rule and reason are kept, and shown; an override for another network changes nothing."""
    rule = "require-concurrent-index-creation"
    server.psql("create table item (a int)", database)
    proxy = make_proxy(rules={rule: "block"}, comment_overrides={"users": ["*"]},
                       overrides=[{"match": {"addresses": ["192.0.2.0/24"]}, "mode": "observe"}])
    client = connect(leg=proxy)
    client.execute(f'/* ddlguard:allow {rule} reason="made today" */ create index i on item (a)')
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
        client.execute(f"/* ddlguard:allow {rule} */ create index j on item (a)")
    assert "gives no reason" in caught.value.diag.message_detail
    denied, allowed = sorted(proxy.ledger(database=database), key=lambda change: change["state"] != "denied")
    assert denied["state"] == "denied" and allowed["state"] == "committed"
    assert {"id": rule, "action": "allow", "reason": "made today"} in allowed["rules"]
    shown = proxy.command("ledger", "show", allowed["change_id"], "--config", str(proxy.config_path))
    assert f"{rule} (allow): made today" in shown.stdout


SECRET = "tr0ub4dor-and-3"


@pytest.mark.parametrize("sql", [
    f"create role ddlguard_secret login password '{SECRET}'",
    f"create role ddlguard_secret login encrypted password E'{SECRET}'",
    f"create role ddlguard_secret; alter role ddlguard_secret with password '{SECRET}'",
    f"create role ddlguard_secret; alter role ddlguard_secret with password $x${SECRET}$x$; select 1",
    f"create server ddlguard_s foreign data wrapper postgres_fdw; create user mapping for current_user"
    f" server ddlguard_s options (user 'u', password '{SECRET}')",
    f"create subscription ddlguard_x connection 'host=127.0.0.1 port=1 password={SECRET}'"
    f" publication p with (connect = false, enabled = false, create_slot = false, slot_name = none);"
    f" drop subscription ddlguard_x",
    f"do $$ begin execute 'create role ddlguard_secret password ''{SECRET}'''; end $$",
    f"create role ddlguard_secret password '{SECRET}' nosuchoption",
    f"create role ddlguard_secret password '{SECRET}",
])
def test_passwords_are_never_in_it(sql, make_proxy, connect, database, server):
    """Not in what is listed, not in the file, not in the log; also when the statement does not parse."""
    server.psql("create extension if not exists postgres_fdw", database)
    proxy = make_proxy()
    client = connect(leg=proxy)
    try:
        client.execute(sql)
    except psycopg.Error as error:
        assert "nosuchoption" in sql or sql.endswith(SECRET) or "do $$" in sql, error
    client.close()
    changes = proxy.ledger(database=database)
    proxy.stop()
    assert changes or sql.endswith(SECRET)
    for path in proxy.folder.glob("ledger.db*"):
        assert SECRET.encode() not in path.read_bytes(), path.name
    assert SECRET not in proxy.process.log()
    server.psql("drop role if exists ddlguard_secret")


def test_survives_a_restart_and_only_grows(make_proxy, connect, database):
    proxy = make_proxy(timeouts={"shutdown": "10s"})
    connect(leg=proxy).execute("create table t (a int)")
    before = proxy.ledger()
    assert proxy.stop() == 0
    proxy.start()
    connect(leg=proxy).execute("create table u (a int)")
    after = proxy.ledger()
    assert after[:1] == before and len(after) == 2


def test_killed_proxy_leaves_unknown(make_proxy, server, connect, database):
    """kill -9 in a transaction: after the restart the change is unknown, not committed and not lost."""
    proxy = make_proxy()
    client = connect(leg=proxy)
    client.execute("begin")
    client.execute("create table t (a int)")
    proxy.kill()
    assert proxy.ledger()[0]["state"] in ("stmt_ok", "in_flight", "intended")
    proxy.start()
    assert proxy.ledger()[0]["state"] == "unknown"


def test_intent_is_on_disk_before_the_server_sees_the_change(make_proxy, server, connect, database):
    """While the change waits for its lock on the server, its intent can be read by others."""
    server.psql("create table item (a int)", database)
    proxy = make_proxy()
    holder, client = connect(leg=server), connect(leg=proxy)
    holder.execute("begin; lock table item")
    with client.pipeline():
        client.execute("alter table item add column b int")
        client.pgconn.flush()
        servers.wait_for(lambda: proxy.ledger(), 3, "the intent")
        assert proxy.ledger()[0]["state"] in ("intended", "in_flight")
        holder.execute("rollback")
    servers.wait_for(lambda: proxy.ledger()[0]["state"] == "committed", 5, "committed")


def test_show_and_tail(proxy, connect, ledger, database):
    connect().execute("create table t (a int)")
    change_id = ledger()[0]["change_id"]
    config = ("--config", str(proxy.config_path))
    shown = proxy.command("ledger", "show", change_id, "--json", *config)
    assert shown.returncode == 0
    kinds = re.findall(r'"kind": ?"(\w+)"', shown.stdout)
    assert kinds and kinds[0] == "intended" and "committed" in kinds
    assert "create table t" in proxy.command("ledger", "list", *config).stdout
    missing = proxy.command("ledger", "show", "ffffffff-0000", *config)
    assert missing.returncode != 0 and missing.stderr


def test_journal_is_append_only(proxy, connect, database):
    connect().execute("create table t (a int)")
    copy = sqlite3.connect(f"file:{proxy.ledger_path}?mode=ro", uri=True)
    table = next(name for (name,) in copy.execute(
        "select name from sqlite_master where type = 'table' and name like '%event%'"))
    copy.close()
    client = sqlite3.connect(proxy.ledger_path)
    for sql in (f"delete from {table}", f"update {table} set seq = seq + 1"):
        with pytest.raises(sqlite3.Error):
            client.execute(sql)
    client.close()


def test_full_disk_refuses_changes_and_nothing_else(make_proxy, connect, database):
    """Journal not writable: DDL is refused with 58030 and a hint, everything else flows; afterwards the
    proxy recovers by itself."""
    proxy = make_proxy()
    client = connect(leg=proxy)
    client.execute("create table t (a int)")
    proxy.fill_disk()
    for _ in range(3):
        with pytest.raises(psycopg.Error) as caught:
            client.execute("create table u (a int)")
        assert caught.value.sqlstate == "58030" and caught.value.diag.message_hint
        assert client.execute("select count(*) from t").fetchone() == (0,)
    client.execute("insert into t values (1)")
    client.execute("begin")
    with pytest.raises(psycopg.Error):
        client.execute("create table u (a int)")
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        client.execute("select 1")
    client.execute("rollback")
    proxy.empty_disk()
    time.sleep(0.1)
    servers.wait_for(lambda: works(client), 15, "changes to work again")
    assert client.execute("select count(*) from t").fetchone() == (1,)


def works(client):
    try:
        client.execute("create table if not exists v (a int)")
        return True
    except psycopg.Error:
        return False


def test_full_disk_may_be_allowed(make_proxy, connect, database):
    proxy = make_proxy(ledger={"on_failure": "allow"})
    client = connect(leg=proxy)
    client.execute("create table t (a int)")
    proxy.fill_disk()
    client.execute("create table u (a int)")
    servers.wait_for(lambda: any("ledger" in line for line in list(proxy.process.lines)), 10,
                     "the proxy to say so")


def test_a_statement_in_another_encoding_can_be_read_again(proxy, database):
    sql = "create table 表 (a int)"
    with Wire(proxy, {"user": "postgres", "database": database, "client_encoding": "SJIS"}) as wire:
        wire.send(query(sql.encode("sjis")))
        assert not errors(wire.read_until_ready())
    change = proxy.ledger(database=database)[-1]
    assert change["encoding"] == "SJIS"
    assert change["original_sql"].encode("latin-1").decode("sjis") == sql
