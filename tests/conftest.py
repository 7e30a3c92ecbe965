"""Fixtures that integration and client tests share: one PostgreSQL for the run, a database per test, and
proxies in front of it. A test that fails shows the log of every proxy it used; a proxy that dies, or
whose sanitizer reports something, fails the test that used it."""
import itertools
import os
import re
import signal
from types import SimpleNamespace

import psycopg
import pytest

import servers

REPORT = re.compile(r"(Address|Thread|Leak|UndefinedBehavior)Sanitizer|runtime error:|Assertion .* failed")
TEST_SECONDS = int(os.environ.get("DDLGUARD_TEST_SECONDS", 40))
# What an application may wait longer than it should: several tests share the processors.
ROOM_SECONDS = float(os.environ.get("DDLGUARD_ROOM_SECONDS", 1.4))
numbers = itertools.count(1)

# Killed from outside, as if by Ctrl-C: fixtures stop what they started.
signal.signal(signal.SIGTERM, signal.default_int_handler)

# Short, so that tests of waiting take little time. The proxy raises the lock timeout to the server's
# deadlock_timeout (100 ms here) and 500 ms more.
TIMEOUTS = {"lock": "700ms", "backoff": "100ms", "backoff_max": "400ms", "attempts": 4,
            "total": "20s", "concurrent_lock": "1s", "concurrent_total": f"{TEST_SECONDS // 2}s",
            "shutdown": "1s"}


@pytest.fixture(scope="session")
def server():
    """The PostgreSQL server of this run."""
    server = servers.Postgres()
    server.psql("create role app login; grant all on schema public to app")
    yield server
    server.stop()


def check_proxy(proxy):
    """Fails when the proxy has died or a sanitizer found something."""
    found = [line for line in proxy.process.lines if REPORT.search(line)]
    assert not found, f"the proxy reported:\n{proxy.process.log()}"
    assert proxy.process.is_running(), f"the proxy died:\n{proxy.process.log()}"


@pytest.fixture(scope="session")
def shared_proxies(server):
    """The two proxies that most tests use: enforce and observe."""
    made = {mode: servers.Proxy(server, mode=mode, timeouts=TIMEOUTS)
            for mode in ("enforce", "observe")}
    yield made
    for mode, proxy in made.items():
        check_proxy(proxy)
        assert proxy.stop() == 0, f"{mode}: exit code not 0:\n{proxy.process.log()}"


@pytest.fixture
def shown_on_failure(request):
    """Proxies whose log (as far as this test made it) is shown when the test fails."""
    watched = []
    yield lambda proxy: watched.append((proxy, len(proxy.process.lines)))
    report = getattr(request.node, "report_of_call", None)
    if report is not None and report.failed:
        for proxy, start in watched:
            print(f"---- log of the proxy on port {proxy.port}")
            print("\n".join(proxy.process.lines[start:][-200:]))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """No test may hang: what takes longer than TEST_SECONDS fails where it stands."""
    def too_long(*_):
        raise TimeoutError(f"{item.name} took longer than {TEST_SECONDS} s")
    signal.signal(signal.SIGALRM, too_long)
    signal.alarm(TEST_SECONDS)
    yield
    signal.alarm(0)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.report_of_call = outcome.get_result()


@pytest.fixture
def proxy(shared_proxies, shown_on_failure):
    """The shared proxy in enforce mode."""
    shown_on_failure(shared_proxies["enforce"])
    yield shared_proxies["enforce"]
    check_proxy(shared_proxies["enforce"])


@pytest.fixture
def make_proxy(server, shown_on_failure):
    """make_proxy(key=value, ...): a proxy of the test's own with that configuration."""
    made = []

    def make(**config):
        config.setdefault("timeouts", TIMEOUTS)
        made.append(servers.Proxy(server, **config))
        shown_on_failure(made[-1])
        return made[-1]

    yield make
    for proxy in made:
        proxy.stop()        # a leak is reported at the end
        found = [line for line in proxy.process.lines if REPORT.search(line)]
        assert not found, f"the proxy reported:\n{proxy.process.log()}"


