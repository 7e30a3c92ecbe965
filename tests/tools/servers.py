"""Real servers for the tests: PostgreSQL and the proxy, on free loopback ports and private folders.

Everything that is started here is stopped by its pid, also when the test fails or the interpreter ends.
PostgreSQL refuses to run as root: then it and the proxy run as an ordinary user (`postgres`, else
`nobody`), from private copies, so that the working tree may lie where that user cannot look.
Never touches a server, port or folder that it did not make itself.
"""
import atexit
import contextlib
import glob
import json
import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("DDLGUARD") or
               ROOT / os.environ.get("OUT", "build") / "release/ddlguard")


def ordinary_user():
    """The user that servers run as when we are root, as keywords of subprocess.Popen; else nothing."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise SystemExit("no user `postgres` or `nobody`: PostgreSQL does not run as root")


def as_ordinary_user(command):
    """The command as that user. A child that Python itself gives to another user is a whole copy of this process
    first (fork, and not vfork): several milliseconds, and programs that end at once are started by the thousand."""
    user = ordinary_user()
    switch = ["setpriv", f"--reuid={user['user']}", f"--regid={user['group']}", "--clear-groups"] if user else []
    return [*switch, *map(str, command)]


def memory_folder():
    """Where a server's data are quick to write: /dev/shm if it is large, as it is not in every container."""
    with contextlib.suppress(OSError):
        space = os.statvfs("/dev/shm")
        if space.f_bavail * space.f_frsize > 6 << 30:
            return "/dev/shm"
    return None


def private_folder(prefix, base=None):
    """A new folder that the servers' user owns. Removed at exit."""
    folder = Path(tempfile.mkdtemp(prefix=f"ddlguard-{prefix}-", dir=base))
    give_to_user(folder)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def give_to_user(path):
    user = ordinary_user()
    if user:
        os.chown(path, user["user"], user["group"])


def free_port():
    """A port that nobody listens on. Below those that the kernel gives to outgoing connections, so that it is
    still free when the server starts, and when it starts again."""
    while True:
        port = random.randrange(10000, 32000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def postgres_folder():
    """The programs of the PostgreSQL to be tested with: DDLGUARD_PGBIN, else the newest that is installed."""
    return Path(os.environ.get("DDLGUARD_PGBIN") or installed_folder())


def postgres_program(name):
    """Where that program is. What comes as a server alone has no psql, pgbench …: the installed ones speak to
    servers of other versions, too."""
    own = postgres_folder() / name
    return own if own.exists() else installed_folder() / name


def installed_folder():
    found = glob.glob("/usr/lib/postgresql/*/bin/initdb")
    if not found:
        raise SystemExit("no PostgreSQL under /usr/lib/postgresql: run `make deps`")
    return Path(max(found, key=lambda path: int(path.split("/")[4]))).parent


def wait_for(condition, seconds, what):
    """Polls until condition() is true and returns its value; TimeoutError names what did not come."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


class Process:
    """One child with its output gathered line by line. Stopped by pid, at the latest at exit; a Ctrl-C of the
    terminal is for us, who then stop it in order, and not for the child's process group."""

    def __init__(self, command, name, **popen):
        self.name = name
        self.lines = []
        self.popen = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      text=True, errors="replace", process_group=0,
                                      **ordinary_user(), **popen)
        self.pid = self.popen.pid
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        atexit.register(self.stop)

    def _read(self):
        for line in self.popen.stdout:
            self.lines.append(line.rstrip("\n"))

    def log(self):
        return "\n".join(self.lines)

    def is_running(self):
        return self.popen.poll() is None

    def stop(self, signals=(signal.SIGTERM, signal.SIGINT, signal.SIGKILL), seconds=10):
        """Ends the process, gently first. Returns its exit code."""
        for number in signals:
            if not self.is_running():
                break
            self.popen.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(seconds)
        self.reader.join(5)
        return self.popen.returncode


class Postgres:
    """A throw-away PostgreSQL: fsync off, trust for `postgres`, one role per kind of password."""

    ROLES = {"with_password": "password", "with_md5": "md5", "with_scram": "scram-sha-256"}
    SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off",
                "max_connections": "200", "max_prepared_transactions": "10",
                "wal_level": "logical", "log_statement": "all", "deadlock_timeout": "100ms",
                "log_line_prefix": "'%m [%p] %d '", "autovacuum": "off",
                "shared_buffers": "128MB", "max_wal_size": "4GB", "log_lock_waits": "on"}

    def __init__(self, settings=None, locale="C.UTF-8", base=None):
        self.folder = private_folder("postgres", base or memory_folder())
        self.data = self.folder / "data"
        self.host, self.port, self.user = "127.0.0.1", free_port(), "postgres"
        self.run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                 f"--locale={locale}", "--no-sync")
        self._configure(settings or {})
        self.process = None
        self.start()
        for role, method in self.ROLES.items():
            encryption = "md5" if method == "md5" else "scram-sha-256"
            self.psql(f"set password_encryption = '{encryption}'; "
                      f"create role {role} login password 'correct horse'")

    def _configure(self, settings):
        settings = {**self.SETTINGS, "listen_addresses": "'127.0.0.1'", "port": self.port,
                    "unix_socket_directories": f"'{self.folder}'", **settings}
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as out:
            out.writelines(f"{key} = {value}\n" for key, value in settings.items())
        rules = "".join(f"{kind} all {role} {address} {method}\n"
                        for role, method in self.ROLES.items()
                        for kind, address in (("local", ""), ("host", "127.0.0.1/32")))
        trust = "".join(f"local {name} all trust\nhost {name} all 127.0.0.1/32 trust\n"
                        for name in ("all", "replication"))
        (self.data / "pg_hba.conf").write_text(rules + trust, encoding="utf-8")

    def run(self, program, *words, **options):
        """One of PostgreSQL's programs to its end; its output. RuntimeError when it fails. If we are interrupted
        it is told to end, as it would leave shared memory behind if it were killed."""
        with subprocess.Popen(as_ordinary_user([postgres_program(program), *words]), text=True, cwd="/",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0,
                              **options) as child:
            try:
                out, err = child.communicate(timeout=120)
            except BaseException:
                child.terminate()
                child.wait(10)
                raise
        if child.returncode != 0:
            raise RuntimeError(f"{program} failed: {err or out}")
        return out

    def start(self):
        self.process = Process([postgres_program("postgres"), "-D", self.data], "postgres", cwd="/")
        ready = [str(postgres_program("pg_isready")), "-q", "-h", self.host, "-p", str(self.port)]
        wait_for(lambda: subprocess.run(ready, check=False).returncode == 0, 30,
                 f"PostgreSQL on port {self.port}; its log:\n{self.process.log()}")

    def psql(self, sql, database="postgres"):
        return self.run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", self.host, "-p", self.port,
                        "-U", "postgres", "-d", database, "-c", sql).rstrip("\n")

    def stop(self):
        """Immediate: the data are thrown away."""
        if self.process:
            self.process.stop(signals=(signal.SIGQUIT, signal.SIGKILL))
        shutil.rmtree(self.folder, ignore_errors=True)


