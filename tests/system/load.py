"""Steady load by other people's generators, and what they report."""
import re
import signal
import subprocess

QUERIES = "".join(f"{name} {rdtype}\n" for name in
                  ("app.example.com", "www.example.com", "nothing.example.com", "chain.example.com")
                  for rdtype in ("A", "AAAA"))


class Dnsperf:
    """Runs beside the test from `with` on; afterwards `sent`, `lost`, `rcodes` ...."""

    def __init__(self, client, folder, seconds, rate_hz, queries=QUERIES, server=None):
        (folder / "queries").write_text(queries)
        self._command = client.host.command(
            "dnsperf", "-s", server or client.server4, "-d", folder / "queries", "-l", seconds,
            "-Q", rate_hz, "-c", 8, "-t", 2, "-W")
        self._seconds = seconds

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL,
                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return self

    def end(self):
        """Before its time; it still waits for what is under way and reports."""
        self._process.send_signal(signal.SIGINT)

    def __exit__(self, *_):
        self.text, _ = self._process.communicate(timeout=self._seconds + 60)
        self.sent = self._number("Queries sent")
        self.completed = self._number("Queries completed")
        self.lost = self._number("Queries lost")
        interrupted = re.search(r"Queries interrupted:\s+(\d+)", self.text)  # under way at end()
        self.interrupted = int(interrupted[1]) if interrupted else 0
        self.rcodes = dict(re.findall(r"([A-Z]+) \d+ \(([\d.]+%)\)", self.text))
        # Whatever dnsperf could not make sense of it says in a line of its own.
        self.warnings = [line for line in self.text.splitlines() if line.startswith("[")
                         and not line.startswith(("[Status]", "[Timeout]"))]

    def _number(self, title):
        found = re.search(rf"{title}:\s+(\d+)", self.text)
        assert found, f"dnsperf says:\n{self.text}"
        return int(found[1])


def kxdpgun(host, interface, folder, seconds, rate_hz, server, queries=QUERIES):
    """(sent, received, {rcode: count}). Its frames come and go by XDP, beside the kernel."""
    (folder / "kxdpgun-queries").write_text(queries)
    done = host.run("kxdpgun", "-t", seconds, "-Q", rate_hz, "-b", 1, "-i",
                    folder / "kxdpgun-queries", "-I", interface, server, timeout_s=seconds + 60)
    text = done.stdout + done.stderr
    sent = re.search(r"total queries:\s+(\d+)", text)
    received = re.search(r"total replies:\s+(\d+)", text)
    assert sent and received, f"kxdpgun says:\n{text}"
    rcodes = {name: int(count) for name, count in
              re.findall(r"responded ([A-Z]+):\s+(\d+)", text)}
    return int(sent[1]), int(received[1]), rcodes
