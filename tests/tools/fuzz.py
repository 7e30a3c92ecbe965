"""Runs the fuzz targets (tests/fuzz/NAME_fuzz.c) with libFuzzer, ASan and UBSan.

`make fuzz` runs each for FUZZ_SECONDS, `make check` for a moment; all the committed inputs come first, however long
that takes. New inputs go to OUT/fuzz/corpus and crashes to OUT/fuzz/crashes; the committed seeds are never written.
"""
import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = Path(os.environ.get("OUT", "build"))
FUZZ = (OUT if OUT.is_absolute() else ROOT / OUT) / "fuzz"


def build():
    subprocess.run(["make", "-s", "-j2", "MODE=fuzz", f"BUILD={FUZZ}", "fuzz-programs"],
                   cwd=ROOT, check=True)


def seeds_of(name):
    """The folder of the committed inputs. What the tests of `ddlguard check` read is as good for its target."""
    return ROOT / ("tests/check" if name == "check" else f"tests/fuzz/corpus/{name}")


def targets():
    return sorted(path.stem.removesuffix("_fuzz") for path in ROOT.glob("tests/fuzz/*_fuzz.c"))


def run(name, seconds):
    """(passed, output): the seeds of one target, then fuzzing until `seconds` are over."""
    corpus, crashes = FUZZ / "corpus" / name, FUZZ / "crashes" / name
    for folder in (corpus, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    seeds = seeds_of(name)
    if not list(seeds.glob("*")):
        return False, f"{seeds.relative_to(ROOT)} holds no seed"
    command = [FUZZ / "tests/fuzz" / f"{name}_fuzz", "-timeout=20", "-rss_limit_mb=3000",
               f"-artifact_prefix={crashes}/", f"-max_total_time={seconds}", "-print_final_stats=1",
               corpus, seeds]
    try:
        done = subprocess.run(command, text=True, errors="replace", timeout=seconds + 120,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except subprocess.TimeoutExpired as late:
        return False, f"did not end: {(late.stdout or b'').decode(errors='replace')[-4000:]}"
    return done.returncode == 0, done.stdout


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("names", nargs="*", help="targets; all when none is given")
    given = arguments.parse_args()
    build()
    names = given.names or targets()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda name: run(name, given.seconds), names))
    for name, (passed, output) in zip(names, results):
        runs = [line.split(":")[1].strip() for line in output.splitlines()
                if line.startswith("stat::number_of_executed_units")]
        print(f"fuzz {name}: {'ok' if passed else 'FAILED'}"
              f"{f', {runs[0]} inputs' if runs else ''} in {given.seconds} s")
        if not passed:
            print(output[-20000:])
    sys.exit(0 if all(passed for passed, _ in results) else 1)


if __name__ == "__main__":
    main()
