"""`make check`: builds, then runs every test, shows failures in full and ends with one line of counts.

Unit tests, cases and dialogues are cmocka programs that speak TAP; fuzz targets replay their seeds and
then fuzz for a moment; integration and client tests are pytest's. The three run side by side. Nothing needs
the network.
"""
import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import fuzz

ROOT = Path(__file__).resolve().parents[2]
OUT = Path(os.environ.get("OUT", "build"))
OUT = OUT if OUT.is_absolute() else ROOT / OUT
CPUS = len(os.sched_getaffinity(0))
DIALOGUES = "tests/unit/session/dialogue_test"
NICE = 5              # to the tests that watch the clock
FUZZ_SECONDS = 1      # per target, behind its seeds: enough to run each mutator
UNIT_SECONDS = 600    # one program; every one needs less than 30 on an idle machine, but for `make asan`
# Under a sanitizer everything takes several times as long: speed is not judged there.
PATIENCE = {"DDLGUARD_TEST_SECONDS": "160", "DDLGUARD_ROOM_SECONDS": "6"}
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
              "UBSAN_OPTIONS": "print_stacktrace=1",
              "TSAN_OPTIONS": "halt_on_error=0:second_deadlock_stack=1"}


class Part:
    """One part of the suite: its jobs still to come, and what passed and failed so far."""

    def __init__(self, name, jobs):
        self.name, self.left = name, len(jobs)
        self.passed = self.failed = 0
        self.start = time.monotonic()

    def add(self, passed, failed, text=""):
        self.passed += passed
        self.failed += failed
        self.left -= 1
        if text:
            print(text.rstrip("\n"), flush=True)
        if not self.left:
            print(f"== {self.name}: {self.passed} passed, {self.failed} failed in"
                  f" {time.monotonic() - self.start:.0f} s", flush=True)


def make(mode, *goals, niceness=0):
    subprocess.run(["nice", f"-n{niceness}", "make", "-s", f"-j{CPUS}", f"MODE={mode}", f"BUILD={OUT / mode}", *goals],
                   cwd=ROOT, check=True)


def run_unit(program, *words):
    """(passed, failed, what to show) of one cmocka program; a crash is one failure more."""
    environment = {**os.environ, **SANITIZERS, "CMOCKA_MESSAGE_OUTPUT": "TAP"}
    try:
        done = subprocess.run([program, *words], cwd=ROOT, env=environment, text=True, errors="replace",
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
    return passed, failed, f"---- {name}: exit code {code}\n{output}" if failed else ""


def run_fuzz(name):
    passed, output = fuzz.run(name, FUZZ_SECONDS)
    return passed, not passed, "" if passed else f"---- fuzz {name}\n{output[-20000:]}"


def run_pytest(folder, mode, words, **more):
    """The same of a folder of tests. Each of pytest's workers has its own servers; most of the time the
    tests wait for them, so that there may be more workers than processors. `more` is for the environment."""
    workers = CPUS * 2 if mode == "release" else CPUS
    environment = {**os.environ, **SANITIZERS, **({} if mode == "release" else PATIENCE),
                   "DDLGUARD": str(OUT / mode / "ddlguard"), "PYTHONDONTWRITEBYTECODE": "1", **more}
    with tempfile.NamedTemporaryFile(suffix=".xml") as report:
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", f"--numprocesses={workers}",
                               f"--junitxml={report.name}", folder, *words], cwd=ROOT,
                              env=environment, text=True, errors="replace", check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            suite = xml.parse(report.name).find("testsuite").attrib
        except xml.ParseError:
            suite = {}      # pytest did not come so far
    number = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
    failed = number["failures"] + number["errors"]
    passed = number["tests"] - failed - number["skipped"]
    if done.returncode != 0 and failed == 0:
        failed = 1
    output = f"---- pytest {folder}: exit code {done.returncode}\n{done.stdout}"
    return passed, failed, output if failed or number["skipped"] else ""


