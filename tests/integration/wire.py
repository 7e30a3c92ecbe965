"""A client that speaks the wire protocol byte by byte: for tests of what drivers would hide.

Messages are (type, body) pairs of bytes. It never retries, never guesses and never sends what it was not told.
"""
import contextlib
import socket
import struct

PROTOCOL_3_0 = 196608
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
GSSENC_REQUEST = struct.pack("!ii", 8, 80877104)


def text(value):
    return (value if isinstance(value, bytes) else value.encode()) + b"\0"


def message(kind, body=b""):
    return kind + struct.pack("!i", len(body) + 4) + body


def startup(version=PROTOCOL_3_0, **parameters):
    body = struct.pack("!i", version)
    body += b"".join(text(key) + text(value) for key, value in parameters.items()) + b"\0"
    return struct.pack("!i", len(body) + 4) + body


def query(sql):
    return message(b"Q", text(sql))


def parse(sql, name="", types=()):
    return message(b"P", text(name) + text(sql) + struct.pack(f"!h{len(types)}i", len(types), *types))


def bind(statement="", portal="", values=()):
    fields = b"".join(struct.pack("!i", -1) if value is None else
                      struct.pack("!i", len(value)) + value for value in values)
    return message(b"B", text(portal) + text(statement) + struct.pack("!hh", 0, len(values)) + fields +
                   struct.pack("!h", 0))


def describe(kind, name=""):
    return message(b"D", kind + text(name))


def execute(portal="", rows=0):
    return message(b"E", text(portal) + struct.pack("!i", rows))


def close(kind, name=""):
    return message(b"C", kind + text(name))


def extended(sql):
    """One statement in the extended protocol, without its Sync."""
    return parse(sql) + bind() + describe(b"P") + execute()


SYNC, FLUSH, TERMINATE = message(b"S"), message(b"H"), message(b"X")
COPY_DONE = message(b"c")


def copy_data(data):
    return message(b"d", data)


def copy_fail(why):
    return message(b"f", text(why))


def cancel(pid, key):
    return struct.pack("!ii", 12 + len(key), 80877102) + struct.pack("!i", pid) + key


def fields(body):
    """The fields of an ErrorResponse or NoticeResponse: {b'C': b'42601', ...}."""
    return {part[:1].decode(): part[1:].decode(errors="replace")
            for part in body.split(b"\0") if part}


class Wire:
    """One connection. Logged in unless parameters are None."""

    def __init__(self, leg, parameters=None, seconds=20):
        if leg.host.startswith("/"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(seconds)
            self.socket.connect(f"{leg.host}/.s.PGSQL.{leg.port}")
        else:
            self.socket = socket.create_connection((leg.host, leg.port), seconds)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.pid, self.key = 0, b""
        self.greeting = []
        if parameters is not None:
            self.send(startup(**parameters))
            self.greeting = self.read_until_ready()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data, cut=None):
        """Sends the bytes, `cut` of them at a time."""
        for at in range(0, len(data), cut or len(data) or 1):
            self.socket.sendall(data[at:at + (cut or len(data))])

    def _receive(self, count):
        while len(self.buffer) < count:
            data = self.socket.recv(1 << 16)
            if not data:
                raise EOFError(f"closed with {len(self.buffer)} bytes of a message")
            self.buffer += data
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def read(self):
        """The next message. EOFError when the other side has closed."""
        kind, length = struct.unpack("!ci", self._receive(5))
        body = self._receive(length - 4)
        if kind == b"K":
            self.pid, self.key = struct.unpack("!i", body[:4])[0], body[4:]
        return kind, body

    def read_until(self, kinds, count=1):
        """Messages up to the count-th whose type is among `kinds`, or up to the end of the stream."""
        seen = []
        with contextlib.suppress(EOFError):
            while count:
                seen.append(self.read())
                count -= seen[-1][0] in kinds
        return seen

    def read_until_ready(self, count=1):
        return self.read_until([b"Z"], count)

    def read_all(self):
        """Everything up to the end of the stream."""
        return self.read_until([])

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)


def kinds(messages):
    """The types as one string: 'TDCZ'."""
    return "".join(kind.decode() for kind, _ in messages)


def masked(messages):
    """The messages with what differs from session to session blanked: process id and cancel key."""
    return [(kind, b"" if kind == b"K" else body[4:] if kind == b"A" else body)
            for kind, body in messages]


def errors(messages):
    """The SQLSTATEs of the errors among the messages."""
    return [fields(body)["C"] for kind, body in messages if kind == b"E"]
