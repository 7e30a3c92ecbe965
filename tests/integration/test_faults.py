"""Bad input, dead servers and shutdown: a clear error or a closed connection for whom it concerns, a log line,
and nothing for anybody else."""
import os
import signal
import socket
import struct
import threading
import time

import psycopg
import pytest

import servers
import wire
from conftest import conninfo


@pytest.mark.parametrize("junk", [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50,
    b"\0\0\0\0\0\0\0\0", b"\0\0\0\4", b"\xff" * 64, struct.pack("!ii", 10001, 196608),
    struct.pack("!ii", 2 ** 31 - 1, 196608), struct.pack("!ii", 9, 196608) + b"x",
    struct.pack("!ii", 16, 80877102) + b"\0" * 8, struct.pack("!ii", 12, 80877102),
    wire.startup(user="x" * 9990), wire.startup(), wire.message(b"Q", b"select 1\0"),
    struct.pack("!ii", 17, 196608) + b"user\0abc\0",
], ids=lambda junk: repr(junk[:12]))
def test_junk_instead_of_a_startup_packet(junk, proxy, connect):
    """It is answered with an error or closed, soon; others go on."""
    other = connect()
    with wire.Wire(proxy, seconds=15) as client:
        client.send(junk)
        client.half_close()
        for kind, _ in client.read_all():
            assert kind in (b"E", b"R", b"v")
    assert other.execute("select 1").fetchone() == (1,)


def test_silent_client_is_closed(make_proxy):
    proxy = make_proxy(timeouts={"login": "1s"})
    with wire.Wire(proxy, seconds=10) as client:
        start = time.monotonic()
        client.read_all()
        assert 0.5 < time.monotonic() - start < 4


def test_ssl_request_with_plaintext_behind_it(proxy, database):
    """Bytes behind an SSLRequest in one segment are how CVE-2021-23222 works; with 'N' as the answer the
    connection goes on in plaintext or is closed, but nothing hangs."""
    with wire.Wire(proxy) as client:
        client.send(wire.SSL_REQUEST + wire.startup(user="postgres", database=database))
        assert client.socket.recv(1) == b"N"
        assert wire.kinds(client.read_until_ready())[-1:] in ("Z", "E", "")


@pytest.mark.parametrize("data", [
    b"Q\0\0\0\3", b"Q\xff\xff\xff\xff", b"\0\0\0\0\0", wire.message(b"Z", b"I"),
    wire.message(b"P", b"no end"), wire.message(b"B", b"\0\0\0\1"), wire.message(b"E", b""),
    wire.message(b"d", b"data"), wire.COPY_DONE, wire.message(b"p", b"password\0"),
    wire.message(b"Q", b"create index i on t (a)"), wire.message(b"P", b"s\0create index i on t (a)"),
    wire.message(b"Q", b"create table t (a int)\0more\0"), wire.message(b"S", b"x"),
    b"Q\x7f\xff\xff\xffcreate index", wire.message(b"C", b"Xname\0"),
], ids=repr)
def test_broken_messages(data, proxy, server, connect, database):
    """Whatever PostgreSQL itself would do with it, the proxy and the other clients live on."""
    other = connect()
    for leg in (server, proxy):
        with wire.Wire(leg, {"user": leg.user, "database": database}, seconds=10) as client:
            client.send(data + wire.SYNC)
            client.half_close()
            client.read_all()
    assert other.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("text", [
    "select " + "1+" * 60000 + "1", "create index i on t ((" + "1+" * 60000 + "1))",
    "create table t as select " + "(" * 100000 + "1" + ")" * 100000,
    "/* " * 100000 + "*/ " * 100000 + " create table t (a int)", "/* " * 100000,
    # PostgreSQL's own lexer takes quadratic time for these, so not more of them.
    "/*" * 10000 + "*/" * 10000 + " create table t (a int)", "/*" * 10000,
    "create table t (a int default '" + "x" * 10_000_000 + "')",
    "create function f() returns int language sql as $$ " + "select 1; " * 100000 + " $$",
    "create table " + '"' * 99999, "do $$ " + "'" * 100001, ";" * 200000 + "create table t (a int)",
    "create view v as " + " union ".join(["select 1"] * 20000),
], ids=lambda text: f"{text[:24]}... {len(text)}")
def test_no_text_is_too_long_or_too_deep(text, proxy, server, database):
    """The proxy answers what the server answers, or refuses; no worker crashes."""
    expected, got = [send_long(leg, database, text) for leg in (server, proxy)]
    assert got[-1:] == "Z" and (got == expected or "E" in got or "N" in got)


