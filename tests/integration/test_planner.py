"""The settings that the probe is planned with: the client's may make its plan cost 10^10, which JIT then compiles for
seconds. They are the client's own again afterwards, whatever happens."""
import re

import psycopg
import pytest

import servers

# The costs at which JIT sets in are such that it compiles every plan.
HOSTILE = {"jit": "on", "jit_above_cost": "0", "enable_nestloop": "off", "enable_indexscan": "off",
           "enable_seqscan": "off", "join_collapse_limit": "12"}
OURS = ("jit", "enable_nestloop", "enable_indexscan", "enable_seqscan", "join_collapse_limit")
CLIENTS = [HOSTILE[name] for name in OURS]


def settings(client):
    return [client.execute(f"show {name}").fetchone()[0] for name in OURS]


@pytest.fixture
def client(connect):
    """A session with all of HOSTILE, and a table."""
    options = " ".join(f"-c {name}={value}" for name, value in HOSTILE.items())
    client = connect(options=options)
    client.execute("create table t (id int primary key, a int)")
    return client


def plans(server, client, mark):
    """What auto_explain says of the session's statements since the mark was selected, text by text."""
    def logged():
        log = "\n".join(list(server.process.lines))
        log = log[log.index(f"statement: select '{mark}'"):]
        made = re.findall(rf"\[{client.info.backend_pid}\] .* plan:\n((?:\t.*\n)+)", log)
        return made if f"statement: select 'behind {mark}'" in log else []
    client.execute(f"select 'end of {mark}'")
    client.execute(f"select 'behind {mark}'")
    servers.wait_for(logged, 20, "the server's log")
    return logged()


@pytest.mark.parametrize("block", [False, True])
def test_the_probe_is_not_compiled(block, client, server):
    mark = f"planned {block} {client.info.backend_pid}"
    client.execute("load 'auto_explain'")
    for key, value in {"log_min_duration": "0", "log_analyze": "on", "log_settings": "on"}.items():
        client.execute(f"set auto_explain.{key} = {value}")
    client.execute("begin" if block else "select")
    client.execute(f"select '{mark}'")
    client.execute("create index on t (a)" if not block else "alter table t add b int")
    client.execute("commit" if block else "select")
    made = plans(server, client, mark)
    [probe] = [plan for plan in made if "WITH RECURSIVE target" in plan]
    assert "Settings: jit = 'off'" in probe or ", jit = 'off'" in probe, probe
    assert "JIT:" not in probe and "enable_" not in probe
    if server.psql("select pg_jit_available()") == "t":     # else nothing is ever compiled
        assert any("JIT:" in plan for plan in made if f"'end of {mark}'" in plan)


def test_outside_a_transaction_the_settings_are_the_clients_again(client):
    client.execute("create index on t (a)")
    client.execute("alter table t add b int")
    assert settings(client) == CLIENTS
    client.execute("reset all")
    assert settings(client) == CLIENTS


def test_in_a_transaction_they_are(client):
    client.execute("begin")
    client.execute("alter table t add b int")
    assert settings(client) == CLIENTS
    client.execute("savepoint s")
    client.execute("set local jit = off")
    client.execute("alter table t add c int")
    assert settings(client) == ["off"] + CLIENTS[1:]
    client.execute("rollback to s")
    assert settings(client) == CLIENTS
    client.execute("set local enable_seqscan = on")
    client.execute("alter table t add d int")
    client.execute("commit")
    assert settings(client) == CLIENTS


@pytest.mark.parametrize("end, left", [("commit", "off"), ("rollback", "on")])
def test_what_the_client_sets_in_a_transaction_lasts_as_long_as_it_would(end, left, client):
    client.execute("begin")
    client.execute("set jit = off")
    client.execute("alter table t add b int")
    assert settings(client)[0] == "off"
    client.execute(end)
    assert settings(client) == [left] + CLIENTS[1:]


def test_after_a_probe_that_fails_they_are(client):
    """A statement_timeout of 1 ms ends the probe, in a transaction with it the client's."""
    client.execute("begin")
    client.execute("savepoint s")
    client.execute("set local statement_timeout = 1")
    with pytest.raises(psycopg.errors.QueryCanceled):
        client.execute("alter table t add b int, add check (a > 0), alter a set not null")
    client.execute("rollback to s")
    assert settings(client) == CLIENTS
    client.execute("alter table t add b int")
    client.execute("commit")
    assert settings(client) == CLIENTS


def test_in_a_pipeline_they_are(client):
    with client.pipeline():
        client.execute("insert into t values (1, 1)")
        client.execute("alter table t add b int")
        shown = [client.execute(f"show {name}") for name in OURS]
        assert [cursor.fetchone()[0] for cursor in shown] == CLIENTS
    assert settings(client) == CLIENTS
