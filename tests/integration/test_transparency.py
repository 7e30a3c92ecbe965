"""Drivers and tools that send no DDL cannot tell that the proxy is there: the same scenario gives the
same outcome directly, in observe mode and in enforce mode."""
import subprocess
import threading
import time

import psycopg
import psycopg2
import pytest

import servers
import wire
from conftest import conninfo


def psycopg3(leg, database, **keys):
    return psycopg.connect(conninfo(leg, database, **keys), autocommit=True)


def psql(leg, database, *words, stdin=None):
    """(exit code, output, errors) of psql through one of the legs."""
    done = subprocess.run([str(servers.postgres_program("psql")), "-X", conninfo(leg, database),
                           *words], input=stdin, text=True, capture_output=True, timeout=60,
                          check=False)
    return done.returncode, done.stdout, done.stderr


def failure(action):
    """What a driver tells of the error that action() raises."""
    with pytest.raises(psycopg.Error) as caught:
        action()
    diag = caught.value.diag
    return (diag.sqlstate, diag.severity, diag.message_primary, diag.message_detail,
            diag.message_hint, diag.statement_position, diag.schema_name, diag.table_name,
            diag.column_name, diag.constraint_name)


def test_settings_from_the_connection_string(same):
    def settings(leg, database):
        with psycopg3(leg, database, application_name="shop", client_encoding="latin1",
                      options="-c search_path=audit,public -c statement_timeout=12345") as client:
            return ([client.execute(f"show {name}").fetchone()[0] for name in (
                "application_name", "client_encoding", "search_path", "statement_timeout")],
                client.info.server_version, client.info.parameter_status("TimeZone"))
    assert same(settings)[0] == ["shop", "LATIN1", "audit,public", "12345ms"]


@pytest.mark.parametrize("sql", [
    "selec 1", "select 'ééé' as x frm t", "select 1/0", "select * from missing", "select nosuch(1)",
    "insert into pg_class values (1)", "select 'a'::int", "begin; select 1/0",
    "do $$ begin raise exception 'own' using errcode = 'XX123', detail = 'd', hint = 'h'; end $$"])
def test_errors(sql, same):
    def scenario(leg, database):
        with psycopg3(leg, database) as client:
            return failure(lambda: client.execute(sql))
    same(scenario)


def test_constraint_fields_of_errors(same, server, database):
    server.psql("create table item (id int primary key, n int constraint small check (n < 9))", database)

    def scenario(leg, database):
        with psycopg3(leg, database) as client:
            return [failure(lambda sql=sql: client.execute(sql)) for sql in (
                "insert into item values (1, 10)", "insert into item values (null, 1)")]
    outcome = same(scenario)
    assert outcome[0][0] == "23514" and outcome[0][-1] == "small"


def test_notices(same):
    def scenario(leg, database):
        with psycopg3(leg, database) as client:
            seen = []
            client.add_notice_handler(lambda diag: seen.append((diag.severity, diag.sqlstate,
                                                                diag.message_primary)))
            client.execute("do $$ begin raise notice 'one'; raise warning 'two'; end $$")
            client.execute("set client_min_messages = error")
            client.execute("do $$ begin raise warning 'three'; end $$")
            return seen
    assert [text for _, _, text in same(scenario)] == ["one", "two"]


@pytest.mark.parametrize("form", ["text", "binary"])
def test_copy_there_and_back(form, same, server, database):
    server.psql("create table copied (a int, b text)", database)
    option = "(format binary)" if form == "binary" else ""

    def scenario(leg, database):
        with psycopg3(leg, database) as client:
            with client.cursor().copy("copy (select g, repeat('ä', g % 50) from generate_series(1,"
                                      f" 20000) g) to stdout {option}") as out:
                data = b"".join(bytes(block) for block in out)
            with client.cursor() as cursor:
                with cursor.copy(f"copy copied from stdin {option}") as into:
                    into.write(data)
                loaded = cursor.rowcount
            total = client.execute("select count(*), sum(length(b)) from copied").fetchone()
            client.execute("truncate copied")
            return loaded, total, len(data)
    assert same(scenario)[0] == 20000