def as_yaml(value, indent=0):
    """Nested dicts, lists and scalars as YAML; a JSON scalar is a YAML scalar."""
    pad = "  " * indent
    if isinstance(value, dict):
        return "".join(f"{pad}{key}: {json.dumps(item)}\n" if not isinstance(item, (dict, list))
                       else f"{pad}{key}: {as_flow(item)}\n" for key, item in value.items())
    raise TypeError(f"a configuration is a mapping, not {type(value).__name__}")


def as_flow(value):
    """The same in one line: {a: 1, b: [x, y]}."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {as_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(as_flow(item) for item in value) + "]"
    return json.dumps(value)


class Proxy:
    """One `ddlguard run` in front of a server, with its configuration and ledger in a private folder."""

    def __init__(self, server, program=PROGRAM, base=None, folder=None, upstream=None, **config):
        if not Path(program).exists():
            raise RuntimeError(f"{program} does not exist: run `make`")
        self.folder = folder or private_folder("proxy", base)
        self.program = self.folder / "ddlguard"
        if not self.program.exists():
            shutil.copy2(program, self.program)
            self.program.chmod(0o755)
        self.ledger_path = self.folder / "ledger.db"
        self.config_path = self.folder / "ddlguard.yaml"
        upstream = upstream or {"database": "*", "host": server.host, "port": server.port}
        self.config = {"listen": ["127.0.0.1:0"], "upstreams": [upstream], "workers": 2,
                       **config,
                       "ledger": {**config.get("ledger", {}), "path": str(self.ledger_path)}}
        self.config_path.write_text(as_yaml(self.config), encoding="utf-8")
        self.config_path.chmod(0o644)
        self.host, self.user = "127.0.0.1", "postgres"
        self.port, self.process = None, None
        self.start()

    def start(self, seconds=20):
        # SIGXFSZ ignored, as a service manager may do: a full disk is then an error, not a death.
        self.process = Process([self.program, "run", "--config", self.config_path], "ddlguard",
                               cwd="/",
                               preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN))
        expected = len(self.config["listen"])
        try:
            wait_for(lambda: len(self.listening()) >= expected or not self.process.is_running(),
                     seconds, "`listening on`")
        except TimeoutError as late:
            raise RuntimeError(f"{late}; the proxy's log:\n{self.process.log()}") from late
        if not self.process.is_running():
            raise RuntimeError(f"the proxy ended at once; its log:\n{self.process.log()}")
        ports = [re.search(r":(\d+)$", line) for line in self.listening()]
        self.port = next((int(port[1]) for port in ports if port), None)

    def listening(self):
        """The addresses of the `listening on` lines, in their order."""
        found = (re.search(r"listening on (\S+)", line) for line in list(self.process.lines))
        return [match[1] for match in found if match]

    def stop(self):
        return self.process.stop() if self.process else None

    def kill(self):
        self.process.stop(signals=(signal.SIGKILL,))

    def command(self, *words):
        """Another of the program's subcommands to its end."""
        return subprocess.run(as_ordinary_user([self.program, *words]), text=True, capture_output=True,
                              timeout=30, cwd="/", check=False)

    def ledger(self, **equal):
        """`ledger list --json`, oldest first; only changes whose fields equal those given."""
        words = ["--database", equal["database"]] if "database" in equal else []
        done = self.command("ledger", "list", "--json", "--limit", "0",
                            "--config", str(self.config_path), *words)
        if done.returncode != 0:
            raise RuntimeError(f"ledger list failed: {done.stderr}")
        newest_first = [json.loads(line) for line in done.stdout.splitlines()]
        return [change for change in reversed(newest_first)
                if all(change.get(key) == value for key, value in equal.items())]

    def fill_disk(self):
        """From now on no file of the proxy's grows, as on a full disk."""
        self._limit("--fsize=4096:")

    def empty_disk(self):
        self._limit("--fsize=unlimited:")

    def limit_files(self, more):
        """The proxy may open only so many more files (sockets) than it has open now."""
        used = len(os.listdir(f"/proc/{self.process.pid}/fd"))
        self._limit(f"--nofile={used + more}:")

    def _limit(self, word):
        """As the proxy's own user: in a container root may not do it to others."""
        subprocess.run(["prlimit", "--pid", str(self.process.pid), word], check=True,
                       **ordinary_user())
