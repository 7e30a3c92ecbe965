"""The same bytes directly and through the proxy: the server's answer must be the same, byte for byte.

Each script is a list of sends, each with what to wait for. It runs directly, in observe mode, in enforce mode,
and in enforce mode with every send cut into single bytes. No script holds DDL that enforce mode guards.
"""
import os
import struct

import pytest

import wire
from wire import (COPY_DONE, FLUSH, SYNC, bind, close, copy_data, copy_fail, describe, execute,
                  extended, message, parse, query)

READY, COPY_IN, END = b"Z", b"G", b""
ROWS = "select g, repeat('x', g) from generate_series(1, 50) g"

# name -> [(bytes, messages to wait for, how many)]
SCRIPTS = {
    "simple": [(query("select 1, null, 'ä'"), READY, 1)],
    "empty query": [(query(""), READY, 1), (query(" ; ; "), READY, 1)],
    "several statements": [(query("select 1; select 2; begin; select 3; commit"), READY, 1)],
    "several, one fails": [(query("select 1; select 1/0; select 3"), READY, 1)],
    "many queries in one segment": [(b"".join(query(f"select {n}") for n in range(40)), READY, 40)],
    "syntax error": [(query("selec 1"), READY, 1), (query("select 'ééé' as x frm t"), READY, 1)],
    "unterminated": [(query("select 'abc"), READY, 1), (query("select $$abc"), READY, 1),
                     (query("select /* /* */ 1"), READY, 1)],
    "notice": [(query("do $$ begin raise notice 'hello %', 1; raise warning 'w'; end $$"), READY, 1)],
    "parameter status": [(query("set application_name = 'renamed'"), READY, 1),
                         (query("set client_encoding = 'latin1'"), READY, 1),
                         (query("select 'ä'"), READY, 1), (query("reset all"), READY, 1)],
    "transaction": [(query("begin"), READY, 1), (query("select 1/0"), READY, 1),
                    (query("select 1"), READY, 1), (query("commit"), READY, 1)],
    "savepoints": [(query("begin; savepoint a"), READY, 1), (query("select 1/0"), READY, 1),
                   (query("rollback to a"), READY, 1), (query("release a; commit"), READY, 1)],
    "chain": [(query("begin"), READY, 1), (query("commit and chain"), READY, 1),
              (query("rollback"), READY, 1)],
    "extended": [(extended("select 1") + SYNC, READY, 1)],
    "extended with values": [(parse("select $1::int + $2::int") + bind(values=[b"1", b"2"]) +
                              describe(b"P") + execute() + SYNC, READY, 1)],
    "pipeline": [(b"".join(extended(f"select {n}") for n in range(20)) + SYNC, READY, 1)],
    "pipeline of syncs": [(b"".join(extended(f"select {n}") + SYNC for n in range(20)), READY, 20)],
    "pipeline with an error": [(extended("select 1") + extended("select 1/0") +
                                extended("select 3") + SYNC + extended("select 4") + SYNC, READY, 2)],
    "named statement": [(parse(ROWS, "s") + describe(b"S", "s") + SYNC, READY, 1),
                        (bind("s") + execute() + SYNC, READY, 1),
                        (bind("s", "p") + execute("p", 7) + SYNC, READY, 1),
                        (close(b"S", "s") + SYNC, READY, 1),
                        (bind("s") + execute() + SYNC, READY, 1)],
    "portal in parts": [(query("begin"), READY, 1),
                        (parse(ROWS) + bind(portal="p") + execute("p", 20) + SYNC, READY, 1),
                        (execute("p", 20) + SYNC, READY, 1), (query("select 1"), READY, 1),
                        (execute("p", 20) + close(b"P", "p") + SYNC, READY, 1),
                        (query("commit"), READY, 1)],
    "flush instead of sync": [(parse("select 1", "f") + describe(b"S", "f") + FLUSH, b"T", 1),
                              (bind("f") + execute() + FLUSH, b"C", 1), (SYNC, READY, 1)],
    "sync alone": [(SYNC, READY, 1), (SYNC + SYNC + SYNC, READY, 3)],
    "begin in the extended protocol": [(extended("begin") + extended("select 1") + SYNC, READY, 1),
                                       (extended("commit") + SYNC, READY, 1)],
    "unnamed statement lives on": [(parse("select 7") + SYNC, READY, 1),
                                   (bind() + execute() + SYNC, READY, 1)],
    "copy out": [(query(f"copy ({ROWS}) to stdout"), READY, 1),
                 (query(f"copy ({ROWS}) to stdout (format binary)"), READY, 1)],
    "copy in": [(query("create temp table c (a int, b text)"), READY, 1),
                (query("copy c from stdin"), COPY_IN, 1),
                (copy_data(b"1\tone\n2\ttwo\n") + copy_data(b"3\tthree\n") + COPY_DONE, READY, 1),
                (query("select a + 0, b || '' from c"), READY, 1)],
    "copy in with bad data": [(query("create temp table c (a int, b text)"), READY, 1),
                              (query("copy c from stdin"), COPY_IN, 1),
                              (copy_data(b"x\n") + copy_data(b"1\ty\n") + COPY_DONE, READY, 1),
                              (query("select 1"), READY, 1)],
    "copy in given up": [(query("create temp table c (a int)"), READY, 1),
                         (query("copy c from stdin"), COPY_IN, 1),
                         (copy_data(b"1\n") + copy_fail("no more"), READY, 1),
                         (query("select count(*) from c"), READY, 1)],
    "copy in, extended": [(query("create temp table c (a int)"), READY, 1),
                          (parse("copy c from stdin") + bind() + execute() + SYNC, COPY_IN, 1),
                          (copy_data(b"1\n") + COPY_DONE + SYNC, READY, 1)],
    "copy data that looks like messages": [(query("create temp table c (a text)"), READY, 1),
                                           (query("copy c from stdin"), COPY_IN, 1),
                                           (copy_data(b"Q drop table c;\nP\n") + COPY_DONE, READY, 1),
                                           (query("select a || '' from c"), READY, 1)],
    "function call": [(message(b"F", struct.pack("!ihhhi", 1396, 1, 1, 1, 4) +
                               struct.pack("!ih", -7, 1)), READY, 1)],
    "listen and notify": [(query("listen ch"), READY, 1),
                          (query("notify ch, 'payload'; select 1"), READY, 1),
                          (query("unlisten *"), READY, 1)],
    "sql-level prepare": [(query("prepare q as select $1::int"), READY, 1),
                          (query("execute q(3)"), READY, 1), (query("deallocate q"), READY, 1)],
    "cursors": [(query("begin; declare c cursor for " + ROWS), READY, 1),
                (query("fetch 3 from c"), READY, 1), (query("close c; commit"), READY, 1)],
    "discard all": [(parse("select 1", "d") + SYNC, READY, 1), (query("discard all"), READY, 1),
                    (bind("d") + execute() + SYNC, READY, 1)],
    "query without its zero": [(message(b"Q", b"select 1"), READY, 1)],
    "terminate": [(wire.TERMINATE, END, 1)],
}


