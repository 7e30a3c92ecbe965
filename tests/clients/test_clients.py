"""Other languages' clients and migration tools, directly and through the proxy: the same outcome; through
the proxy an index becomes concurrent where no transaction is open, and the ledger has every change."""
import json
import os
import subprocess
from pathlib import Path

import pytest

import servers

HERE = Path(__file__).parent
JDBC = "/usr/share/java/postgresql.jar"


@pytest.fixture(params=["direct", "proxy"])
def leg(request, server, proxy, database):
    """Each test runs directly first: what fails there is not the proxy's doing."""
    server.psql("create table item (id int primary key, a int, b text); insert into item select g,"
                " g % 1000, repeat('x', 100) from generate_series(1, 20000) g; analyze item", database)
    return server if request.param == "direct" else proxy


def run(*command, **environment):
    done = subprocess.run([str(word) for word in command], text=True, capture_output=True,
                          timeout=120, check=False, cwd=HERE,
                          env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment})
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def url(leg, database, scheme="postgresql"):
    return f"{scheme}://postgres@{leg.host}:{leg.port}/{database}"


def check_indexes(index, *names):
    for name in names:
        assert index(name) is not None and index(name).valid, name


def is_concurrent(change):
    return any("CONCURRENTLY" in step["sql"] for step in change["executed"])


def check_ledger(leg, database, expected):
    """`expected`: what is in the text of a change -> (state, concurrent). In this order, nothing else."""
    if not isinstance(leg, servers.Proxy):
        return
    changes = leg.ledger(database=database)
    found = [(text, change["state"], is_concurrent(change)) for change, text in
             ((change, next((text for text, _, _ in expected if text in change["original_sql"]),
                            change["original_sql"])) for change in changes)]
    assert found == expected
    assert all("CONCURRENTLY" not in change["original_sql"] for change in changes)


def test_jdbc(leg, database, index):
    out = run("java", "-cp", JDBC, HERE / "Indexes.java",
              f"jdbc:{url(leg, database).replace('postgres@', '')}?user=postgres")
    steps = dict(line.split("=", 1) for line in out.splitlines())
    assert steps == {"updated": "0", "violation": "23505", "after": "42", "prepared": "false",
                     "invalid": "42703", "failed": "25P02", "batch": "500",
                     "sum": str(sum(range(500)))}
    check_indexes(index, "item_a", "item_b", "item_c")
    assert index("item_u") is None
    check_ledger(leg, database, [
        ("INDEX item_a", "committed", True), ("INDEX item_u", "failed", True),
        ("INDEX item_b", "committed", True), ("ADD COLUMN c", "committed", False),
        ("INDEX item_c", "committed", False), ("TABLE undone", "rolled_back", False),
        ("INDEX item_x", "failed", False)])


def test_node_postgres(leg, database, index):
    steps = json.loads(run("node", HERE / "indexes.js", url(leg, database)))
    assert steps == {"simple": "CREATE", "extended": "CREATE", "prepared": "CREATE",
                     "violation": "23505", "after": 42, "sum": sum(range(100))}
    check_indexes(index, "item_a", "item_b", "item_ab", "item_c")
    check_ledger(leg, database, [
        ("INDEX item_a ", "committed", True), ("INDEX item_b ", "committed", True),
        ("INDEX item_ab ", "committed", True), ("INDEX item_u", "failed", True),
        ("ADD COLUMN c", "committed", False), ("INDEX item_c", "committed", False),
        ("TABLE undone", "rolled_back", False)])


@pytest.fixture
def alembic(tmp_path, leg, database):
    """alembic(words...): the tool with the migrations of this folder."""
    (tmp_path / "alembic.ini").write_text(f"[alembic]\nscript_location = {HERE / 'alembic'}\n",
                                          encoding="utf-8")
    return lambda *words: run("alembic", "-c", tmp_path / "alembic.ini", *words,
                              DATABASE_URL=url(leg, database, "postgresql+psycopg2"))


def test_alembic(alembic, leg, database, index, direct):
    alembic("upgrade", "head")
    check_indexes(index, "account_name", "item_a", "item_b")
    assert direct.execute("select version_num from alembic_version").fetchone() == ("two",)
    check_ledger(leg, database, [
        ("TABLE alembic_version", "committed", False), ("TABLE account", "committed", False),
        ("INDEX account_name", "committed", False), ("ADD COLUMN c", "committed", False),
        ("INDEX item_a", "committed", False), ("INDEX item_b", "committed", True)])
    alembic("downgrade", "base")
    assert index("item_a") is None and index("item_b") is None


@pytest.fixture
def django(leg, database):
    """django(words...): manage.py's commands on the application of this folder."""
    return lambda *words: run(
        "/usr/bin/python3", "-m", "django", *words, DJANGO_SETTINGS_MODULE="settings",
        PYTHONPATH=str(HERE / "django"), PGHOST=leg.host, PGPORT=str(leg.port), PGDATABASE=database)


def test_django(django, leg, database, index, direct):
    django("migrate", "--verbosity", "0")
    check_indexes(index, "item_a", "item_b")
    assert direct.execute("select count(*) from django_migrations where app = 'shop'").fetchone() == (3,)
    if isinstance(leg, servers.Proxy):
        changes = leg.ledger(database=database)
        assert {change["state"] for change in changes} == {"committed"}
        assert [change["original_sql"] for change in changes if is_concurrent(change)] == [
            "CREATE INDEX item_b ON item (b)"]
    django("migrate", "shop", "zero", "--verbosity", "0")
    assert index("item_a") is None and index("item_b") is None
