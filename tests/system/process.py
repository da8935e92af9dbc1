"""A program of the system under test, running on a host, with its log."""
import signal
import subprocess
import time


def eventually(condition, within_s, what):
    """Waits until condition() is true (its value is returned); fails with `what` after within_s."""
    deadline = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            text = what() if callable(what) else what
            raise AssertionError(f"not within {within_s} s: {text}")
        time.sleep(0.005)


class Process:
    """Started at once; `log` is where its output goes."""

    def __init__(self, host, log, *command):
        self.log = log
        with open(log, "ab") as output:
            self._process = subprocess.Popen(host.command(*command), stdin=subprocess.DEVNULL,
                                             stdout=output, stderr=output)

    @property
    def pid(self):
        """`ip netns exec` replaces itself by the program, so this is the program's."""
        return self._process.pid

    def is_running(self):
        return self._process.poll() is None

    def exit_code(self, within_s=10):
        return self._process.wait(within_s)

    def signal(self, number):
        if self.is_running():
            self._process.send_signal(number)

    def kill(self):
        """SIGKILL: the process gets no chance to say goodbye."""
        self.signal(signal.SIGKILL)
        self._process.wait(10)

    def terminate(self, within_s=10):
        """Asks it to end and returns its exit code."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            return self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not end within {within_s} s of SIGTERM:\n{self.tail()}")

    def tail(self, lines=40):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-lines:])