def send_long(leg, database, text):
    with wire.Wire(leg, {"user": leg.user, "database": database}, seconds=60) as client:
        client.send(wire.query("set max_stack_depth = '100kB'; begin"))
        client.read_until_ready()
        client.send(wire.query(text))
        return wire.kinds(client.read_until_ready())


def test_server_unreachable(make_proxy):
    port = servers.free_port()
    proxy = make_proxy(upstream={"database": "*", "host": "127.0.0.1", "port": port})
    with wire.Wire(proxy) as client:
        client.send(wire.startup(user="postgres", database="postgres"))
        (kind, body), = client.read_all()
    fields = wire.fields(body)
    assert kind == b"E" and fields["S"] == "FATAL" and fields["C"].startswith("08")
    assert f"127.0.0.1:{port}" in fields["M"] + fields.get("D", "")


def test_server_that_never_answers(make_proxy):
    """A full accept queue, as behind a firewall: the connect timeout ends it."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        filler = [socket.socket() for _ in range(3)]
        for one in filler:
            one.setblocking(False)
            one.connect_ex(deaf.getsockname())
        proxy = make_proxy(upstream={"database": "*", "host": "127.0.0.1",
                                     "port": deaf.getsockname()[1]},
                           timeouts={"connect": "1s", "login": "2s"})
        start = time.monotonic()
        with wire.Wire(proxy) as client:
            client.send(wire.startup(user="postgres", database="postgres"))
            states = wire.errors(client.read_all())
        for one in filler:
            one.close()
    assert time.monotonic() - start < 6
    assert states and states[0][:2] in ("08", "57")


def test_server_restart(make_proxy, database):
    """Clients of a server that goes away get its own error, and new ones get the new server."""
    own = servers.Postgres()
    proxy = make_proxy(upstream={"database": "*", "host": own.host, "port": own.port})
    with psycopg.connect(conninfo(proxy, "postgres"), autocommit=True) as client:
        own.process.stop(signals=(signal.SIGINT,))
        with pytest.raises(psycopg.OperationalError):
            client.execute("select 1")
    own.start()
    with psycopg.connect(conninfo(proxy, "postgres")) as client:
        assert client.execute("select 1").fetchone() == (1,)
    own.stop()


def test_more_clients_than_allowed(make_proxy, database):
    proxy = make_proxy(limits={"connections": 5})
    held = [psycopg.connect(conninfo(proxy, database)) for _ in range(5)]
    with wire.Wire(proxy) as client:
        client.send(wire.startup(user="postgres", database=database))
        assert wire.errors(client.read_all()) == ["53300"]
    for one in held:
        one.close()
    servers.wait_for(lambda: can_connect(proxy, database), 5, "a place to be free again")


def can_connect(proxy, database):
    try:
        psycopg.connect(conninfo(proxy, database)).close()
        return True
    except psycopg.OperationalError:
        return False


def test_more_clients_than_file_descriptors(make_proxy, database):
    """53300 or a closed connection, no busy loop, and it recovers."""
    proxy = make_proxy()
    proxy.limit_files(12)
    clients = []
    for _ in range(30):
        clients.append(socket.create_connection((proxy.host, proxy.port), 5))
        clients[-1].sendall(wire.startup(user="postgres", database=database))
    time.sleep(0.5)
    before = cpu_seconds(proxy)
    time.sleep(1)
    assert cpu_seconds(proxy) - before < 0.3, "a busy loop"
    for client in clients:
        client.close()
    servers.wait_for(lambda: can_connect(proxy, database), 5, "file descriptors to be free again")


def cpu_seconds(proxy):
    with open(f"/proc/{proxy.process.pid}/stat", encoding="ascii") as stat:
        words = stat.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def test_connections_come_and_go(make_proxy, server, database):
    """Clients that leave at any moment leave nothing behind: file descriptors are as before."""
    proxy = make_proxy()
    count = lambda: len(os.listdir(f"/proc/{proxy.process.pid}/fd"))
    assert can_connect(proxy, database)
    time.sleep(0.2)
    before = count()
    packet = wire.startup(user="postgres", database=database)
    for cut in range(0, len(packet), 3):
        client = socket.create_connection((proxy.host, proxy.port))
        client.sendall(packet[:cut])
        if cut % 2:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    for _ in range(20):
        client = wire.Wire(proxy, {"user": "postgres", "database": database})
        client.send(wire.query("select repeat('x', 10000000)"))
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.socket.close()
    servers.wait_for(lambda: count() <= before, 10, f"{before} file descriptors, not {count()}")
    servers.wait_for(lambda: server.psql(
        f"select count(*) from pg_stat_activity where datname = '{database}'") == "0", 10,
        "no backend to be left")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_shutdown_lets_a_transaction_end(number, make_proxy, database):
    proxy = make_proxy(timeouts={"shutdown": "10s"})
    idle = psycopg.connect(conninfo(proxy, database), autocommit=True)
    busy = psycopg.connect(conninfo(proxy, database))
    busy.execute("create table t (a int)")
    proxy.process.popen.send_signal(number)
    servers.wait_for(lambda: not can_connect(proxy, database), 5, "no new connections")
    with pytest.raises(psycopg.OperationalError) as caught:
        idle.execute("select 1")
    assert caught.value.sqlstate in ("57P01", None)
    busy.execute("insert into t values (1)")
    busy.commit()
    assert proxy.process.popen.wait(10) == 0
    assert proxy.ledger(database=database)[0]["state"] == "committed"


def test_shutdown_does_not_wait_for_ever(make_proxy, database):
    proxy = make_proxy(timeouts={"shutdown": "1s"})
    busy = psycopg.connect(conninfo(proxy, database))
    busy.execute("create table t (a int)")
    start = time.monotonic()
    proxy.process.popen.send_signal(signal.SIGTERM)
    assert proxy.process.popen.wait(10) == 1, "the exit code says that a transaction was cut off"
    assert 0.5 < time.monotonic() - start < 5
    with pytest.raises(psycopg.OperationalError):
        busy.execute("select 1")
    assert proxy.ledger(database=database)[0]["state"] in ("rolled_back", "unknown")


def test_second_signal_ends_at_once(make_proxy, database):
    proxy = make_proxy(timeouts={"shutdown": "60s"})
    busy = psycopg.connect(conninfo(proxy, database))
    busy.execute("select 1")
    proxy.process.popen.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert proxy.process.is_running()
    proxy.process.popen.send_signal(signal.SIGINT)
    proxy.process.popen.wait(5)
    with pytest.raises(psycopg.OperationalError):
        busy.execute("select 1")


def test_storm(make_proxy, database):
    """Clients of every kind at once on two workers: every one of them gets its own answers."""
    proxy = make_proxy()
    failures = []

    def client(number):
        try:
            for _ in range(5):
                with psycopg.connect(conninfo(proxy, database), autocommit=True) as connection:
                    for n in range(20):
                        want = number * 1000 + n
                        assert connection.execute("select %s::int", [want]).fetchone() == (want,)
                    connection.execute(f"create table t_{number} (a int)")
                    connection.execute(f"create index on t_{number} (a)")
                    connection.execute(f"drop table t_{number}")
        except Exception as error:      # every kind of failure counts
            failures.append(error)
    threads = [threading.Thread(target=client, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(proxy.ledger(state="committed")) == 12 * 5 * 3
