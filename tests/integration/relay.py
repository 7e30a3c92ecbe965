"""A relay between a proxy and its server that can stop one exchange: what a test does then happens in that step of a
plan, and in no other. An exchange is what the proxy sends up to a Query, Sync or Flush, and its answer.

    proxy  --->  [ BEFORE ]  --->  server        stopped before it reaches the server
           --->  [ INSIDE ]  --->                on its way there: the server begins
           <---  [ AFTER  ]  <---                done, but the proxy has not heard of it

It changes no byte. Connections are counted together: a proxy that is stepped through has one client.
"""
import contextlib
import re
import socket
import struct
import threading

BEFORE, INSIDE, AFTER = "before", "inside", "after"
ENDS_EXCHANGE = b"QSH"
SSL_REQUEST, CANCEL_REQUEST = 80877103, 80877102


class Relay:
    """host and port are what the proxy takes for its server's."""

    def __init__(self, server):
        self.server, self.host = server, "127.0.0.1"
        self.listener = socket.create_server((self.host, 0))
        self.port = self.listener.getsockname()[1]
        self.may_go, self.reached = threading.Event(), threading.Event()
        self.stop_at, self.moment, self.seen = None, None, 0
        self.text = ""
        self.may_go.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def __str__(self):
        return f"{self.moment} exchange {self.text}"

    def close(self):
        self.release()
        self.listener.close()

    def stop(self, number, moment):
        """From now on exchanges are counted from 0; that one, or the first with these words, is stopped there."""
        self.reached.clear()
        self.may_go.clear()
        self.seen, self.moment, self.stop_at, self.text = 0, moment, number, ""

    def release(self):
        """Lets everything pass."""
        self.stop_at = None
        self.may_go.set()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        server = socket.create_connection((self.server.host, self.server.port))
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answers = threading.Thread(target=self._answers, args=(server, client), daemon=True)
        answers.start()
        with contextlib.suppress(OSError, EOFError):
            self._requests(client, server)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_WR)
        answers.join()
        client.close()
        server.close()

    def _answers(self, server, client):
        with contextlib.suppress(OSError):
            while data := server.recv(1 << 16):
                if self.moment == AFTER and self.reached.is_set():
                    self.may_go.wait()
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)

    def _requests(self, client, server):
        while self._startup(client, server) == SSL_REQUEST:
            pass
        while True:
            exchange = b""
            while not exchange or kind not in ENDS_EXCHANGE:
                kind, frame = read_frame(client)
                exchange += frame
                if kind in b"Xp":       # nothing is answered, or it is still the login
                    break
            self._pass(exchange, server)

    def _startup(self, client, server):
        length = receive(client, 4)
        body = receive(client, struct.unpack("!i", length)[0] - 4)
        server.sendall(length + body)
        code = struct.unpack("!i", body[:4])[0]
        if code == CANCEL_REQUEST:
            raise EOFError
        return code

    def _pass(self, exchange, server):
        here = self.stop_at in exchange.decode(errors="replace") if isinstance(self.stop_at, str) \
            else self.stop_at == self.seen
        self.seen += 1
        if here:
            self.text = f"{self.seen - 1}: {readable(exchange)}"
            self.stop_at = None
        if here and self.moment == BEFORE:
            self.reached.set()
            self.may_go.wait()
        if here and self.moment == AFTER:
            self.reached.set()
        server.sendall(exchange)
        if here and self.moment == INSIDE:
            self.reached.set()


def receive(peer, count):
    data = b""
    while len(data) < count:
        more = peer.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def read_frame(peer):
    head = receive(peer, 5)
    return head[:1], head + receive(peer, struct.unpack("!i", head[1:])[0] - 4)


def readable(exchange):
    """The statement of an exchange, for messages about it."""
    return " ".join(re.findall(r"[ -~\n]{12,}", exchange.decode(errors="replace")))[:200]
