"""`make transparency`: PostgreSQL's own regression suite, directly and through the proxy.

Observe mode: every result file must be the same, byte for byte, as that of a direct run. Enforce mode: the
suite must finish, with no lost connection, crash or protocol error; the files that differ are listed.
Two direct runs come first: a file in which they differ cannot tell anything, and is named.
The suite is the distribution's source package of the installed major version (pg_source.sh), or
the tree that DDLGUARD_PG_SOURCE names.
"""
import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import servers

OUT = Path(os.environ.get("OUT", "build")).absolute() / "regress"
SECONDS = 1200      # a run takes one to three minutes; longer is a hang
# What psql prints when the proxy or the server went away or broke the protocol.
BROKEN = re.compile(r"server closed the connection unexpectedly|connection to server was lost|"
                    r"lost synchronization|message contents do not agree|unexpected response from"
                    r"|message type 0x|could not send data|insufficient data in")
SETTINGS = {"autovacuum": "on", "log_statement": "none", "deadlock_timeout": "1s"}


def source():
    """The folder src/test/regress of the server's source."""
    tree = os.environ.get("DDLGUARD_PG_SOURCE")
    if not tree:
        major = servers.postgres_folder().parts[-2]
        subprocess.run([servers.ROOT / "tests/tools/pg_source.sh", major, OUT], check=True)
        tree = OUT
    return Path(tree) / "src/test/regress"


class Suite:
    """The suite in a private folder, so that the servers' user can read and write it."""

    def __init__(self, regress):
        self.folder = servers.private_folder("regress")
        self.input, self.output = self.folder / "input", self.folder / "output"
        self.libraries = self.folder / "lib"
        shutil.copytree(regress, self.input)
        self.libraries.mkdir()
        bin_folder = servers.postgres_folder()
        config = [str(bin_folder / "pg_config")]
        ask = lambda word: subprocess.check_output([*config, word], text=True).strip()
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-w", f"-I{ask('--includedir-server')}",
                        "-o", self.libraries / "regress.so", regress / "regress.c"], check=True)
        for name in ("autoinc.so", "refint.so"):
            shutil.copy(Path(ask("--pkglibdir")) / name, self.libraries)
        self.pg_regress = Path(ask("--pgxs")).parents[1] / "test/regress/pg_regress"
        for path in [self.folder, *self.folder.rglob("*")]:
            servers.give_to_user(path)

    def run(self, name, host, port):
        """One run of the whole schedule; its result files end up in OUT/NAME. Seconds, or None: hung."""
        shutil.rmtree(self.output, ignore_errors=True)
        self.output.mkdir()
        servers.give_to_user(self.output)
        command = [self.pg_regress, f"--inputdir={self.input}", f"--outputdir={self.output}",
                   f"--bindir={servers.postgres_folder()}", f"--dlpath={self.libraries}",
                   f"--schedule={self.input / 'parallel_schedule'}", "--max-concurrent-tests=20",
                   f"--host={host}", f"--port={port}", "--user=postgres"]
        start = time.monotonic()
        process = servers.Process(command, "pg_regress", cwd=self.folder)
        try:
            process.popen.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.stop()
            print(process.log())
            return None
        seconds = time.monotonic() - start
        kept = OUT / name
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(self.output / "results", kept)
        (OUT / f"{name}.log").write_text(process.log() + "\n", encoding="utf-8")
        return seconds


def results(name):
    return {path.name: path.read_bytes() for path in sorted((OUT / name).glob("*.out"))}


def differing(one, other):
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def show(name, one, other, lines):
    text = [data.get(name, b"").decode(errors="replace").splitlines() for data in (one, other)]
    diff = difflib.unified_diff(*text, f"direct/{name}", f"proxy/{name}", lineterm="", n=1)
    print("\n".join(list(diff)[:lines]))


def broken_lines(data):
    return sum(len(BROKEN.findall(text.decode(errors="replace"))) for text in data.values())


def run_leg(suite, name, mode=None):
    """One run on a fresh server. What went wrong with the run itself, or nothing."""
    server, proxy, troubles = servers.Postgres(SETTINGS, locale="C"), None, []
    try:
        if mode:
            proxy = servers.Proxy(server, mode=mode)
        leg = proxy or server
        seconds = suite.run(name, leg.host, leg.port)
        if seconds is None:
            troubles.append(f"{name}: not finished in {SECONDS} s")
        else:
            print(f"{name}: {len(results(name))} result files in {seconds:.0f} s", flush=True)
        if proxy:
            alive = proxy.process.is_running()
            code = proxy.stop()
            if not alive or code != 0:
                troubles.append(f"{name}: the proxy {'ended with' if alive else 'died of'} {code}:\n"
                                + "\n".join(proxy.process.lines[-40:]))
        if "PANIC" in server.process.log():
            troubles.append(f"{name}: the server's log has a PANIC")
    finally:
        if proxy:
            proxy.stop()
        server.stop()
    return troubles


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--direct-only", action="store_true", help="only the two direct runs")
    arguments.add_argument("--lines", type=int, default=40, help="of each difference to show")
    given = arguments.parse_args()
    suite = Suite(source())
    troubles = run_leg(suite, "direct") + run_leg(suite, "direct-again")
    if not troubles:
        direct, again = results("direct"), results("direct-again")
        unstable = differing(direct, again)
        print(f"direct runs: {len(unstable)} of {len(direct)} files differ between themselves"
              f"{': ' + ' '.join(unstable) if unstable else ''}")
    if not troubles and not given.direct_only:
        troubles += run_leg(suite, "observe", "observe") + run_leg(suite, "enforce", "enforce")
    if not troubles and not given.direct_only:
        observe, enforce = results("observe"), results("enforce")
        changed = [name for name in differing(direct, observe) if name not in unstable]
        for name in changed:
            show(name, direct, observe, given.lines)
        print(f"observe mode: {len(changed)} of {len(direct)} files differ from the direct run")
        if changed:
            troubles.append(f"observe mode changed {' '.join(changed)}")
        if broken_lines(enforce) > broken_lines(direct):
            troubles.append("enforce mode: lost connections or protocol errors in the result files")
        others = [name for name in differing(direct, enforce) if name not in unstable]
        print(f"enforce mode: finished; {len(others)} files differ"
              f"{': ' + ' '.join(others) if others else ''}")
    for trouble in troubles:
        print(f"FAILED: {trouble}")
    sys.exit(1 if troubles else 0)


if __name__ == "__main__":
    main()
