"""`make facts`: does `ddlguard explain` know what PostgreSQL does? Measured facts about forms of schema changes (which
locks each takes, what it rewrites, scans and builds) are held against what explain says of them, without a server and
with one.

FACTS=file.jsonl    other facts than the project's own. The first line is {"kind": "setup", "sql": ...}, each
                    further one {"kind": "fact", "id", "sql", "versions": {"15": {"locks": {relation: mode},
                    "rewritten": [relation], "verify_scan": [...], "seq_scanned": [...]}, ...}}; "error" in the
                    place of these: the form fails.
--measure           writes what the server that is installed (DDLGUARD_PGBIN: that one) does into the file. A form
                    is run in a transaction that is rolled back, so those that refuse one cannot be measured.

A form is dangerous when it works through a relation (writes it anew, reads all of it, builds an index) under a
lock that keeps others from it. Ends with 1 when one of those is called harmless, when a lock that keeps writers
away is called weaker, or when false alarms, harmless forms that are called dangerous, come to 2 % of all.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg

import servers

OWN = servers.ROOT / "tests/cases/lock-facts.jsonl"
DATABASE = "ddlguard_facts"
MODES = ["", "AccessShare", "RowShare", "RowExclusive", "ShareUpdateExclusive", "Share", "ShareRowExclusive",
         "Exclusive", "AccessExclusive"]
FALSE_ALARMS_MOST = 0.02
# What stands before a form belongs to the session that it is run in: "set local timezone = 'UTC'; alter …".
SETTING = re.compile(r"\s*set\s+local\s+(\w+)\s*(?:=|to)\s*'([^']*)'\s*;", re.IGNORECASE)

RELATIONS = """
    select c.relname, c.oid, c.relkind::text, pg_relation_filenode(c.oid), pg_stat_get_xact_numscans(c.oid),
           pg_relation_size(coalesce(i.indrelid, c.oid)) = 0
    from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_index i on i.indexrelid = c.oid
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"""


def strength(mode):
    return MODES.index((mode or "").removesuffix("Lock"))


class Truth:
    """A database of that server's that holds what the set-up makes."""

    def __init__(self, server, setup):
        server.psql(f"create database {DATABASE}")
        self.conninfo = f"host={server.host} port={server.port} user={server.user} dbname={DATABASE}"
        self.connection = psycopg.connect(host=server.host, port=server.port, user=server.user, dbname=DATABASE,
                                          autocommit=True, options="-c timezone=UTC")
        self.connection.execute("set client_min_messages = warning")
        self.connection.execute(setup)
        path = self.connection.execute("show search_path").fetchone()[0]
        self.connection.execute(f"alter database {DATABASE} set search_path = {path}")
        self.version = str(self.connection.info.server_version // 10000)
        self.kinds = {row[0]: row[2] for row in self.connection.execute(RELATIONS)}

    def measure(self, sql):
        """What the server does, as a fact."""
        notices = []

        def hear(notice):
            notices.append(notice.message_primary)
        self.connection.add_notice_handler(hear)
        try:
            with self.connection.transaction(force_rollback=True):
                self.connection.execute("set local client_min_messages = debug1")
                before = {row[1]: row for row in self.connection.execute(RELATIONS)}
                self.connection.execute(sql)
                after = {row[1]: row for row in self.connection.execute(RELATIONS)}
                locks = self.connection.execute("select relation, mode from pg_locks where pid = pg_backend_pid()"
                                                " and locktype = 'relation'").fetchall()
        except psycopg.Error as error:
            return {"error": f"{error.sqlstate} {error.diag.message_primary}"}
        finally:
            self.connection.remove_notice_handler(hear)
        names = {oid: row[0] for oid, row in before.items()}
        held = collections.defaultdict(str)
        for oid, mode in locks:
            if oid in names and strength(mode) > strength("AccessShare"):
                held[names[oid]] = max(held[names[oid]], mode.removesuffix("Lock"), key=strength)
        kept = [row for oid, row in after.items() if oid in before and not row[5]]  # what is emptied is no work
        changed = [row[1] for row in kept if row[2] in "rmi" and row[3] != before[row[1]][3]]
        scanned = [row[1] for row in kept if row[2] in "rm" and row[4] > before[row[1]][4]]
        verified = [re.search('"(.*)"', notice)[1] for notice in notices if notice.startswith("verifying table ")]
        return {"locks": dict(sorted(held.items())), "rewritten": sorted(names[row] for row in changed),
                "verify_scan": verified, "seq_scanned": sorted(names[row] for row in scanned)}

    def known(self, facts):
        """Those that were measured with this version, and do not fail there."""
        return [fact for fact in facts if "error" not in fact["versions"].get(self.version, {"error": ""})]

    def is_dangerous(self, fact):
        """Of a materialized view only readers can be kept away."""
        worked = {*fact["rewritten"], *fact["verify_scan"], *fact["seq_scanned"]} & set(self.kinds)
        return any(strength(fact["locks"].get(name)) >=
                   strength("AccessExclusive" if self.kinds[name] == "m" else "Share") for name in worked)

    def lock(self, fact):
        """The strongest on anything that is no index."""
        return max((strength(mode) for name, mode in fact["locks"].items()
                    if self.kinds.get(name, "i") not in "iI"), default=0)


def explain(sql, options, conninfo):
    """What explain says: "dangerous", "unknown" or "harmless", and the strength of the lock."""
    words = [str(servers.PROGRAM), "explain", "--json"]
    if conninfo:
        words += ["--server", f"{conninfo} options='{options}'"]
    done = subprocess.run([*words, sql], text=True, capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        raise SystemExit(f"explain failed for {sql}\n{done.stderr}")
    said, lock = 0, 0
    for statement in json.loads(done.stdout)["statements"]:
        strongest = max(strength(statement["lock"]), strength(statement["other_lock"]))
        works = [statement[key] for key in ("rewrites_table", "scans_table", "builds_index")]
        if strongest >= strength("Share"):
            said = max(said, 2 if True in works else 1 if None in works else 0)
        lock = max(lock, strongest)
    return ("harmless", "unknown", "dangerous")[said], lock


def explain_fact(fact, conninfo):
    sql, options = fact["sql"], ["-c timezone=UTC"]
    while setting := SETTING.match(sql):
        options.append(f"-c {setting[1]}={setting[2]}")
        sql = sql[setting.end():]
    return explain(sql, " ".join(options), conninfo)


def compare(truth, facts, conninfo):
    """How often what was measured (True: dangerous) meets what is said; how many locks that keep writers away are
    called weaker; a line for each disagreement."""
    counts, weaker, lines = collections.Counter(), 0, []
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda fact: explain_fact(fact, conninfo), facts))
    for fact, (said, lock) in zip(facts, answers):
        measured = fact["versions"][truth.version]
        dangerous = truth.is_dangerous(measured)
        counts[dangerous, said] += 1
        weak = max(lock, strength("Share") - 1) < truth.lock(measured)
        weaker += weak
        if weak or said != ("dangerous" if dangerous else "harmless"):
            lines.append(f"  {fact['id']:32} {'dangerous' if dangerous else 'harmless'}, called {said}"
                         + (f"; lock {MODES[truth.lock(measured)]}, called {MODES[lock] or 'none'}" if weak else "")
                         + f": {fact['sql']}")
    return counts, weaker, lines


