"""`make quickstart`: what the proxy does to a schema change, measured on a throw-away PostgreSQL.

A table of 200,000 rows, an application that reads and writes it, and two changes: a CREATE INDEX, and an
ALTER TABLE behind a transaction that holds it up. Each once directly and once through the proxy; the
figure is the application's longest wait. Then the ledger, and a psql line to go on with until Ctrl-C.

DDLGUARD_UPSTREAM=host:port   use that server (as PGUSER, PGPASSWORD, in a database made for it and dropped)
QUICKSTART_ONCE=1             end after the figures, as when standard input is no terminal
"""
import contextlib
import os
import signal
import sys
import threading
import time
from types import SimpleNamespace

import psycopg

import servers

ROWS = 200_000
WRITERS = 3
BLOCKED_SECONDS = 6.0
DATABASE = "ddlguard_quickstart"
STEPS = "  %-46s %14s %14s"


def connect(leg, database=DATABASE, **keys):
    return psycopg.connect(host=leg.host, port=leg.port, user=leg.user, dbname=database,
                           autocommit=True, connect_timeout=10, **keys)


class Application:
    """Threads that write (and read) the table all the time and remember their longest wait."""

    def __init__(self, leg):
        self.longest, self.count, self.done = 0.0, 0, threading.Event()
        self.threads = [threading.Thread(target=self._work, args=(connect(leg), n), daemon=True)
                        for n in range(WRITERS)]
        for thread in self.threads:
            thread.start()

    def _work(self, connection, number):
        with connection:
            while not self.done.is_set():
                start = time.monotonic()
                connection.execute("update orders set amount = amount + 1 where id = %s",
                                   [number * 1000 + self.count % 1000])
                self.longest = max(self.longest, time.monotonic() - start)
                self.count += 1
                time.sleep(0.002)

    def stop(self):
        """Ends the threads; their longest wait in ms."""
        self.done.set()
        for thread in self.threads:
            thread.join(20)
        return self.longest * 1000


def measure(server, leg, prepare, sql, blocked):
    """The application's longest wait in ms while `sql` runs over `leg`, and the change's own seconds."""
    with connect(server) as helper, connect(leg, application_name="quickstart") as changer:
        for statement in prepare:
            helper.execute(statement)
        changer.add_notice_handler(lambda diag: print("     ", ": ".join(filter(None, (
            diag.severity, diag.message_primary, diag.message_hint)))))
        application = Application(leg)
        try:
            time.sleep(0.5)
            with hold_table(server) if blocked else contextlib.nullcontext():
                start = time.monotonic()
                changer.execute(sql)
                took = time.monotonic() - start
            time.sleep(0.3)
        finally:
            longest = application.stop()
        return longest, took


@contextlib.contextmanager
def hold_table(server):
    """Another session's transaction that has read the table and stays open for a while."""
    with connect(server) as holder:
        holder.execute("begin")
        holder.execute("select count(*) from orders where id < 10")
        timer = threading.Timer(BLOCKED_SECONDS, lambda: holder.execute("commit"))
        timer.start()
        try:
            yield
            timer.join()
        finally:
            timer.cancel()


def make_table(server):
    with connect(server) as helper:
        helper.execute("create table orders (id int primary key, customer int, amount int,"
                       " note text)")
        helper.execute("insert into orders select g, g %% 5000, 0, md5(g::text) || repeat('-', 100)"
                       " from generate_series(0, %s) g", [ROWS])
        helper.execute("vacuum analyze orders")


