"""Understudy, Knot DNS and NSD on loopback ports, each serving the same zones; Understudy over AF_XDP, too."""
import contextlib
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import time

import dns.message
import network

HOST = "127.0.0.1"
CLIENT, SERVICE = "198.18.53.1", "198.18.53.53"  # RFC 2544
SIMD_WIDTHS = (64, 256, 512)


def free_port():
    """One that is free for UDP and TCP, now."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((HOST, 0))
            port = tcp.getsockname()[1]
            try:
                udp.bind((HOST, port))
                return port
            except OSError:
                continue


class Server:
    """A process that answers. Answers come as bytes, or None after a second."""

    name = ""

    def __init__(self, folder):
        self.folder = folder / self.name
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.processes = []
        self.udp = socket.socket(type=socket.SOCK_DGRAM)
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.udp.connect((HOST, self.port))
        self.tcp = None

    def start(self, *command, host=None):
        log = open(self.folder / f"{pathlib.Path(command[0]).name}.log", "wb")
        command = host.command(*command) if host else [str(part) for part in command]
        self.processes.append(subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL,
                                               stdout=log, stderr=log))
        return self.processes[-1]

    def end(self, process):
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self.processes.remove(process)

    def logs(self):
        return "\n".join(log.read_text(errors="replace")[-3000:] for log in self.folder.glob("*.log"))

    def require_alive(self):
        """A judge that died in the middle would agree with everything."""
        if any(process.poll() is not None for process in self.processes):
            raise RuntimeError(f"{self.name} ended while it was asked:\n{self.logs()}")

    def wait_until_it_answers(self, zones, within_s=60):
        until = time.monotonic() + within_s
        for zone in zones:
            query = dns.message.make_query(zone.apex, "SOA").to_wire()
            while True:
                answers = self.ask_all([query], 0.2)
                if answers[0] is not None and answers[0][3] & 15 == 0:
                    break
                if time.monotonic() > until or any(p.poll() is not None for p in self.processes):
                    raise RuntimeError(f"{self.name} does not serve {zone.apex}:\n{self.logs()}")

    def ask_all(self, queries, timeout_s=1.0):
        """UDP, all at once; by their ids, which differ."""
        waiting = {query[:2]: place for place, query in enumerate(queries)}
        answers = [None] * len(queries)
        for query in queries:
            self.udp.send(query)
        self.udp.settimeout(timeout_s)
        while waiting:
            try:
                answer = self.udp.recv(65535)
            except (TimeoutError, ConnectionRefusedError):
                break
            place = waiting.pop(answer[:2], None)
            if place is not None:
                answers[place] = answer
        return answers

    def ask_tcp(self, query):
        for attempt in range(2):
            try:
                if self.tcp is None:
                    self.tcp = self.connect()
                self.tcp.sendall(struct.pack("!H", len(query)) + query)
                return self._read(struct.unpack("!H", self._read(2))[0])
            except OSError:
                self.tcp = None
        return None

    def connect(self):
        return socket.create_connection((HOST, self.port), 2)

    def _read(self, length):
        data = b""
        while len(data) < length:
            more = self.tcp.recv(length - len(data))
            if not more:
                raise ConnectionResetError
            data += more
        return data

    def stop(self):
        for process in list(self.processes):
            self.end(process)
        self.udp.close()
        if self.tcp is not None:
            self.tcp.close()


class Knot(Server):
    name = "knot"

    def serve(self, zones, side):
        lines = [f"server:\n  listen: {HOST}@{self.port}\n  rundir: {self.folder}\n  user: root:root\n"
                 "  tcp-idle-timeout: 60\n"
                 f"database:\n  storage: {self.folder}\ntemplate:\n  - id: default\n    zonefile-sync: -1\n"
                 "    semantic-checks: off\nlog:\n  - target: stderr\n    any: warning\nzone:\n"]
        for number, zone in enumerate(zones):
            (self.folder / f"{number}.zone").write_text(zone.text(side))
            lines.append(f"  - domain: \"{zone.apex}\"\n    file: {self.folder}/{number}.zone\n")
        (self.folder / "knot.conf").write_text("".join(lines))
        self.start("/usr/sbin/knotd", "-c", self.folder / "knot.conf")
        self.wait_until_it_answers(zones)


class Nsd(Server):
    name = "nsd"

    def serve(self, zones, side):
        lines = [f"server:\n  ip-address: {HOST}@{self.port}\n  username: root\n  database: \"\"\n"
                 f"  zonesdir: {self.folder}\n  pidfile: {self.folder}/pid\n  xfrdfile: {self.folder}/xfrd\n"
                 f"  zonelistfile: {self.folder}/zonelist\n  xfrdir: {self.folder}\n  minimal-responses: yes\n"
                 "  refuse-any: no\n  rrl-ratelimit: 0\n  tcp-timeout: 60\n  tcp-query-count: 0\n"
                 "remote-control:\n  control-enable: no\n"]
        for number, zone in enumerate(zones):
            (self.folder / f"{number}.zone").write_text(zone.text(side))
            lines.append(f"zone:\n  name: \"{zone.apex}\"\n  zonefile: {number}.zone\n")
        (self.folder / "nsd.conf").write_text("".join(lines))
        self.start("/usr/sbin/nsd", "-d", "-c", self.folder / "nsd.conf")
        self.wait_until_it_answers(zones)


class Understudy(Server):
    name = "understudy"

    def __init__(self, folder, build):
        super().__init__(folder)
        self.build = build
        self.shm = pathlib.Path("/dev/shm") / f"understudy-differential-{os.getpid()}"
        self.hosts = ()  # of packets: the client's and the dataplane's
        self.home = None  # where the dataplane runs now: None is where we are
        self.dataplane = None

    def serve(self, zones):
        config = {"instance": "differential", "zones": [],
                  "health_checks": {"never": {"type": "tcp", "address": "127.0.0.1", "port": 9,
                                              "interval": "1h"}}}
        records = []
        for number, zone in enumerate(zones):
            (self.folder / f"{number}.zone").write_text(zone.text(None))
            config["zones"].append({"name": zone.apex, "file": f"{number}.zone"})
            for one in zone.failing_over():
                records.append({"name": one.owner, "type": one.rdtype, "ttl": one.ttl,
                                "primary": one.values, "secondary": one.other})
        if records:
            config["failover_groups"] = {"all": {"primary": {"health_check": "never"}, "records": records}}
        # JSON is YAML.
        (self.folder / "understudy.yaml").write_text(json.dumps(config, indent=1))
        self.start(self.build / "control/understudy-control", "--config", "understudy.yaml",
                   "--state-dir", ".", "--shm-dir", self.shm, "--socket", self.folder / "sock",
                   "--log-level", "warn")
        self.zones = zones
        self.answer_over_sockets()

    def answer_over_sockets(self):
        self._answer(None)

    def answer_over_packets(self, simd_width):
        """Over AF_XDP, between hosts of our own, with vectors of at most so many bits; TCP as before."""
        if not self.hosts:
            self.hosts = client, node = network.Namespace("client"), network.Namespace("node")
            network.connect(client, "us-client", node, "us-node")
            client.address("us-client", f"{CLIENT}/24")
            node.address("us-node", f"{SERVICE}/24")
        self._answer(self.hosts[1], "--port", "af_xdp:us-node", "--address", SERVICE,
                     "--max-simd-bitwidth", simd_width)

    def _answer(self, home, *options):
        self.home = home
        if self.dataplane:
            self.end(self.dataplane)
        self.dataplane = self.start(
            self.build / "dataplane/understudy-dataplane", "--instance", "differential", "--shm-dir",
            self.shm, "--listen", f"{HOST}:{self.port}", "--tcp-idle-timeout", "60s", *options, host=home)
        self.udp.close()
        self.udp = self.hosts[0].socket() if home else socket.socket(type=socket.SOCK_DGRAM)
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.udp.connect((SERVICE, 53) if home else (HOST, self.port))
        if self.tcp is not None:
            self.tcp.close()
        self.tcp = None
        self.wait_until_it_answers(self.zones)

    def connect(self):
        with self.home.entered() if self.home else contextlib.nullcontext():
            return super().connect()

    def answer_side(self, side):
        """Forces the group, whatever its check says."""
        done = subprocess.run([self.build / "tools/understudyctl/understudyctl", "--socket",
                               self.folder / "sock", "--shm-dir", self.shm, "--instance", "differential",
                               "force", "all", ("primary", "secondary")[side], "--for", "1h",
                               "--reason", "differential"], capture_output=True, text=True, check=False)
        if done.returncode not in (0, 3):
            raise RuntimeError(f"force: {done.stdout}{done.stderr}")
        time.sleep(0.2)

    def stop(self):
        super().stop()
        for host in self.hosts:
            host.remove()
        shutil.rmtree(self.shm, ignore_errors=True)
