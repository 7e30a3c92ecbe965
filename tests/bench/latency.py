"""`make latency`: the longest that an application waits while each change of the catalogue is made, on a table of
1,000,000 rows: by the plain statement, sent directly, and through the proxy; and the same while another
transaction stands in the way for some seconds. In turns within one run. Of forms that the proxy rewrites, when
nobody stands in the way, the median over the rounds of the longest wait of each; of all else one round.

The application is that of the tests: statements that read and write, one connection each, through the proxy. What
it waits when nothing is changed is measured just before each change, and shown as the noise of the machine.
Writes a table in Markdown to standard output. DDLGUARD_ROWS, LATENCY_ROUNDS (3), words: names of changes.
"""
import os
import statistics
import sys
import threading
import time
from pathlib import Path

os.environ.setdefault("DDLGUARD_ROWS", "1000000")
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests/tools", "tests/integration", "tests", "tests/bench")]
import psycopg                              # noqa: E402
import servers                              # noqa: E402
from application import Application         # noqa: E402
from bench import machine                   # noqa: E402
from catalogue import CATALOGUE, ROWS       # noqa: E402
from conftest import Databases, conninfo, outcome       # noqa: E402
from twins import Twins                     # noqa: E402

ROUNDS = int(os.environ.get("LATENCY_ROUNDS", 3))
LOCK_SECONDS = 2.0          # the proxy's default
BLOCKED_SECONDS = 3.0
TARGET_MS = 100             # without a blocker
QUIET_SECONDS = 1.0


class Bench:
    def __init__(self):
        self.server = servers.Postgres({"log_statement": "none", "deadlock_timeout": "1s"})
        self.proxy = servers.Proxy(self.server, timeouts={"lock": f"{LOCK_SECONDS:.0f}s", "backoff": "500ms"})
        self.databases = Databases(self.server)
        self.noise = []

    def connect(self, leg, database):
        return psycopg.connect(conninfo(leg, database), autocommit=True)

    def measure(self, row, leg, blocked):
        """(the application's longest wait in ms, seconds that the change took) of one change on fresh tables."""
        twins = Twins(self.server, self.databases)
        helper = twins(row, "safe")
        client = self.connect(leg, helper.info.dbname)
        helper.execute("checkpoint")
        application = Application(lambda: self.connect(self.proxy, helper.info.dbname), row.application, ROWS)
        try:
            application.wait_until_busy()
            application.reset()
            time.sleep(QUIET_SECONDS)
            self.noise.append(application.longest * 1000)
            application.reset()
            blocker = self.block(row, helper) if blocked else None
            start = time.monotonic()
            said = outcome(client, row.sql)
            took = time.monotonic() - start
            if blocker:
                blocker.join()
        finally:
            longest = application.stop()
            client.close()
            twins.drop()
        if isinstance(said, tuple) or application.errors:
            raise SystemExit(f"{row.name}: {said} {application.errors}")
        return longest * 1000, took

    @staticmethod
    def block(row, helper):
        helper.execute("begin")
        helper.execute(row.blocker)
        timer = threading.Timer(BLOCKED_SECONDS, lambda: helper.execute("rollback"))
        timer.start()
        return timer

    def medians(self, row, blocked):
        """Of the plain statement and of the proxy: (longest wait, seconds of the change)."""
        rounds = ROUNDS if row.on_its_way and not blocked else 1
        turns = [[self.measure(row, leg, blocked) for leg in (self.server, self.proxy)] for _ in range(rounds)]
        return [[statistics.median(values) for values in zip(*turn)] for turn in zip(*turns)]

    def stop(self):
        self.proxy.stop()
        self.server.stop()


def chosen(names):
    return [row for row in CATALOGUE if not names or row.name in names]


def line(row, free, blocked):
    """A line of the table; a figure that misses its target is bold."""
    cells = [f"{free[0][0]:.0f}", mark(free[1][0], TARGET_MS)]
    cells += [f"{blocked[0][0]:.0f}", mark(blocked[1][0], LOCK_SECONDS * 1000 + TARGET_MS)] if blocked else ["", ""]
    cells += [f"{free[0][1]:.1f}", f"{free[1][1]:.1f}"]
    return f"| {row.name}: `{row.sql}` | " + " | ".join(cells) + " |"


def mark(value, target):
    return f"{value:.0f}" if value <= target else f"**{value:.0f}**"


def main():
    bench = Bench()
    try:
        print(f"{machine(f'{ROWS} rows, {ROUNDS} rounds')}\n")
        print("| change | plain: ms | ddlguard: ms | plain, blocked: ms | ddlguard, blocked: ms"
              " | plain took: s | ddlguard took: s |\n|---|---:|---:|---:|---:|---:|---:|")
        for row in chosen(sys.argv[1:]):
            blocked = bench.medians(row, True) if row.blocker else None
            print(line(row, bench.medians(row, False), blocked), flush=True)
        print(f"\nThe longest wait in {QUIET_SECONDS:.0f} s when nothing is changed: median"
              f" {statistics.median(bench.noise):.0f} ms, most {max(bench.noise):.0f} ms"
              f" ({len(bench.noise)} times).")
    finally:
        bench.stop()


if __name__ == "__main__":
    main()
