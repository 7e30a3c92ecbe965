"""`make check-all`: the integration tests with every supported version of PostgreSQL, one after the other. The catalogue
is made on tables of 1,000,000 rows, all of its forms behind a blocker, and interrupted at every moment of every
step. Shows failures in full and ends with one line for each server and a total.

The servers are those of `make deps-servers`. They run from copies, as their user may not look into the folder that
they were installed in. Words for pytest may be given; DDLGUARD_SERVERS (13 15 17 18): which ones.
"""
import os
import shutil
import signal
import subprocess
import sys
import time

import check
import servers

ROWS = 1_000_000
TEST_SECONDS = 600      # one test, on a machine that has other things to do
INSTALLED = check.OUT / "servers/node_modules"


def copy_of(version):
    """The folder of programs of a private copy of that server."""
    folder = servers.private_folder(f"server-{version}")
    shutil.copytree(INSTALLED / f"postgres-{version}/native", folder / "native", symlinks=True)
    return folder / "native/bin"


def version_of(programs):
    done = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True)
    return done.stdout.split()[2]


def main():
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    check.make("release", "all")
    results = []
    for version in os.environ.get("DDLGUARD_SERVERS", "13 15 17 18").split():
        programs, start = copy_of(version), time.monotonic()
        passed, failed, output = check.run_pytest(
            "tests/integration", "release", sys.argv[1:], DDLGUARD_PGBIN=str(programs), DDLGUARD_ALL="1",
            DDLGUARD_ROWS=str(ROWS), DDLGUARD_TEST_SECONDS=str(TEST_SECONDS))
        print(output, end="", flush=True)
        results.append((passed, failed))
        print(f"== PostgreSQL {version_of(programs)}: {passed} passed, {failed} failed in"
              f" {time.monotonic() - start:.0f} s", flush=True)
    passed, failed = map(sum, zip(*results))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
