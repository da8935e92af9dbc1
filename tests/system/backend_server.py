#!/usr/bin/python3
"""A real HTTP or HTTPS server: the thing whose health decides. Answers 200 with its own name.

usage: backend_server.py NAME PORT BEHAVIOUR_FILE [CERTIFICATE KEY]

BEHAVIOUR_FILE is read at every request: "" answers 200, "503" that status, "hang" never.
"""
import http.server
import socket
import ssl
import sys
import time

NAME, PORT, BEHAVIOUR = sys.argv[1], int(sys.argv[2]), sys.argv[3]


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(BEHAVIOUR, encoding="ascii") as file:
            behaviour = file.read().strip()
        if behaviour == "hang":
            time.sleep(3600)
        page = f"hello from {NAME}\n".encode()
        self.send_response(int(behaviour or 200))
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format, *args):
        host = self.headers.get("Host", "-") if hasattr(self, "headers") else "-"
        print(self.client_address[0], host, format % args, flush=True)


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6  # both families
    daemon_threads = True


server = Server(("::", PORT), Page)
if len(sys.argv) > 4:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[4], sys.argv[5])
    context.sni_callback = lambda _, name, __: print("SNI", name, flush=True)
    server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
