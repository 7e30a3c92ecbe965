"""The subcommands that need no running proxy: config check and print, explain; and how `run` refuses."""
import json
import subprocess

import psycopg
import pytest

import servers
from conftest import conninfo

USUAL = """
listen: ["127.0.0.1:0"]
upstreams: [{database: "*", host: 127.0.0.1, port: 5432}]
ledger: {path: FOLDER/ledger.db}
"""


@pytest.fixture
def program(tmp_path):
    """program(subcommand words..., config=text): the finished process."""
    def run(*words, config=None):
        if config is not None:
            path = tmp_path / "ddlguard.yaml"
            path.write_text(config.replace("FOLDER", str(tmp_path)), encoding="utf-8")
            words += ("--config", str(path))
        return subprocess.run([str(servers.PROGRAM), *words], text=True, capture_output=True,
                              timeout=20, check=False, stdin=subprocess.DEVNULL)
    return run


def test_shipped_configuration_is_the_default(program):
    shipped = program("config", "print", "--config", str(servers.ROOT / "config/ddlguard.yaml"))
    assert shipped.returncode == 0, shipped.stderr
    assert shipped.stdout == program("config", "print").stdout


def test_printed_configuration_is_a_configuration(program):
    printed = program("config", "print", config=USUAL).stdout
    again = program("config", "print", config=printed)
    assert again.returncode == 0 and again.stdout == printed


@pytest.mark.parametrize("text, line, words", [
    (USUAL + "nosuch: 1\n", 5, ["nosuch"]), (USUAL + "workers: many\n", 5, ["workers"]),
    (USUAL + "mode: enforced\n", 5, ["mode", "enforce", "observe"]),
    (USUAL + "timeouts: {lock: 2 parsecs}\n", 5, ["lock", "parsecs"]),
    (USUAL + "rules: {nosuch-rule: block}\n", 5, ["nosuch-rule"]),
    (USUAL + "rules: {lock-timeout: perhaps}\n", 5, ["perhaps"]),
    ("listen: [\n", None, []), ("listen: ['127.0.0.1:99999']\n", 1, ["99999"]),
])
def test_configuration_errors(text, line, words, program):
    """File, line, key, what was expected and what came; the same from `run`, which does not start."""
    done = program("config", "check", config=text)
    assert done.returncode != 0
    assert "ddlguard.yaml" in done.stderr
    assert line is None or f":{line}:" in done.stderr, done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    assert program("run", config=text).returncode != 0


def test_good_configuration(program):
    assert program("config", "check", config=USUAL).returncode == 0


def test_missing_file(program):
    done = program("run", "--config", "/nonexistent/ddlguard.yaml")
    assert done.returncode != 0 and "/nonexistent/ddlguard.yaml" in done.stderr


def test_ledger_that_cannot_be_opened(program):
    done = program("run", config=USUAL.replace("FOLDER/ledger.db", "/nonexistent/ledger.db"))
    assert done.returncode != 0 and "/nonexistent" in done.stderr


def test_address_in_use(program, server):
    done = program("run", config=USUAL.replace("127.0.0.1:0", f"127.0.0.1:{server.port}"))
    assert done.returncode != 0 and str(server.port) in done.stderr


@pytest.mark.parametrize("words", [(), ("nosuch",), ("run", "--nosuch"), ("config",), ("config", "x"),
                                   ("ledger",), ("ledger", "nosuch"), ("explain",)])
def test_bad_usage(words, program):
    done = program(*words)
    assert done.returncode == 2 and done.stderr and not done.stdout


def test_help(program):
    done = program("--help")
    assert done.returncode == 0
    assert all(word in done.stdout for word in ("run", "check", "explain", "config", "ledger"))


