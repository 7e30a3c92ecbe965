"""An application: threads that read and write by statements of their own all the time and remember how long the
longest wait was, which statement waited, and every error. It never retries and never rests for long."""
import contextlib
import threading
import time

import psycopg

PAUSE_SECONDS = 0.01


class Application:
    """One thread and connection for each statement. In a statement %(n)s goes round 1 … `rows`, and %(new)s is a
    number that no other statement gets, above all of those."""

    def __init__(self, connect, statements, rows):
        self.rows, self.errors, self.counts = rows, [], [0] * len(statements)
        self.longest, self.slowest = 0.0, None
        self.done, self.pids = threading.Event(), []
        self.threads = []
        for place, sql in enumerate(statements):
            connection = connect()
            self.pids.append(connection.info.backend_pid)
            self.threads.append(threading.Thread(target=self._work, args=(connection, sql, place),
                                                 daemon=True))
        for thread in self.threads:
            thread.start()

    def _work(self, connection, sql, place):
        stride = len(self.counts)
        try:
            with connection:
                while not self.done.is_set():
                    count = self.counts[place]
                    values = {"n": count * 7919 % self.rows + 1,
                              "new": 100_000_000 + count * stride + place}
                    start = time.monotonic()
                    connection.execute(sql, values)
                    self._remember(time.monotonic() - start, sql)
                    self.counts[place] = count + 1
                    time.sleep(PAUSE_SECONDS)
        except psycopg.Error as error:
            self.errors.append(f"{sql}: {error}")

    def _remember(self, seconds, sql):
        if seconds > self.longest:
            self.longest, self.slowest = seconds, sql

    def wait_until_busy(self, seconds=20):
        """Until each statement has run some times more: plans are cached and pages are read."""
        goal = [count + 10 for count in self.counts]
        deadline = time.monotonic() + seconds
        while any(count < want for count, want in zip(self.counts, goal)):
            if self.errors or time.monotonic() > deadline:
                raise RuntimeError(f"the application does not run: {self.errors or self.counts}")
            time.sleep(0.01)

    def reset(self):
        """Forgets the waits so far."""
        self.longest, self.slowest = 0.0, None

    def stop(self):
        """Ends the threads. The longest wait in seconds."""
        self.done.set()
        for thread in self.threads:
            thread.join(60)
        return self.longest


@contextlib.contextmanager
def application_of(connect, leg, sql):
    """An application that runs this all the time in schema `safe`; gives it, stopped in the end."""
    made = Application(lambda: connect(leg=leg, options="-c search_path=safe"), [sql], 1)
    try:
        yield made
    finally:
        made.stop()
