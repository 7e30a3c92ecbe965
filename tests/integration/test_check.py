"""`ddlguard check`: tests/check/NAME.sql with what it prints about it beside it, NAME.text and NAME.json; then
the other formats, exit codes and options; then input that nobody would write by hand.

CHECK_UPDATE=1 writes the expectations anew: read the difference before you commit it."""
import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

import servers

FOLDER = servers.ROOT / "tests/check"
CASES = sorted(path.stem for path in FOLDER.glob("*.sql"))
BROKEN = {"psql", "syntax"}
KEYS = ["file", "line", "column", "sql", "kind", "verdict", "rules", "lock", "rewrites_table", "scans_table",
        "builds_index", "steps"]
FILE_KEYS = ["file", "line", "column", "kind", "verdict", "rules"]      # of what is found of a whole file
INDEX = "CREATE INDEX i ON t (a);\n"


def check(*words, text=None, folder=FOLDER, seconds=60, **environment):
    """The finished process; `text` (str or bytes) is its standard input."""
    given = text.encode() if isinstance(text, str) else text
    done = subprocess.run([str(servers.PROGRAM), "check", *map(str, words)], input=given or b"",
                          capture_output=True, cwd=folder, timeout=seconds, check=False,
                          env={**os.environ, **environment})
    done.out, done.err = done.stdout.decode(), done.stderr.decode()    # always UTF-8
    assert "Sanitizer" not in done.err, done.err
    return done


def judged(*words, **more):
    """The statements of --format json."""
    return [json.loads(line) for line in check("--format", "json", *words, **more).out.splitlines()]


def expected(name, got):
    path = FOLDER / name
    if os.environ.get("CHECK_UPDATE"):
        path.write_text(got, encoding="utf-8")
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", CASES)
def test_text(name):
    done = check(f"{name}.sql")
    assert done.out == expected(f"{name}.text", done.out)
    assert done.returncode == (2 if name in BROKEN else 0 if name == "clean" else 1)
    assert not done.err


@pytest.mark.parametrize("name", CASES)
def test_json(name):
    got = judged(f"{name}.sql")
    pretty = "".join(json.dumps(statement, ensure_ascii=False, indent=1) + "\n" for statement in got)
    assert pretty == expected(f"{name}.json", pretty)
    assert all(list(found) == (FILE_KEYS if found["kind"] == "file" else KEYS) for found in got)


@pytest.mark.parametrize("name", CASES)
def test_every_format_finds_the_same(name):
    """As many findings, at the same places, by the same rules."""
    text = re.findall(r"^[^:\n]+:(\d+):(\d+): (?:error|warning): .* \[(.+)\]$", check(f"{name}.sql").out, re.M)
    github = re.findall(r"^::(?:error|warning|notice) file=.*?,line=(\d+),col=(\d+),title=(.+?)::",
                        check("--format", "github", f"{name}.sql").out, re.M)
    assert github == text
    sarif = json.loads(check("--format", "sarif", f"{name}.sql").out)
    found = [(str(result["locations"][0]["physicalLocation"]["region"]["startLine"]),
              str(result["locations"][0]["physicalLocation"]["region"]["startColumn"]), result["ruleId"])
             for result in sarif["runs"][0]["results"]]
    assert found == text