@pytest.fixture(scope="module")
def database(server):
    """One database for all of them: no script leaves anything behind."""
    server.psql("create database differential")
    yield "differential"
    server.psql("drop database differential with (force)")


def run(leg, database, script, cut=None):
    """Everything the server said, from the greeting on, and whether it closed the connection."""
    parameters = {"user": leg.user, "database": database, "application_name": "wire"}
    with wire.Wire(leg, parameters) as client:
        said = list(client.greeting)
        for data, until, count in script:
            client.send(data, cut)
            said += client.read_until([until] if until else [], count)
        return wire.masked(said)


@pytest.mark.parametrize("name", SCRIPTS)
def test_same_bytes(name, legs, database):
    script = SCRIPTS[name]
    expected = run(legs["direct"], database, script)
    assert run(legs["observe"], database, script) == expected
    assert run(legs["enforce"], database, script) == expected
    assert run(legs["enforce"], database, script, cut=1) == expected


@pytest.mark.parametrize("parameters", [
    {"options": "-c search_path=pg_catalog -c work_mem=1MB"},
    {"application_name": "x" * 200},
    {"client_encoding": "LATIN1", "DateStyle": "German", "TimeZone": "Asia/Tokyo"},
    {"nonsense": "1"},
    {"options": "-c nonsense=1"},
    {"user": "nobody_of_that_name"},
    {"database": "no_such_database"},
    {"replication": "database"},
    {"_pq_.unknown": "1"},
], ids=str)
def test_same_greeting(parameters, legs, database):
    """Start-up parameters reach the server as they came; its answer comes back as it is."""
    def greet(leg):
        with wire.Wire(leg) as client:
            client.send(wire.startup(**{"user": leg.user, "database": database, **parameters}))
            return wire.masked(client.read_until_ready())
    expected = greet(legs["direct"])
    assert greet(legs["observe"]) == expected
    assert greet(legs["enforce"]) == expected