@pytest.mark.parametrize("sql, words", [
    ("create index i on item (a)", ["CONCURRENTLY", "require-concurrent-index-creation", "rewrite"]),
    ("drop index item_a", ["CONCURRENTLY", "require-concurrent-index-deletion"]),
    ("reindex table item", ["CONCURRENTLY", "require-concurrent-reindex"]),
    ("alter table item add column c int", ["lock_timeout", "ALTER TABLE"]),
    ("select 1", ["allow"]),
    ("create table (", ["unparsed"]),
])
def test_explain(sql, words, program, server, database):
    """With a server to ask, explain shows what `run` would do; nothing is done."""
    server.psql("create table item (a int); create index item_a on item (a)", database)
    done = program("explain", "--server", conninfo(server, database), sql)
    assert done.returncode in (0, 1), done.stderr
    assert all(word in done.stdout for word in words), done.stdout
    assert server.psql("select count(*) from pg_index where indrelid = 'item'::regclass",
                       database) == "1"


def test_explain_without_a_server_promises_nothing(program):
    done = program("explain", "create index i on item (a)")
    assert "CONCURRENTLY" not in done.stdout and "--server" in done.stdout


INDEX = "require-concurrent-index-creation"


@pytest.mark.parametrize("config, sql, said, decided", [
    ("", "create index i on item (a)", "decided by the rule's default in profile guard",
     {"by": "profile", "override": None, "reason": None}),
    ("rules:\n  %s: warn\n" % INDEX, "create index i on item (a)", "decided by `rules`",
     {"by": "rules", "override": None, "reason": None}),
    ("overrides:\n  - {mode: enforce}\n  - profile: strict\n", "create index i on item (a)",
     "in profile strict, which is of overrides[1] (line 3)",
     {"by": "profile", "override": {"index": 1, "line": 3}, "reason": None}),
    ("overrides:\n  - rules: {%s: block}\n" % INDEX, "create index i on item (a)",
     "decided by overrides[0] (line 2)",
     {"by": "override", "override": {"index": 0, "line": 2}, "reason": None}),
    ("overrides:\n  - {rules: {%s: block}, until: 2020-01-01}\n" % INDEX, "create index i on item (a)",
     "decided by the rule's default",
     {"by": "profile", "override": None, "reason": None}),
    ("comment_overrides: {users: [\"*\"]}\n",
     "create index i on item (a) /* ddlguard:allow %s reason=\"empty\" */" % INDEX,
     "decided by the comment: empty",
     {"by": "comment", "override": None, "reason": "empty"}),
])
def test_explain_says_what_decided(config, sql, said, decided, program):
    done = program("explain", sql, config=config)
    assert done.returncode == 0 and said in done.stdout, done.stdout + done.stderr
    done = program("explain", "--json", sql, config=config)
    rules = json.loads(done.stdout)["statements"][0]["rules"]
    assert [rule["decided"] for rule in rules if rule["id"] == INDEX] == [decided]


def test_explain_says_why_a_comment_is_not_honoured(program):
    sql = "alter table item add c int /* ddlguard:allow lock-timeout reason=\"r\" */"
    done = program("explain", sql, config="")
    assert "not honoured: comment_overrides" in done.stdout


def test_config_check_reminds_of_what_is_over(program, tmp_path):
    done = program("config", "check", config="overrides:\n  - {mode: observe, until: 2020-01-01}\n")
    assert done.returncode == 0 and done.stdout.endswith(": ok\n")
    assert done.stderr == "%s:2: overrides[0]: it is over (until 2020-01-01), and holds no longer\n" % (
        tmp_path / "ddlguard.yaml")


def test_no_table_is_let_off_by_another_in_the_same_message(make_proxy, connect, direct):
    proxy = make_proxy(rules={"ban-drop-table": "block"},
                       overrides=[{"match": {"tables": ["staging_*"]}, "mode": "observe"}])
    direct.execute("create table staging_a (a int); create table staging_b (a int); create table orders (a int)")
    connection = connect(leg=proxy)
    for sql in ("drop table staging_a, orders", "drop table staging_a; drop table orders",
                "alter table staging_a add b int; drop table orders"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(sql)
    connection.execute("drop table staging_a, staging_b")
