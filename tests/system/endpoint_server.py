#!/usr/bin/python3
"""An HTTP server that answers exactly as its path says, to the byte and to the tenth of a second.

usage: endpoint_server.py PORT [CERTIFICATE KEY]

  /status/404              that status
  /late/2.1                the status line after so many seconds
  /late-body/2.1           the status line at once, a body with NEEDLE after so many seconds
  /needle/5120             a body in which NEEDLE ends at that byte
  /needle/5120/gzip        the same, compressed (or deflate)
  /needle/5120/lower       the same, in lower case
  /needle-and-status/404   NEEDLE in a body of that status
  /header/16384            a header of so many bytes in all
  /loop                    a redirect to itself
  /cycle/ffs/any           503, 503, 200 and again, request after request for this path
Each request is logged: its time, its Host, its SNI name and its path.
"""
import gzip
import os
import socket
import ssl
import sys
import threading
import time
import zlib

PORT, NEEDLE = int(sys.argv[1]), b"NEEDLE"


def log(line):
    os.write(1, line.encode() + b"\n")  # in one piece: there are many threads


def response(status, body=b"", extra=b""):
    return (b"HTTP/1.1 %d Word\r\nContent-Length: %d\r\nConnection: close\r\n%s\r\n" %
            (status, len(body), extra)) + body


def with_needle(parts):
    """parts: the byte NEEDLE ends at, and how it is changed."""
    body = b"." * (int(parts[0]) - len(NEEDLE)) + NEEDLE + b"." * 100
    change = parts[1] if len(parts) > 1 else ""
    if change == "lower":
        body = body.lower()
    if change == "gzip":
        return response(200, gzip.compress(body), b"Content-Encoding: gzip\r\n")
    if change == "deflate":
        return response(200, zlib.compress(body), b"Content-Encoding: deflate\r\n")
    return response(200, body)


def answer(connection, path):
    kind, *parts = path.lstrip("/").split("/")
    if kind == "late":
        time.sleep(float(parts[0]))
        connection.sendall(response(200))
    elif kind == "late-body":
        whole = response(200, NEEDLE)
        connection.sendall(whole[:-len(NEEDLE)])
        time.sleep(float(parts[0]))
        connection.sendall(NEEDLE)
    elif kind == "needle":
        connection.sendall(with_needle(parts))
    elif kind == "needle-and-status":
        connection.sendall(response(int(parts[0]), NEEDLE))
    elif kind == "header":
        plain = response(200)
        filler = int(parts[0]) - len(plain) - len(b"X: \r\n")
        connection.sendall(response(200, b"", b"X: " + b"x" * filler + b"\r\n"))
    elif kind == "cycle":
        with cycles_lock:
            turn = cycles[path] = cycles.get(path, -1) + 1
        connection.sendall(response(200 if parts[0][turn % len(parts[0])] == "s" else 503))
    elif kind == "loop":
        connection.sendall(response(302, b"", b"Location: /loop\r\n"))
    else:
        connection.sendall(response(int(parts[0]) if parts else 200))


def serve(connection):
    name = "-"
    try:
        connection.settimeout(20)
        if context:
            connection = context.wrap_socket(connection, server_side=True)
            name = connection.name_asked
        request = b""
        while b"\r\n\r\n" not in request:
            piece = connection.recv(4096)
            if not piece:
                return
            request += piece
        lines = request.decode("ascii").split("\r\n")
        host = next((line[6:] for line in lines if line.lower().startswith("host: ")), "-")
        path = lines[0].split(" ")[1]
        log(f"{time.monotonic():.3f} {host} {name} {path}")
        answer(connection, path)
    except (OSError, ssl.SSLError) as error:
        log(f"ended: {error}")
    finally:
        connection.close()


def note_name(connection, name, _):
    """Of this connection alone: many shake hands at a time."""
    connection.name_asked = name


cycles, cycles_lock = {}, threading.Lock()  # path: how often it was asked for
context = None
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    context.sni_callback = note_name
listener = socket.create_server(("0.0.0.0", PORT), backlog=512)
log("ready")
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