def test_sarif_has_what_code_scanning_needs(tmp_path):
    """GitHub's list: "SARIF support for code scanning"."""
    odd = tmp_path / "a b" / "ö%.sql"
    odd.parent.mkdir()
    odd.write_text(INDEX, encoding="utf-8")
    whole = json.loads(check("--format", "sarif", "./a b/ö%.sql", folder=tmp_path).out)
    assert whole["version"] == "2.1.0" and "sarif-2.1.0" in whole["$schema"]
    run, = whole["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "ddlguard"
    for rule in rules:
        assert rule["id"] and rule["shortDescription"]["text"] and rule["fullDescription"]["text"]
        assert rule["help"]["text"]
    result, = run["results"]
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "require-concurrent-index-creation"
    assert result["level"] in ("note", "warning", "error") and result["message"]["text"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "a%20b/%C3%B6%25.sql"
    assert place["region"] == {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 24}


def test_github_escapes(tmp_path):
    path = tmp_path / "a,b:c%.sql"
    path.write_text("SELECT 1 FRM \"50%\nx\";\nSELECT '%' FROM FROM;", encoding="utf-8")
    lines = check("--format", "github", path.name, folder=tmp_path).out.splitlines()
    assert all(line.startswith("::error file=a%2Cb%3Ac%25.sql,line=") for line in lines)
    assert len(lines) == 2


@pytest.mark.parametrize("words, code", [
    ((), 2), (("--nosuch",), 2), (("--format", "xml", "clean.sql"), 2), (("--format",), 2),
    (("--pg-version", "abc", "clean.sql"), 2), (("--pg-version", "9.6", "clean.sql"), 2),
    (("--pg-version", "15x", "clean.sql"), 2), (("--pg-version", "15.4", "clean.sql"), 0),
    (("--config", "/nonexistent.yaml", "clean.sql"), 2), (("nosuch.sql",), 2), (("/",), 2),
    (("clean.sql",), 0), (("clean.sql", "clean.sql"), 0), (("clean.sql", "indexes.sql"), 1),
    (("nosuch.sql", "indexes.sql"), 2), (("--format", "github", "clean.sql"), 0),
])
def test_exit_code(words, code):
    done = check(*words)
    assert done.returncode == code, done.out + done.err
    assert (code == 2) == bool(done.err)


def test_unreadable_file_does_not_hide_the_next():
    done = check("nosuch.sql", "indexes.sql")
    assert "nosuch.sql: No such file" in done.err and "indexes.sql:2:1" in done.out


def test_standard_input():
    done = check("-", text=INDEX)
    assert done.returncode == 1 and done.out.startswith("stdin:1:1: warning: ")
    assert check("-", text="").returncode == 0


def test_files_do_not_know_each_other(tmp_path):
    """A table that one file makes is old to the next; so is a transaction that it leaves open."""
    (tmp_path / "1.sql").write_text("CREATE TABLE t (a int); BEGIN;", encoding="utf-8")
    (tmp_path / "2.sql").write_text(INDEX, encoding="utf-8")
    create, begin, index = judged("1.sql", "2.sql", folder=tmp_path)
    assert (create["verdict"], begin["verdict"], index["verdict"]) == ("allow", "allow", "warn")
    assert "transaction" not in index["rules"][0]["message"]


def test_assume_in_transaction():
    """As a migration tool that wraps each file would have it."""
    alone, = judged("-", text=INDEX)
    wrapped, = judged("--assume-in-transaction", "-", text=INDEX)
    assert alone["steps"] == ["CREATE INDEX CONCURRENTLY i ON t (a)"]
    assert wrapped["steps"] == ["CREATE INDEX i ON t (a)"]
    assert "transaction block" in wrapped["rules"][0]["message"]
    assert judged("--assume-in-transaction", "-", text="COMMIT;" + INDEX)[1]["steps"] == alone["steps"]


def test_configuration(tmp_path):
    path = tmp_path / "ddlguard.yaml"
    path.write_text("rules: {require-concurrent-index-creation: block}\n", encoding="utf-8")
    refused, = judged("--config", path, "-", text=INDEX)
    assert refused["verdict"] == refused["rules"][0]["action"] == "block"
    assert "stdin:1:1: error: " in check("--config", path, "-", text=INDEX).out
    path.write_text("overrides: [{match: {tables: [t]}, rules: {require-concurrent-index-creation: allow}}]\n",
                    encoding="utf-8")
    assert check("--config", path, "-", text=INDEX).returncode == 0
    assert check("--config", path, "-", text="CREATE INDEX ON u (a)").returncode == 1


def on_terminal(**environment):
    """Standard output of a check on a pseudo-terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([str(servers.PROGRAM), "check", "indexes.sql"], stdout=theirs, cwd=FOLDER,
                          env={**os.environ, "TERM": "xterm", **environment}) as process:
        os.close(theirs)
        out = b""
        try:
            while more := os.read(ours, 65536):
                out += more
        except OSError:     # Linux: nobody has the other end any more
            pass
        process.wait(20)
    os.close(ours)
    return out.decode().replace("\r\n", "\n")


def test_colours():
    plain = check("indexes.sql").out
    assert "\x1b" not in plain
    coloured = on_terminal(NO_COLOR="")
    assert "\x1b[" in coloured and re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert on_terminal(NO_COLOR="1") == plain
    assert on_terminal(NO_COLOR="", TERM="dumb") == plain


def test_output_that_cannot_be_written():
    with open("/dev/full", "wb") as full:
        done = subprocess.run([str(servers.PROGRAM), "check", "indexes.sql"], stdout=full, cwd=FOLDER,
                              stderr=subprocess.PIPE, timeout=20, check=False)
    assert done.returncode == 2 and b"cannot be written" in done.stderr


LONG = 1 << 20
MUCH = INDEX.encode() * (LONG // len(INDEX))
HOSTILE = {      # what it is -> the text, exit code, and something of what is said
    "NUL": (b"SELECT 1;\0DROP TABLE t;", 2, "NUL byte"),
    "UTF-16": ("\ufeffSELECT 1".encode("utf-16-le"), 2, "NUL byte"),
    "every byte": (bytes(range(1, 256)) * 40, 2, "error"),
    "10 MB statement": (b"INSERT INTO t VALUES ('" + b"x" * (10 * LONG) + b"');" + INDEX.encode(), 1,
                        "stdin:1:10485787: "),
    "open string": (b"SELECT 'open;" + MUCH, 2, "ends inside"),
    "open parenthesis": (b"SELECT (1;" + MUCH, 2, "ends inside"),
    "open comment": (b"/* open " + MUCH, 2, "ends inside"),
    "short open string": (b"'", 2, "unterminated"),
    "deep parentheses": (b"SELECT " + b"(" * 30000 + b"1" + b")" * 30000, 2, "memory exhausted"),
    "deep expression": (b"SELECT " + b"1+" * 30000 + b"1", 0, "1 statement "),
    "empty lines": (b"SELECT --" + b"\n" * LONG + b"1;" + INDEX.encode(), 1, "stdin:1048577:3: "),
    "backslashes": (b"SELECT '" + b"\\" * LONG + b"';", 0, "1 statement "),
    "one line": (b"SELECT 1;" * 10000 + INDEX.encode(), 1, "stdin:1:90001: "),
    "commands": (b"\\x\n" * 10000 + INDEX.encode(), 1, "stdin:10001:1: "),
    "sending commands": (b"SELECT 1 \\g\n" * 5000 + INDEX.encode(), 1, "stdin:5001:1: "),
    "data": (b"COPY t FROM stdin;\n" + b"'\\\n" * (LONG // 3) + b"\\.\n" + INDEX.encode(), 1, "COPY"),
    "long name": (b"CREATE TABLE t" + b"t" * 100000 + b" (a int)", 1, "too-long"),
    "backslash": (b"\\", 0, "psql"),
    "semicolons": (b";" * 100000, 0, "0 statements"),
    "byte order mark": (b"\xef\xbb\xbf", 0, "0 statements"),
    "half a byte order mark": (b"\xef\xbb", 2, "error"),
    "empty DOS lines": (b"\r\n\r\n", 0, "0 statements"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input(name):
    """It ends soon, in the right way, and what it prints is text."""
    text, code, words = HOSTILE[name]
    done = check("-", text=text)
    assert done.returncode == code and words in done.out + done.err, done.out[-2000:] + done.err
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", done.out)
    for line in check("--format", "json", "-", text=text).out.splitlines():
        json.loads(line)
    json.loads(check("--format", "sarif", "-", text=text).out)


def test_ten_thousand_statements():
    """Of many kinds, in 2 seconds (a sanitizer may take longer)."""
    some = (FOLDER / "indexes.sql").read_text(encoding="utf-8") * 1500
    release = Path(servers.PROGRAM).parent.name == "release"
    done = check("-", text=some, seconds=2 if release else 60)
    assert done.returncode == 1 and re.search(r"^\d{4,} statements in 1 file", done.out, re.M)