def test_listen_and_notify(same):
    def scenario(leg, database):
        with psycopg3(leg, database) as listener, psycopg3(leg, database) as speaker:
            listener.execute("listen news")
            speaker.execute("notify news, 'first'")
            speaker.execute("select pg_notify('news', repeat('x', 7000))")
            heard = []
            for notification in listener.notifies():
                heard.append((notification.channel, len(notification.payload)))
                if len(heard) == 2:
                    break
            return heard
    assert same(scenario) == [("news", 5), ("news", 7000)]


def test_large_object_by_function_call(same):
    """psycopg2's large objects are FunctionCall messages."""
    def scenario(leg, database):
        client = psycopg2.connect(conninfo(leg, database))
        large = client.lobject(0, "wb")
        large.write(b"0123456789" * 100000)
        oid = large.oid
        client.commit()
        data = client.lobject(oid, "rb").read()
        client.lobject(oid, "n").unlink()
        client.commit()
        client.close()
        return len(data), data[:12]
    assert same(scenario) == (1000000, b"012345678901")


def test_psycopg2_transactions(same, server, database):
    server.psql("create table kept (a int)", database)

    def scenario(leg, database):
        client = psycopg2.connect(conninfo(leg, database))
        with client, client.cursor() as cursor:
            cursor.execute("truncate kept")
            cursor.execute("insert into kept values (1)")
        with pytest.raises(psycopg2.Error), client, client.cursor() as cursor:
            cursor.execute("insert into kept values (2)")
            cursor.execute("select 1/0")
        with client.cursor(name="server_side") as cursor:
            cursor.itersize = 100
            cursor.execute("select generate_series(1, 1000)")
            rows = sum(1 for _ in cursor)
        with client.cursor() as cursor:
            cursor.execute("select array_agg(a) from kept")
            kept = cursor.fetchone()[0]
        client.close()
        return rows, kept
    assert same(scenario) == (1000, [1])


def test_prepared_statements_and_pipelines(same):
    def scenario(leg, database):
        with psycopg3(leg, database) as client:
            prepared = [client.execute("select %s::int + 1", [n], prepare=True).fetchone()[0]
                        for n in range(10)]
            with client.pipeline():
                cursors = [client.execute("select %s::int", [n]) for n in range(200)]
            results = [cursor.fetchone()[0] for cursor in cursors]
            binary = client.execute("select %b::int8, now() is not null", [2 ** 40],
                                    binary=True).fetchone()
            return prepared, sum(results), binary
    assert same(scenario)[1] == sum(range(200))


def test_cancel(same):
    def scenario(leg, database):
        with psycopg3(leg, database) as client:
            timer = threading.Timer(0.3, client.cancel)
            timer.start()
            start = time.monotonic()
            state = failure(lambda: client.execute("select pg_sleep(30)"))[0]
            timer.join()
            return state, time.monotonic() - start < 5, client.execute("select 1").fetchone()
    assert same(scenario) == ("57014", True, (1,))


def test_cancel_with_a_wrong_key_does_nothing(same):
    def scenario(leg, database):
        with wire.Wire(leg, {"user": leg.user, "database": database}) as client:
            client.send(wire.query("select pg_sleep(0.5)"))
            with wire.Wire(leg) as other:
                other.send(wire.cancel(client.pid, b"\1\2\3\4"))
                answer = other.read_all()
            return answer, wire.kinds(client.read_until_ready())
    assert same(scenario) == ([], "TDCZ")


def test_half_closed_client_gets_everything(same):
    def scenario(leg, database):
        with wire.Wire(leg, {"user": leg.user, "database": database}) as client:
            client.send(wire.query("select pg_sleep(0.2); select repeat('x', 1000000)"))
            client.half_close()
            return [(kind, len(body)) for kind, body in client.read_all()]
    same(scenario)