def faults(counts, weaker):
    """What of it must not be."""
    alarms = counts[False, "dangerous"] / counts.total()
    return ([f"{counts[True, 'harmless']} dangerous forms are called harmless"] * (counts[True, "harmless"] > 0)
            + [f"{weaker} locks are called weaker than they are"] * (weaker > 0)
            + [f"{alarms:.1%} false alarms"] * (alarms >= FALSE_ALARMS_MOST))


def report(truth, facts):
    """Prints the figures, and gives the faults."""
    results = [compare(truth, facts, None), compare(truth, facts, truth.conninfo)]
    print(f"{'':36}{'offline':>10}{'asked':>10}")
    for dangerous in (True, False):
        for said in ("dangerous", "unknown", "harmless"):
            print(f"{'dangerous' if dangerous else 'harmless':>9}, called {said:18}"
                  + "".join(f"{counts[dangerous, said]:10}" for counts, _, _ in results))
    print(f"{'lock called weaker than it is':36}" + "".join(f"{weaker:10}" for _, weaker, _ in results))
    for name, (_, _, lines) in zip(("offline", "asked"), results):
        print(f"\n{name}:", *lines or ["  no disagreement"], sep="\n")
    return [fault for counts, weaker, _ in results for fault in faults(counts, weaker)]


def read(path):
    """The set-up and the facts of a file."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    [setup] = [row for row in rows if row["kind"] == "setup"]
    return setup, [row for row in rows if row["kind"] == "fact"]


def measure(truth, setup, facts, path):
    for fact in facts:
        fact.setdefault("versions", {})[truth.version] = truth.measure(fact["sql"])
    path.write_text("".join(json.dumps(row) + "\n" for row in [setup, *facts]), encoding="utf-8")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--measure", action="store_true")
    measures = options.parse_args().measure
    path = Path(os.environ.get("FACTS") or OWN)
    setup, facts = read(path)
    server = servers.Postgres()
    try:
        truth = Truth(server, setup["sql"])
        if measures:
            measure(truth, setup, facts, path)
        known = truth.known(facts)
        print(f"PostgreSQL {truth.version}: {len(known)} forms of {len(facts)}; the others fail, or were not"
              " measured\n")
        wrong = report(truth, known) if known else ["nothing to compare"]
        print("", *wrong or ["good: nothing dangerous is called harmless"], sep="\n")
        return 1 if wrong else 0
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
