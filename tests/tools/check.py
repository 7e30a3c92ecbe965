"""`make check`: builds, then runs every test, shows failures in full and ends with one line of counts.

Unit tests, cases and dialogues are cmocka programs that speak TAP; fuzz targets replay their seeds and
then fuzz for a moment; integration and client tests are pytest's. Nothing needs the network.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fuzz

ROOT = Path(__file__).resolve().parents[2]
OUT = Path(os.environ.get("OUT", "build"))
OUT = OUT if OUT.is_absolute() else ROOT / OUT
FUZZ_SECONDS = 3      # per target: enough to run each mutator over the seeds
UNIT_SECONDS = 180    # one program; every one of them should need less than 10
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
              "UBSAN_OPTIONS": "print_stacktrace=1",
              "TSAN_OPTIONS": "halt_on_error=0:second_deadlock_stack=1"}


class Count:
    """Passed and failed so far, and the failures' texts as they came."""

    def __init__(self):
        self.passed = self.failed = 0

    def add(self, passed, failed, text=""):
        self.passed += passed
        self.failed += failed
        if failed:
            print(text.rstrip("\n"), flush=True)


def make(mode, *goals):
    subprocess.run(["make", "-s", f"-j{os.cpu_count()}", f"MODE={mode}", f"BUILD={OUT / mode}",
                    *goals], cwd=ROOT, check=True)


def run_unit(program):
    """(passed, failed, output) of one cmocka program; a crash is one failure more."""
    environment = {**os.environ, **SANITIZERS, "CMOCKA_MESSAGE_OUTPUT": "TAP"}
    try:
        done = subprocess.run([program], cwd=ROOT, env=environment, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=UNIT_SECONDS, check=False)
        output, code = done.stdout, done.returncode
    except subprocess.TimeoutExpired as late:
        output, code = (late.stdout or b"").decode(errors="replace"), f"none in {UNIT_SECONDS} s"
    passed = len(re.findall(r"^ok \d+", output, re.M))
    failed = len(re.findall(r"^not ok \d+", output, re.M))
    if (code != 0 or passed == 0) and failed == 0:
        failed = 1
    name = Path(program).relative_to(OUT)
    return passed, failed, f"---- {name}: exit code {code}\n{output}"


def check_units(count, mode):
    sources = sorted(ROOT.glob("tests/unit/*/*_test.c"))
    programs = [OUT / mode / path.relative_to(ROOT).with_suffix("") for path in sources]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for result in pool.map(run_unit, programs):
            count.add(*result)


def check_fuzz(count):
    jobs = [(name, seconds) for name in fuzz.targets() for seconds in (0, FUZZ_SECONDS)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda job: fuzz.run(*job), jobs)
        for (name, _), (passed, output) in zip(jobs, results):
            count.add(passed, not passed, f"---- fuzz {name}\n{output[-20000:]}")


def check_pytest(count, folder, mode, words):
    environment = {**os.environ, **SANITIZERS, "DDLGUARD": str(OUT / mode / "ddlguard"),
                   "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", f"--junitxml={report.name}",
                               folder, *words], cwd=ROOT, env=environment, check=False)
        suite = xml.parse(report.name).find("testsuite")
    failed = int(suite.get("failures")) + int(suite.get("errors"))
    passed = int(suite.get("tests")) - failed - int(suite.get("skipped"))
    if done.returncode != 0 and failed == 0:
        failed = 1
    count.add(passed, failed, f"---- pytest {folder}: exit code {done.returncode}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--mode", default="release", choices=("release", "asan", "tsan"))
    arguments.add_argument("--clients", action="store_true", help="only tests/clients")
    arguments.add_argument("--only", choices=("unit", "fuzz", "integration"))
    arguments.add_argument("pytest", nargs="*", help="more words for pytest")
    given = arguments.parse_args()
    # The pure code is always tested under a sanitizer; the program in the mode that was asked for.
    unit_mode = "tsan" if given.mode == "tsan" else "asan"
    count, start = Count(), time.monotonic()

    def part(name, run, *words):
        if given.only in (None, name):
            before, began = (count.passed, count.failed), time.monotonic()
            run(count, *words)
            print(f"== {name}: {count.passed - before[0]} passed, {count.failed - before[1]} failed"
                  f" in {time.monotonic() - began:.0f} s", flush=True)

    if given.clients:
        part("clients", check_pytest, "tests/clients", given.mode, given.pytest)
    else:
        make(given.mode, "all")
        if given.only in (None, "unit"):
            make(unit_mode, "unit-tests")
        if given.only in (None, "fuzz"):
            fuzz.build()
        print(f"== built in {time.monotonic() - start:.0f} s", flush=True)
        part("unit", check_units, unit_mode)
        part("fuzz", check_fuzz)
        part("integration", check_pytest, "tests/integration", given.mode, given.pytest)
    print(f"{count.passed} passed, {count.failed} failed")
    sys.exit(1 if count.failed or not count.passed else 0)


if __name__ == "__main__":
    main()