def build(goals, niceness=0):
    """`goals`: pairs of a mode and what is to be made in it."""
    start = time.monotonic()
    for mode, *words in goals:
        make(mode, *words, niceness=niceness)
    print(f"== built {', '.join(f'{words[0]} ({mode})' for mode, *words in goals)} in"
          f" {time.monotonic() - start:.0f} s", flush=True)


def back_goals(given, unit_mode):
    """What only the unit tests and the fuzz targets need."""
    goals = []
    if given.only in (None, "unit"):
        goals += [(unit_mode, "unit-tests")]
    if given.only in (None, "fuzz"):
        goals += [("fuzz", "fuzz-programs")]
    return [] if given.clients else goals


def all_jobs(given, unit_mode):
    """Part -> its jobs, each a function and its arguments; what takes longest comes first."""
    if given.clients:
        return {"clients": [(run_pytest, "tests/clients", given.mode, given.pytest)]}
    units = [(run_unit, OUT / unit_mode / path.relative_to(ROOT).with_suffix(""))
             for path in sorted(ROOT.glob("tests/unit/*/*_test.c"))]
    # Minutes: only when the sanitizer that looks at memory was asked for.
    every_cut = [(run_unit, OUT / given.mode / DIALOGUES, "--every-cut")] if given.mode == "asan" else []
    jobs = {"integration": [(run_pytest, "tests/integration", given.mode, given.pytest)],
            "unit": every_cut + units,
            "fuzz": [(run_fuzz, name) for name in fuzz.targets()]}
    return {name: jobs[name] for name in jobs if given.only in (None, name)}


def interrupt_children():
    """Those of ours that a Ctrl-C of a terminal has not reached."""
    for path in Path("/proc/self/task").glob("*/children"):
        for pid in path.read_text(encoding="ascii").split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGINT)


def run_all(jobs, goals):
    """Runs the jobs side by side and returns the parts. Tests against servers watch the clock: all else is nice
    to them (on Linux niceness is a thread's own, and goes on to what the thread starts). They mostly wait, so
    they begin while `goals`, what the others need, are still being built."""
    parts = {name: Part(name, listed) for name, listed in jobs.items()}
    print(f"== running: {', '.join(parts)}", flush=True)
    front = ThreadPoolExecutor(1)
    back = ThreadPoolExecutor(CPUS, initializer=os.nice, initargs=(NICE,))
    listed = [(job, part) for name, part in parts.items() for job in jobs[name]]
    try:
        futures = {front.submit(*job): part for job, part in listed if job[0] is run_pytest}
        if goals:
            build(goals, NICE)
        futures |= {back.submit(*job): part for job, part in listed if job[0] is not run_pytest}
        for future in as_completed(futures):
            futures[future].add(*future.result())
    except (KeyboardInterrupt, subprocess.CalledProcessError):
        for pool in (front, back):
            pool.shutdown(wait=False, cancel_futures=True)
        interrupt_children()
        raise
    return parts.values()


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--mode", default="release", choices=("release", "asan", "tsan"))
    arguments.add_argument("--clients", action="store_true", help="only tests/clients")
    arguments.add_argument("--only", choices=("unit", "fuzz", "integration"))
    arguments.add_argument("pytest", nargs="*", help="more words for pytest")
    given = arguments.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # The pure code is always tested under a sanitizer, by default that of the fuzz targets, which are built
    # anyway; the program in the mode that was asked for.
    unit_mode = "fuzz" if given.mode == "release" else given.mode
    start = time.monotonic()
    try:
        build([(given.mode, "all")])
        parts = run_all(all_jobs(given, unit_mode), back_goals(given, unit_mode))
    except subprocess.CalledProcessError as failed:
        sys.exit(f"check: {' '.join(map(str, failed.cmd))} failed")
    except KeyboardInterrupt:
        sys.exit("check: interrupted")
    passed, failed = (sum(getattr(part, word) for part in parts) for word in ("passed", "failed"))
    print(f"== everything in {time.monotonic() - start:.0f} s")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
