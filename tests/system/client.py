"""A resolver's side: DNS over UDP and TCP from a client host, and a watcher that never stops asking."""
import select
import socket
import struct
import threading
import time

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype


def addresses(message):
    """The A and AAAA data of the answer section, sorted."""
    return sorted(record.address for records in message.answer
                  if records.rdtype in (dns.rdatatype.A, dns.rdatatype.AAAA)
                  for record in records)


class Client:
    def __init__(self, host, server4, server6=None, port=53):
        self.host, self.server4, self.server6, self.port = host, server4, server6, port

    def _where(self, family):
        return (socket.AF_INET6, self.server6) if family == 6 else (socket.AF_INET, self.server4)

    def ask(self, query, family=4, timeout_s=3):
        """One query over UDP; the answer is checked to belong to it. Raises dns.exception.Timeout."""
        kind, server = self._where(family)
        with self.host.socket(kind) as sock:
            sock.setblocking(False)
            return dns.query.udp(query, server, timeout_s, self.port, sock=sock,
                                 ignore_unexpected=True)

    def answer(self, name, rdtype="A", family=4, **options):
        return self.ask(dns.message.make_query(name, rdtype, **options), family)

    def lookup(self, name, rdtype="A", family=4):
        return addresses(self.answer(name, rdtype, family))

    def outcome(self, name):
        """The rcode's word, and the addresses."""
        message = self.answer(name)
        return dns.rcode.to_text(message.rcode()), addresses(message)

    def lookup_once(self, name, timeout_s):
        """A lookup that does not wait long: [] when there is no answer in time."""
        try:
            return addresses(self.ask(dns.message.make_query(name, "A"), timeout_s=timeout_s))
        except dns.exception.Timeout:
            return []

    def stream(self, family=4, timeout_s=3):
        """A TCP connection to the server."""
        kind, server = self._where(family)
        sock = self.host.socket(kind, socket.SOCK_STREAM)
        sock.settimeout(timeout_s)
        sock.connect((server, self.port))
        return sock

    def ask_tcp(self, query, family=4, timeout_s=3):
        with self.stream(family, timeout_s) as sock:
            sock.setblocking(False)
            return dns.query.tcp(query, None, timeout_s, sock=sock)

    def send_bytes(self, payload, family=4, timeout_s=3):
        """Any bytes as one datagram; what comes back, or None when nothing does."""
        kind, server = self._where(family)
        with self.host.socket(kind) as sock:
            sock.settimeout(timeout_s)
            sock.sendto(payload, (server, self.port))
            try:
                return sock.recv(65535)
            except TimeoutError:
                return None


class Watcher:
    """Asks for one name at a steady rate from a thread of its own and keeps every answer.

    Each exchange is (sent, received, addresses) in time.monotonic() seconds; received is None when
    no answer came within timeout_s.
    """

    def __init__(self, client, name, rate_hz=500, timeout_s=2):
        self._wire = bytearray(dns.message.make_query(name, "A").to_wire())
        self._sock = client.host.socket()
        self._sock.setblocking(False)
        self._sock.connect((client.server4, client.port))
        self._period_s, self._timeout_s = 1 / rate_hz, timeout_s
        self._pending, self.exchanges, self.errors = {}, [], []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        self._thread.join()
        self._sock.close()
        self.exchanges += [(sent, None, None) for sent in self._pending.values()]
        self.exchanges.sort(key=lambda exchange: exchange[0])

    def lost(self):
        return [exchange for exchange in self.exchanges if exchange[1] is None]

    def answers(self):
        """Every distinct answer seen."""
        return {exchange[2] for exchange in self.exchanges if exchange[1] is not None}

    def _run(self):
        number, due = 0, time.monotonic()
        drain_until = None
        while drain_until is None or (self._pending and time.monotonic() < drain_until):
            now = time.monotonic()
            if self._ending.is_set() and drain_until is None:
                drain_until = now + self._timeout_s
            if drain_until is None and now >= due:
                number = (number + 1) % 65536
                self._send(number, now)
                due = max(due + self._period_s, now - 0.1)
            wait_s = 0.01 if drain_until else max(0, due - time.monotonic())
            if select.select([self._sock], [], [], wait_s)[0]:
                self._receive()

    def _send(self, number, now):
        struct.pack_into(">H", self._wire, 0, number)
        if number in self._pending:  # 65536 queries ago, and never answered
            self.exchanges.append((self._pending.pop(number), None, None))
        try:
            self._sock.send(self._wire)
            self._pending[number] = now
        except OSError as error:
            self.errors.append(error)

    def _receive(self):
        try:
            wire = self._sock.recv(65535)
        except OSError as error:
            self.errors.append(error)
            return
        now = time.monotonic()
        message = dns.message.from_wire(wire)
        sent = self._pending.pop(message.id, None)
        if sent is None:
            self.errors.append(f"an answer nobody asked for: {message}")
            return
        seen = tuple(addresses(message)) or (dns.rcode.to_text(message.rcode()),)
        self.exchanges.append((sent, now, seen))
