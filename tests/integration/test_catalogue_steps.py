"""The forms of the catalogue, interrupted in every step of their plans: by a cancel, or because the client is gone.
Afterwards the whole change is there or nothing of it, and both the client and the ledger say which."""
import itertools
import os
import threading
import time

import pytest

import schema
import servers
from catalogue import SAMPLE
from conftest import TIMEOUTS, check_proxy, outcome
from relay import AFTER, BEFORE, INSIDE, Relay
from wire import Wire, query

pytest_plugins = ["twins"]

MOMENTS = (BEFORE, INSIDE, AFTER)
MADE, NOT_MADE = ("committed", "no_op"), ("failed", None)     # what the ledger says then
FEW_BATCHES = {"batch": 50000, "pause": "0"}
DEAD_STEPS = 5              # a column that was filled and taken back leaves as many dead rows
NOTICE_SECONDS = 0.05       # until the proxy has seen that its client is gone

# `make check-all` interrupts each step at all three moments.
rows_and_moments = pytest.mark.parametrize(
    "row, moments",
    [(row, moments) for place, row in enumerate(SAMPLE) if row.whole
     for moments in ([[moment] for moment in MOMENTS] if "DDLGUARD_ALL" in os.environ else
                     [MOMENTS[place % 3:] + MOMENTS[:place % 3]])],
    ids=lambda value: getattr(value, "name", None) or "-".join(value))


@pytest.fixture(scope="session")
def shared_relay(server):
    made = Relay(server)
    yield made
    made.close()


@pytest.fixture
def relay(shared_relay):
    yield shared_relay
    shared_relay.release()      # a test that failed may have stopped it


@pytest.fixture(scope="session")
def stepped(server, shared_relay):
    proxy = servers.Proxy(server, upstream={"database": "*", "host": shared_relay.host, "port": shared_relay.port},
                          timeouts=TIMEOUTS, backfill=FEW_BATCHES)
    yield proxy
    check_proxy(proxy)
    proxy.stop()


class Trial:
    """A row's tables, and what they are before the change and after it."""

    def __init__(self, row, twin, proxy):
        self.twin, self.proxy = twin, proxy
        plain, untouched = twin(row, "plain"), twin(row, "stepped")
        assert not isinstance(outcome(plain, row.sql), tuple)
        self.after, self.before = look(plain), look(untouched)
        self.untouched = untouched.info.dbname
        untouched.close()
        self.renew()

    def renew(self):
        """Tables that the change has not been made to."""
        self.safe, self.known = self.twin.copy(self.untouched), 0
        self.database = self.safe.info.dbname

    def check(self, made, where):
        """The whole change is there, or nothing of it."""
        assert look(self.safe) == (self.after if made else self.before), where

    def ledger_says(self):
        """The state of the change that was tried last; None: it was given up before it was written down."""
        changes = self.proxy.ledger(database=self.database)
        assert len(changes) - self.known in (0, 1)
        new, self.known = changes[self.known:], len(changes)
        return new[0]["state"] if new else None


def look(connection):
    return schema.parts(connection), schema.half_done(connection)


@pytest.fixture
def trial(twin, row, stepped):
    return Trial(row, twin, stepped)


class Running(threading.Thread):
    """A statement on its way in a thread of its own; `answer` is the tag or the error."""

    def __init__(self, connection, sql):
        super().__init__(daemon=True)
        self.connection, self.sql, self.answer = connection, sql, None
        self.start()

    def run(self):
        self.answer = outcome(self.connection, self.sql)


def reaches(relay, is_over):
    """Waits until the exchange has been stopped (true), or all is over without it."""
    servers.wait_for(lambda: relay.reached.is_set() or is_over(), 20, "the step or the end")
    return relay.reached.is_set()


@rows_and_moments
def test_cancel_in_every_step(row, moments, trial, stepped, relay, connect):
    for step in itertools.count():
        client = connect(leg=stepped, dbname=trial.database)
        relay.stop(step, moments[step % len(moments)])
        running = Running(client, row.sql)
        stopped = reaches(relay, lambda: not running.is_alive())
        if stopped:
            client.cancel()
        relay.release()
        running.join(20)
        where = f"{relay}: {running.answer}"
        made, said = not isinstance(running.answer, tuple), trial.ledger_says()
        trial.check(made, where)
        assert said in (MADE if made else NOT_MADE), where
        assert made or running.answer[0] == "57014", where
        assert client.execute("show lock_timeout").fetchone() == ("0",), where
        client.close()
        if not stopped:
            break
        if made or step % DEAD_STEPS == DEAD_STEPS - 1:
            trial.renew()
    assert made and step > 0


@rows_and_moments
def test_client_gone_in_every_step(row, moments, trial, stepped, relay):
    for step in itertools.count():
        client = Wire(stepped, {"user": "postgres", "database": trial.database})
        client.socket.settimeout(0.02)
        ended = count_ends(stepped)
        relay.stop(step, moments[step % len(moments)])
        client.send(query(row.sql))
        stopped = reaches(relay, lambda: is_answered(client))
        client.socket.close()
        time.sleep(NOTICE_SECONDS)
        relay.release()
        servers.wait_for(lambda: count_ends(stepped) > ended, 30, f"the end of the session: {relay}")
        said = trial.ledger_says()
        assert said in MADE + NOT_MADE, relay
        trial.check(said in MADE, f"{relay}: {said}")
        if not stopped:
            break
        if said in MADE or step % DEAD_STEPS == DEAD_STEPS - 1:
            trial.renew()
    assert said in MADE and step > 0


def count_ends(proxy):
    return sum("event=session_end" in line for line in list(proxy.process.lines))


def is_answered(client):
    try:
        return client.read_until_ready() != []
    except TimeoutError:
        return False
