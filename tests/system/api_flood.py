"""Hostile clients of the API, all at once, until it is told to end (its standard input closes).

Usage: api_flood.py ADDRESS PORT       prints "flooding" when it has begun, and its counts at the end
"""
import collections
import json
import select
import socket
import ssl
import sys
import threading

ADDRESS = (sys.argv[1], int(sys.argv[2]))
HELD = 1500  # connections that are opened and kept, silent
counts = collections.Counter()
ended = threading.Event()


def connect():
    return socket.create_connection(ADDRESS, timeout=2)


def secure(sock):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(sock)


def hold():
    """Thousands of connections that never say anything; those that were closed are opened anew."""
    held = collections.deque()
    while not ended.is_set():
        held.append(connect())
        counts["held"] += 1
        if len(held) > HELD:
            held.popleft().close()


def half_handshakes():
    """A ClientHello's first octets, then nothing; or garbage."""
    for number in range(1 << 30):
        if ended.is_set():
            return
        with connect() as sock:
            sock.sendall(b"\x16\x03\x01\x02\x00\x01" if number % 2 else b"\x16" * 4000)
            select.select([sock], [], [], 0.05)
            counts["half handshakes"] += 1


def slow_headers():
    """TLS, and then a header that never ends."""
    while not ended.is_set():
        with secure(connect()) as sock:
            sock.sendall(b"GET /v1/status HTTP/1.1\r\n")
            for _ in range(20):
                sock.sendall(b"X-Slow: 1\r\n")
                if ended.wait(0.01):
                    return
            counts["slow headers"] += 1


def huge_headers():
    while not ended.is_set():
        with secure(connect()) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000)
            counts["huge headers"] += 1


def guesses():
    """Whole requests with a wrong token, half of them from a socket that is closed for sending."""
    while not ended.is_set():
        with secure(connect()) as sock:
            sock.sendall(b"POST /v1/reload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer guess\r\n"
                         b"Content-Length: 60000\r\n\r\n")
            sock.recv(100)
            counts["guesses"] += 1


def again_and_again(attack):
    while not ended.is_set():
        try:
            attack()
        except OSError:  # closed on us, or no port free: what a flood must expect
            counts["turned away"] += 1


def main():
    threads = [threading.Thread(target=again_and_again, args=(attack,), daemon=True)
               for attack in (hold, half_handshakes, slow_headers, huge_headers, guesses)]
    for thread in threads:
        thread.start()
    print("flooding", flush=True)
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join(5)
    print(json.dumps(counts), flush=True)


main()