@pytest.mark.parametrize("pause", [0, 0.05])
def test_query_and_terminate_is_executed(pause, same, server, database):
    """Fire and forget: the client closes without having read the answer."""
    server.psql("create table fired (leg text)", database)

    def scenario(leg, database):
        with wire.Wire(leg, {"user": leg.user, "database": database}) as client:
            data = wire.query("insert into fired select 'x' from pg_sleep(0.2)")
            if pause:
                client.send(data)
                time.sleep(pause)
                client.send(wire.TERMINATE)
            else:
                client.send(data + wire.TERMINATE)
        count = lambda: server.psql("select count(*) from fired", database)
        servers.wait_for(lambda: count() == "1", 5, "the row")
        server.psql("truncate fired", database)
        return True
    same(scenario)


def test_terminated_backend_gives_one_error(same, server):
    def scenario(leg, database):
        with wire.Wire(leg, {"user": leg.user, "database": database}) as client:
            server.psql(f"select pg_terminate_backend({client.pid})")
            return wire.errors(client.read_all())
    assert same(scenario) == ["57P01"]


def test_big_row_streams(server, proxy, database):
    """A row of 100 MB passes, and the proxy does not gather it."""
    def peak():
        with open(f"/proc/{proxy.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    before = peak()
    with psycopg3(proxy, database) as client:
        size = client.execute("select repeat('x', 100 * 1024 * 1024)").fetchone()[0]
    assert len(size) == 100 * 1024 * 1024
    assert peak() - before < 20 * 1024, "kB more than before at its peak"


def test_rows_of_100_megabytes(same):
    def scenario(leg, database):
        with psycopg3(leg, database) as client, client.cursor() as cursor:
            total = 0
            with cursor.copy("copy (select repeat('y', 1000) from generate_series(1, 100000)) to"
                             " stdout") as out:
                for block in out:
                    total += len(block)
            return total
    assert same(scenario) == 100000 * 1001


def test_big_query_and_big_value(same):
    def scenario(leg, database):
        with psycopg3(leg, database) as client:
            text = "x" * 20_000_000
            return (client.execute(f"select length('{text}')").fetchone(),
                    client.execute("select length(%s)", [text]).fetchone())
    assert same(scenario) == ((20_000_000,), (20_000_000,))


@pytest.mark.parametrize("role", ["postgres", "with_password", "with_md5", "with_scram"])
@pytest.mark.parametrize("password", ["correct horse", "wrong"])
def test_authentication(role, password, same):
    """Trust, password, md5 and SCRAM; a wrong password is 28P01 with PostgreSQL's own text."""
    def scenario(leg, database):
        try:
            with psycopg3(leg, database, user=role, password=password) as client:
                return client.execute("select current_user").fetchone()[0]
        except psycopg.OperationalError as error:
            return str(error).split("FATAL:")[1]
    outcome = same(scenario)
    wrong = password == "wrong" and role != "postgres"
    assert ("password authentication failed" in outcome) == wrong


def test_wrong_password_and_unknown_database_keep_their_sqlstate(same):
    def scenario(leg, database):
        states = []
        for keys in ({"user": "with_password", "database": database},
                     {"user": leg.user, "database": "no_such_database"}):
            with wire.Wire(leg) as client:
                client.send(wire.startup(**keys))
                if client.read() == (b"R", b"\0\0\0\3"):
                    client.send(wire.message(b"p", b"wrong\0"))
                states += wire.errors(client.read_all())
        return states
    assert same(scenario) == ["28P01", "3D000"]


def test_ssl_and_gss_requests_are_declined(proxy, database):
    with wire.Wire(proxy) as client:
        for request in (wire.SSL_REQUEST, wire.GSSENC_REQUEST):
            client.send(request)
            assert client.socket.recv(10) == b"N"
        client.send(wire.startup(user="postgres", database=database))
        assert wire.kinds(client.read_until_ready()).endswith("Z")


def test_unix_sockets_both_ways(make_proxy, server, database):
    """A listener in a folder, and an upstream in a folder."""
    folder = servers.private_folder("socket")
    proxy = make_proxy(listen=[f"127.0.0.1:{servers.free_port()}", str(folder)],
                       upstream={"database": "*", "host": str(server.folder), "port": server.port})
    path = next(address for address in proxy.listening() if str(folder) in address)
    port = path.rsplit(".", 1)[1]
    with psycopg.connect(host=str(folder), port=port, user="postgres", dbname=database) as client:
        assert client.execute("select inet_client_addr() is null").fetchone()[0]
    with psycopg3(proxy, database) as client:
        assert client.execute("select inet_client_addr() is null").fetchone()[0]


def test_upstream_by_database_name(make_proxy, server, database):
    target = {"host": server.host, "port": server.port}
    proxy = make_proxy(upstreams=[{"database": "alias_*", "dbname": database, **target}])
    with psycopg3(proxy, "alias_1") as client:
        assert client.execute("select current_database()").fetchone()[0] == database
    with wire.Wire(proxy) as client:
        client.send(wire.startup(user="postgres", database="other"))
        assert wire.errors(client.read_all()) == ["3D000"]


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
def test_pgbench(mode, proxy, server, database):
    server.run("pgbench", "-i", "-q", "-h", proxy.host, "-p", proxy.port, "-U", "postgres", database)
    out = server.run("pgbench", "-n", "-M", mode, "-c", 8, "-j", 2, "-t", 100, "-h", proxy.host,
                     "-p", proxy.port, "-U", "postgres", database)
    assert "number of transactions actually processed: 800/800" in out
    assert "number of failed transactions: 0" in out


@pytest.mark.parametrize("mode", ["simple", "extended", "prepared"])
def test_pgbench_reconnects(mode, proxy, server, database):
    (script := servers.private_folder("pgbench") / "one.sql").write_text("select 1;\n")
    script.chmod(0o644)
    servers.give_to_user(script)
    out = server.run("pgbench", "-n", "-C", "-M", mode, "-f", script, "-c", 4, "-t", 20, "-h",
                     proxy.host, "-p", proxy.port, "-U", "postgres", database)
    assert "number of transactions actually processed: 80/80" in out


PSQL_SCRIPT = r"""
select 1 as one \gdesc
\set ON_ERROR_STOP 0
select 1/0;
begin; select 2; commit;
\copy (select generate_series(1, 3)) to stdout
select $1::int + 1 from (values (1)) v \g
\d pg_class
select * from pg_catalog.pg_settings where name = 'nothing' \gx
select 'a;b' as "x;y", E'\'' as quote, $$dollar;$$ as dollar;
"""


def test_psql_script(same):
    code, out, err = same(lambda leg, database: psql(leg, database, stdin=PSQL_SCRIPT))
    assert code == 0 and "relpages" in out and "division by zero" in err


def test_psql_single_transaction_and_echo(same):
    sql = "select 1; select 2"
    same(lambda leg, database: psql(leg, database, "-1", "-e", "-c", sql, "-c", "select 3"))


def test_pg_dump(same, server, database):
    if not (servers.postgres_folder() / "pg_dump").exists():
        pytest.skip("a server alone: pg_dump must be of its version")
    server.psql("create table dumped (a serial primary key, b text); insert into dumped (b)"
                " select repeat('z', 100) from generate_series(1, 1000); create index on dumped (b)",
                database)

    def scenario(leg, database):
        dump = server.run("pg_dump", "-h", leg.host, "-p", leg.port, "-U", "postgres", database)
        # \\restrict and \\unrestrict carry a random key.
        return [line for line in dump.splitlines() if "restrict " not in line]
    assert any(line.startswith("CREATE INDEX") for line in same(scenario))


def test_replication_connection(same, server):
    def scenario(leg, database):
        with wire.Wire(leg, {"user": leg.user, "database": database,
                             "replication": "database"}) as client:
            client.send(wire.query("IDENTIFY_SYSTEM"))
            said = client.read_until_ready()
            client.send(wire.query("CREATE_REPLICATION_SLOT s TEMPORARY LOGICAL test_decoding"))
            said += client.read_until_ready()
            client.send(wire.query("DROP_REPLICATION_SLOT s"))
            return wire.kinds(said + client.read_until_ready())
    same(scenario)