class Databases:
    """Databases under a new name each. An empty one is used again and again: it is emptied and renamed, which
    takes a tenth of the time that making and dropping one takes. One with tables is a copy, which takes a tenth of
    the time that filling it takes."""

    def __init__(self, server):
        self.server, self.free, self.templates = server, None, {}
        self.admin = psycopg.connect(conninfo(server, "postgres"), autocommit=True)
        # Files, not pages through the log as is the default from 15 on: twice as fast, as nothing is synced.
        self.how = " strategy file_copy" if self.admin.info.server_version >= 150000 else ""

    def take(self):
        name = f"test_{next(numbers)}"
        if self.free:
            self.admin.execute(f"alter database {self.free} rename to {name}")
            self.free = None
        else:
            self.admin.execute(f"create database {name}")
        return name

    def give_back(self, name):
        left = "select pid from pg_stat_activity where datname = %s"
        self.admin.execute(f"select pg_terminate_backend(pid) from ({left}) s", [name])
        servers.wait_for(lambda: not self.admin.execute(left, [name]).fetchall(), 20,
                         f"the sessions of {name} to end")
        with psycopg.connect(conninfo(self.server, name), autocommit=True) as inside:
            inside.execute("drop schema public cascade; create schema public;"
                           " grant all on schema public to public")
        self.free = name

    def template(self, setup):
        """The name of a database that has what these statements make, for copying. It is made when it is first
        asked for."""
        if setup not in self.templates:
            name = self.templates[setup] = f"template_{len(self.templates)}"
            self.admin.execute(f"create database {name}")
            with psycopg.connect(conninfo(self.server, name), autocommit=True) as inside:
                for statement in filter(str.strip, setup.split(";")):
                    inside.execute(statement)
        return self.templates[setup]

    def copy(self, source):
        """The name of a new copy of that database, which nobody may use meanwhile."""
        name = f"test_{next(numbers)}"
        self.admin.execute(f"create database {name} template {source}{self.how}")
        return name

    def drop(self, name):
        self.admin.execute(f"drop database {name} with (force)")


@pytest.fixture(scope="session")
def databases(server):
    return Databases(server)


@pytest.fixture
def database(request, databases):
    """The name of a database of this test's own: with what the module's SETUP makes, else empty. No other test has
    used that name."""
    setup = getattr(request.module, "SETUP", None)
    name = databases.copy(databases.template(setup)) if setup else databases.take()
    yield name
    (databases.drop if setup else databases.give_back)(name)


def conninfo(leg, database, **keys):
    words = {"host": leg.host, "port": leg.port, "user": leg.user, "dbname": database,
             "connect_timeout": 10, **keys}
    return psycopg.conninfo.make_conninfo(**{key: value for key, value in words.items()
                                             if value is not None})


def outcome(connection, sql):
    """The command's tag, or the error as a tuple."""
    try:
        return connection.execute(sql).statusmessage
    except psycopg.Error as error:
        diag = error.diag
        return (diag.sqlstate, diag.severity, diag.message_primary, diag.message_detail,
                diag.table_name, diag.column_name, diag.constraint_name)


@pytest.fixture
def legs(server, shared_proxies, proxy, shown_on_failure):
    """The three ways to the server: direct, observe, enforce."""
    shown_on_failure(shared_proxies["observe"])
    yield {"direct": server, **{mode: shared_proxies[mode] for mode in ("observe", "enforce")}}
    check_proxy(shared_proxies["observe"])


@pytest.fixture
def same(legs, database):
    """same(scenario): runs scenario(leg, database) directly and through both proxies, requires the same
    outcome of all three and returns it. Each run finds the database as the one before it left it."""
    def run(scenario):
        outcomes = {name: scenario(leg, database) for name, leg in legs.items()}
        for name in ("observe", "enforce"):
            assert outcomes[name] == outcomes["direct"], f"{name} differs from the direct run"
        return outcomes["direct"]
    return run


@pytest.fixture
def connect(proxy, make_proxy, database):     # make_proxy: its proxies end after our connections
    """connect(**keys): a psycopg 3 connection through the shared proxy, in autocommit."""
    opened = []

    def make(leg=None, autocommit=True, **keys):
        opened.append(psycopg.connect(conninfo(leg or proxy, database, **keys),
                                      autocommit=autocommit))
        opened[-1].notices = []
        opened[-1].add_notice_handler(
            lambda diag, seen=opened[-1].notices: seen.append(" / ".join(filter(None, (
                diag.message_primary, diag.message_detail, diag.message_hint)))))
        return opened[-1]

    yield make
    for connection in opened:
        connection.close()


@pytest.fixture
def direct(server, connect):
    """A connection past the proxy, for looking at what really happened."""
    return connect(leg=server)


@pytest.fixture
def index(direct):
    """index(name): (valid, unique, definition) as the server's catalog has it; None: no such index."""
    def look(name):
        row = direct.execute(
            "select i.indisvalid, i.indisunique, pg_get_indexdef(i.indexrelid) from pg_index i"
            " join pg_class c on c.oid = i.indexrelid where c.relname = %s", [name]).fetchone()
        return row and SimpleNamespace(valid=row[0], unique=row[1], definition=row[2])
    return look


@pytest.fixture
def sent(server, databases, database):
    """sent(): the statements that reached this test's database through any way, from the server's log."""
    start = len(server.process.lines)
    first = re.compile(rf"\] {database} LOG:  (?:statement|execute [^:]*): ")

    def statements():
        # The log is read by a thread: when it has come to this mark, it has seen all that was before.
        mark = f"select 'mark {next(numbers)}'"
        databases.admin.execute(mark)
        servers.wait_for(lambda: any(mark in line for line in list(server.process.lines[start:])), 20,
                         "the server's log")
        found, inside = [], False
        for line in list(server.process.lines[start:]):
            begin = first.search(line)
            if begin:
                found.append(line[begin.end():])
            elif inside and line.startswith("\t"):
                found[-1] += "\n" + line[1:]
            inside = bool(begin) or (inside and line.startswith("\t"))
        return found
    return statements