def show(server, proxy):
    """Runs the two changes both ways and prints the figures side by side."""
    index = "create index orders_by_note on orders (note, customer)"
    alter = "alter table orders add column paid boolean"
    cases = (("CREATE INDEX", ["drop index if exists orders_by_note"], index, False),
             (f"ALTER TABLE behind a {BLOCKED_SECONDS:.0f} s transaction",
              ["alter table orders drop column if exists paid"], alter, True))
    figures = []
    for name, prepare, sql, blocked in cases:
        print(f"\n  {sql}")
        print("    directly ...")
        direct = measure(server, server, prepare, sql, blocked)
        print("    through ddlguard ...")
        figures.append((name, direct, measure(server, proxy, prepare, sql, blocked)))
    print(f"\n  The longest that the application ({WRITERS} writers) had to wait meanwhile:\n")
    print(STEPS % ("", "directly", "ddlguard"))
    for name, direct, proxied in figures:
        print(STEPS % (name, f"{direct[0]:.0f} ms", f"{proxied[0]:.0f} ms"))
        print(STEPS % ("  (the change itself took)", f"{direct[1]:.1f} s", f"{proxied[1]:.1f} s"))


def show_ledger(proxy):
    done = proxy.command("ledger", "list", "--config", str(proxy.config_path))
    print("\n  The ledger (ddlguard ledger list):\n")
    print("\n".join("  " + line for line in (done.stdout or done.stderr).splitlines()))
    for change in proxy.ledger():
        print(f"\n  asked:    {change['original_sql']}")
        for step in change["executed"]:
            print(f"  executed: {step['sql']}")


def wait_for_user(proxy):
    if os.environ.get("QUICKSTART_ONCE") or not sys.stdin.isatty():
        print("\n  Everything is removed again: no terminal to go on with.")
        return
    print(f"\n  Go on with:\n\n    psql -h {proxy.host} -p {proxy.port} -U {proxy.user} {DATABASE}\n")
    print("  Ctrl-C ends it and removes everything.", flush=True)
    while proxy.process.is_running():
        time.sleep(0.5)
    print("  the proxy has ended:", *proxy.process.lines[-5:], sep="\n    ")


@contextlib.contextmanager
def some_server():
    """The server that DDLGUARD_UPSTREAM names, else a throw-away one."""
    named = os.environ.get("DDLGUARD_UPSTREAM")
    if not named:
        print("  starting a throw-away PostgreSQL ...", flush=True)
        server = servers.Postgres({"log_statement": "none", "deadlock_timeout": "1s",
                                   "autovacuum": "on"})
        try:
            yield server
        finally:
            server.stop()
        return
    host, _, port = named.rpartition(":")
    if not host or not port.isdigit():
        raise SystemExit(f"DDLGUARD_UPSTREAM: expected host:port, got {named!r}")
    server = SimpleNamespace(host=host, port=int(port), user=os.environ.get("PGUSER", "postgres"))
    try:
        yield server
    finally:
        with connect(server, "postgres") as helper:
            helper.execute(f"drop database if exists {DATABASE} with (force)")


def maintenance(server):
    """The proxy's own login, for naming who stands in the way: the same role as ours."""
    keys = {"user": server.user}
    if "PGPASSWORD" in os.environ:
        path = servers.private_folder("quickstart") / "password"
        path.touch(mode=0o600)
        servers.give_to_user(path)
        path.write_text(os.environ["PGPASSWORD"], encoding="utf-8")
        keys["password_file"] = str(path)
    return keys


def interrupt(*_):
    """The first Ctrl-C (or SIGTERM) begins the cleaning up; it takes seconds, and no other may cut it short."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def main():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    with some_server() as server:
        with connect(server, "postgres") as helper:
            helper.execute(f"drop database if exists {DATABASE} with (force)")
            helper.execute(f"create database {DATABASE}")
        make_table(server)
        proxy = servers.Proxy(server, timeouts={"lock": "2s", "backoff": "500ms"},
                              maintenance=maintenance(server))
        proxy.user = server.user
        print(f"  PostgreSQL on {server.host}:{server.port}, ddlguard in front of it on"
              f" {proxy.host}:{proxy.port}, {ROWS} rows in the table orders")
        try:
            show(server, proxy)
            show_ledger(proxy)
            wait_for_user(proxy)
        finally:
            proxy.stop()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        print("\n  stopped; everything is removed")
    except psycopg.OperationalError as error:
        sys.exit(f"quickstart: {error}")