@pytest.mark.parametrize("version", [(3, 0), (3, 2), (3, 99)], ids=str)
def test_same_version_negotiation(version, legs, database):
    def greet(leg):
        with wire.Wire(leg) as client:
            client.send(wire.startup((version[0] << 16) + version[1], user=leg.user,
                                     database=database))
            return wire.masked(client.read_until_ready())
    expected = greet(legs["direct"])
    assert greet(legs["enforce"]) == expected


@pytest.mark.parametrize("version", [(2, 0), (4, 0), (0, 0)], ids=str)
def test_other_protocols_are_refused(version, legs):
    """The proxy says so itself, as the server would: one FATAL 0A000, then the end."""
    for name in ("observe", "enforce"):
        with wire.Wire(legs[name]) as client:
            client.send(wire.startup((version[0] << 16) + version[1], user="postgres"))
            assert wire.errors(client.read_all()) == ["0A000"]


@pytest.mark.parametrize("data", [message(b"!", b"junk"), b"Q" + struct.pack("!i", 2),
                                  b"Q" + struct.pack("!i", -1)], ids=repr)
def test_broken_framing_ends_the_connection(data, legs, database):
    """Nothing can follow it, directly or through the proxy; an error, if there is one, is 08P01."""
    for leg in legs.values():
        with wire.Wire(leg, {"user": leg.user, "database": database}) as client:
            client.send(query("select 1"))
            assert wire.kinds(client.read_until_ready()) == "TDCZ"
            client.send(data)
            assert set(wire.errors(client.read_all())) <= {"08P01"}


def test_random_pipelines(legs, database):
    """Long random mixtures of messages with errors among them, cut at random places."""
    for seed in range(6):
        data = random_pipeline(seed)
        expected = run_cut(legs["direct"], database, data, seed)
        for name in ("observe", "enforce"):
            assert run_cut(legs[name], database, data, seed + 1) == expected, f"seed {seed}, {name}"


def random_pipeline(seed):
    """300 messages, ended by one Sync and a query that says where the end is."""
    dice = struct.unpack("300B", pseudo_random(seed, 300))
    choices = [query("select 1"), SYNC, extended("select 2"), extended("select 1/0"), FLUSH,
               parse("select 3", "r"), bind("r"), execute(), describe(b"S", "r"), close(b"S", "r"),
               query("begin"), query("rollback"), extended("begin"), extended("rollback"),
               query("selec"), query("select 4; select 1/0")]
    return b"".join(choices[value % len(choices)] for value in dice)


def pseudo_random(seed, count):
    state, out = seed * 2654435761 + 1, bytearray()
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        out.append(state >> 56)
    return bytes(out)


def run_cut(leg, database, data, seed):
    with wire.Wire(leg, {"user": leg.user, "database": database}) as client:
        at = 0
        for piece in pseudo_random(seed, len(data)):
            client.send(data[at:at + piece])
            at += piece
            if at >= len(data):
                break
        client.send(SYNC + query("rollback") + query("select 'the end'"))
        said = []
        while not (said and said[-1][0] == b"Z" and any(b"the end" in body for _, body in said[-4:])):
            said.append(client.read())
        return wire.masked(said)


def test_many_sizes(legs, database):
    """Rows and queries around every size that a buffer may have."""
    def sizes(leg):
        with wire.Wire(leg, {"user": leg.user, "database": database}) as client:
            said = []
            for power in range(8, 21):
                for size in (2 ** power - 7, 2 ** power - 1, 2 ** power, 2 ** power + 1):
                    client.send(query(f"select length('{'x' * size}'), repeat('y', {size})"))
                    said += client.read_until_ready()
            return [(kind, hash(body)) for kind, body in said]
    expected = sizes(legs["direct"])
    assert sizes(legs["observe"]) == expected
    assert sizes(legs["enforce"]) == expected


def test_slow_reader_and_writer(legs, database):
    """A client that writes a long pipeline before it reads anything gets everything in the end."""
    count = 20000 if os.environ.get("DDLGUARD", "").find("/tsan/") < 0 else 2000
    for leg in legs.values():
        with wire.Wire(leg, {"user": leg.user, "database": database}, seconds=60) as client:
            client.send((extended("select repeat('z', 100)")) * count + SYNC)
            said = client.read_until_ready()
            assert wire.kinds(said) == "12TDC" * count + "Z"
