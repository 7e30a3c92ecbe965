"""`make bench`: what the proxy costs, beside a bare forwarder and pgbouncer, in turns within one run.

    cost      processor time of the proxying process per `pgbench -S` transaction: 1, 16 and 64 clients,
              simple and prepared
    latency   what a hop adds to a transaction with 1 client
    COPY      processor time per GB, out and in, rows of 100 bytes
    memory    private memory per idle pair of connections, at 1,000 pairs
    C         the programs tests/bench/*_bench: scanner, parser, ledger

Processor time is the scheduler's own sum over all threads (/proc/PID/task/*/schedstat, nanoseconds; the
same as utime + stime of /proc/PID/stat, without its ticks). Every figure is the median of the rounds;
ratios are medians of the ratios within a round, so that a slow moment of the machine cancels out.
BENCH_SECONDS (2): of each pgbench run. BENCH_ROUNDS (5).
"""
import datetime
import os
import platform
import re
import resource
import socket
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/tools"), str(ROOT / "tests/integration")]
import servers      # noqa: E402
import wire         # noqa: E402

SECONDS = float(os.environ.get("BENCH_SECONDS", 2))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 5))
PROGRAMS = Path(os.environ.get("OUT", ROOT / "build")).absolute() / "release/tests/bench"
CLIENTS, PROTOCOLS = (1, 16, 64), ("simple", "prepared")
PAIRS = 1000
COPY_ROWS = 3_000_000       # of 100 bytes: 0.3 GB


class Leg:
    """One way to the server; `process` is what is measured, None for the direct way."""

    def __init__(self, name, port, process=None):
        self.name, self.host, self.port, self.user = name, "127.0.0.1", port, "postgres"
        self.process = process

    def cpu_seconds(self):
        total = 0
        for path in Path(f"/proc/{self.process.pid}/task").glob("*/schedstat"):
            total += int(path.read_text(encoding="ascii").split()[0])
        return total / 1e9

    def private_kilobytes(self):
        text = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text(encoding="ascii")
        return sum(int(kb) for kb in re.findall(r"^Private_\w+: +(\d+) kB", text, re.M))


def start_forwarder(server):
    port = servers.free_port()
    program = servers.private_folder("forwarder") / "forwarder"
    program.write_bytes((PROGRAMS / "forwarder").read_bytes())
    program.chmod(0o755)
    return Leg("forwarder", port, servers.Process([program, port, server.port], "forwarder",
                                                  preexec_fn=raise_files))


def start_pgbouncer(server):
    port, folder = servers.free_port(), servers.private_folder("pgbouncer")
    (folder / "users").write_text('"postgres" ""\n', encoding="ascii")
    (folder / "ini").write_text(
        f"[databases]\n* = host=127.0.0.1 port={server.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nauth_type = trust\nauth_file = {folder}/users\npool_mode = session\n"
        "max_client_conn = 2000\ndefault_pool_size = 1500\nlog_connections = 0\n"
        "log_disconnections = 0\nunix_socket_dir =\n"
        "ignore_startup_parameters = extra_float_digits\n", encoding="ascii")
    program = next(path for path in ("/usr/sbin/pgbouncer", "/usr/bin/pgbouncer")
                   if os.path.exists(path))
    return Leg("pgbouncer", port, servers.Process([program, "-q", folder / "ini"], "pgbouncer",
                                                  preexec_fn=raise_files))


def start_ddlguard(server):
    proxy = servers.Proxy(server, mode="enforce", limits={"connections": 2000}, log={"level": "warn"},
                          workers=int(os.environ.get("BENCH_WORKERS", 1)))
    return Leg("ddlguard", proxy.port, proxy.process)


def start_legs(server):
    legs = [start(server) for start in (start_forwarder, start_pgbouncer, start_ddlguard)]
    for leg in legs:
        servers.wait_for(lambda leg=leg: can_connect(leg.port), 10, f"{leg.name} to listen")
    return legs


def raise_files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))


def pgbench(server, leg, protocol, clients):
    """(processor microseconds per transaction or None, milliseconds of latency)."""
    before = leg.cpu_seconds() if leg.process else 0
    out = server.run("pgbench", "-S", "-n", "-M", protocol, "-c", clients, "-j", min(clients, 2),
                     "-T", max(1, round(SECONDS)), "-h", leg.host, "-p", leg.port, "-U", "postgres",
                     "bench")
    done = int(re.search(r"transactions actually processed: (\d+)", out)[1])
    latency = float(re.search(r"latency average = ([\d.]+) ms", out)[1])
    cost = (leg.cpu_seconds() - before) / done * 1e6 if leg.process else None
    return cost, latency


def copy_out(leg):
    """Processor seconds per GB."""
    with wire.Wire(leg, {"user": "postgres", "database": "bench"}, seconds=120) as client:
        before, size, last = leg.cpu_seconds(), 0, b""
        client.send(wire.query("copy wide to stdout"))
        space = memoryview(bytearray(1 << 20))
        while not last.endswith(b"Z\0\0\0\5I"):
            count = client.socket.recv_into(space)
            assert count, "closed in the middle of COPY"
            size, last = size + count, (last + bytes(space[max(0, count - 6):count]))[-6:]
        return (leg.cpu_seconds() - before) / (size / 1e9)


def copy_in(leg):
    rows = (b"%d\t" + b"x" * 90 + b"\n") * 80
    flight = wire.copy_data(rows % tuple(range(80))) * 16
    with wire.Wire(leg, {"user": "postgres", "database": "bench"}, seconds=120) as client:
        client.send(wire.query("begin; truncate filled; copy filled from stdin"))
        client.read_until([b"G"])
        before, size = leg.cpu_seconds(), 0
        while size < COPY_ROWS * 100:
            client.send(flight)
            size += len(flight)
        client.send(wire.COPY_DONE)
        client.read_until_ready()
        cost = (leg.cpu_seconds() - before) / (size / 1e9)
        client.send(wire.query("rollback"))
        client.read_until_ready()
        return cost


def memory_per_pair(leg):
    """kB of private memory that 1,000 logged-in idle clients cost, each after one query."""
    keys = {"user": "postgres", "database": "bench"}
    with wire.Wire(leg, keys) as first:
        first.send(wire.query("select 1"))
        first.read_until_ready()
    before, clients = leg.private_kilobytes(), []
    for _ in range(PAIRS):
        clients.append(wire.Wire(leg, keys))
        clients[-1].send(wire.query("select 1"))
        clients[-1].read_until_ready()
    time.sleep(0.5)
    cost = (leg.private_kilobytes() - before) / PAIRS
    for client in clients:
        client.socket.close()
    time.sleep(2)       # for 1,000 backends to end
    return cost


class Table:
    """Figures by row and leg, one per round; printed as Markdown with medians and ratios."""

    def __init__(self, legs):
        self.names, self.rows = [leg.name for leg in legs], defaultdict(lambda: defaultdict(list))

    def add(self, row, leg, value):
        self.rows[row][leg.name].append(value)

    def ratio(self, row, other):
        pairs = zip(self.rows[row]["ddlguard"], self.rows[row][other])
        return statistics.median(mine / theirs if theirs else float("nan") for mine, theirs in pairs)

    def show(self):
        print(f"| | {' | '.join(self.names)} | ddlguard / forwarder | ddlguard / pgbouncer |")
        print(f"|---|{'---:|' * (len(self.names) + 2)}")
        for row, figures in self.rows.items():
            cells = [f"{statistics.median(figures[name]):.2f}" for name in self.names]
            cells += [f"{self.ratio(row, other):.3f}" for other in ("forwarder", "pgbouncer")]
            print(f"| {row} | {' | '.join(cells)} |")


def turns(legs, rounds):
    """Every leg once per round, beginning with another one each time."""
    for number in range(rounds):
        for place in range(len(legs)):
            yield legs[(number + place) % len(legs)]


def measure(server, legs, direct):
    table = Table(legs)
    latencies = defaultdict(list)
    for protocol in PROTOCOLS:
        for clients in CLIENTS:
            print(f"bench: pgbench -S -M {protocol}, {clients} clients", file=sys.stderr)
            for leg in turns([direct, *legs] if clients == 1 else legs, ROUNDS):
                cost, latency = pgbench(server, leg, protocol, clients)
                if cost is not None:
                    table.add(f"pgbench -S -M {protocol}, {clients} clients: CPU us per transaction",
                              leg, cost)
                if clients == 1:
                    latencies[protocol, leg.name].append(latency * 1000)
    for (protocol, name), values in latencies.items():
        for leg in legs:
            if leg.name == name:
                for value, base in zip(values, latencies[protocol, "direct"]):
                    table.add(f"added latency, 1 client, {protocol}: us", leg, value - base)
    for row, action in (("COPY out, CPU s per GB", copy_out), ("COPY in, CPU s per GB", copy_in)):
        print(f"bench: {row}", file=sys.stderr)
        for leg in turns(legs, ROUNDS):
            table.add(row, leg, action(leg))
    return table


def measure_memory(server, table):
    """In processes of their own: what earlier work has left in a heap would hide what a pair costs."""
    print(f"bench: {PAIRS} idle pairs", file=sys.stderr)
    for leg in start_legs(server):
        table.add(f"memory per idle pair at {PAIRS} pairs: kB", leg, memory_per_pair(leg))
        leg.process.stop()


def machine(rounds):
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="ascii"))
    return (f"{datetime.date.today()}, {model[1] if model else platform.machine()}, "
            f"{os.cpu_count()} processors, Linux {platform.release()}, "
            f"PostgreSQL {servers.postgres_folder().parts[-2]}, {rounds}")


def run_programs():
    """The benchmarks in C, each with a folder of its own for what it writes."""
    for program in sorted(PROGRAMS.glob("*_bench")):
        done = subprocess.run([program, servers.private_folder("bench")], text=True,
                              capture_output=True, timeout=120, check=False)
        print(f"\n{program.name}:\n\n```\n{done.stdout.strip()}{done.stderr.strip()}\n```")


def main():
    raise_files()
    server = servers.Postgres({"max_connections": "1200", "log_statement": "none"})
    try:
        server.psql("create database bench")
        server.run("pgbench", "-i", "-q", "-s", "10", "-p", server.port, "-h", server.host, "-U",
                   "postgres", "bench")
        for sql in (f"create unlogged table wide as select g, repeat('x', 90) from"
                    f" generate_series(1, {COPY_ROWS}) g", "create unlogged table filled (like wide)",
                    "vacuum analyze", "checkpoint"):
            server.psql(sql, "bench")
        legs = start_legs(server)
        table = measure(server, legs, Leg("direct", server.port))
        for leg in legs:
            assert leg.process.is_running(), f"{leg.name} died:\n{leg.process.log()}"
            leg.process.stop()
        measure_memory(server, table)
        print(f"\n{machine(f'{ROUNDS} rounds of {max(1, round(SECONDS))} s')}\n")
        table.show()
    finally:
        server.stop()
    run_programs()


def can_connect(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main()
