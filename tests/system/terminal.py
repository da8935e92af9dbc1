"""A real terminal with understudyctl top on it, and what stands on its screen."""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios

import pyte
from follower import ctl_command
from process import eventually


def in_front_of_it():
    """As a shell starts a program in the foreground: one in the background ignores SIGINT, and hands that on."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A real terminal with understudyctl top on it."""

    def __init__(self, edge, *arguments, term="xterm-256color"):
        self.master, slave = pty.openpty()
        self.resize(24, 80)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.bytes = b""
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self.screen)
        self.process = subprocess.Popen(
            ctl_command(edge, "top", *arguments), stdin=slave, stdout=slave, stderr=slave,
            env={**os.environ, "TERM": term}, start_new_session=True,
            preexec_fn=in_front_of_it)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if hasattr(self, "screen"):
            self.screen.resize(rows, columns)

    def type(self, keys):
        os.write(self.master, keys.encode())

    def read(self):
        """What stands on the screen."""
        while select.select([self.master], [], [], 0)[0]:
            more = os.read(self.master, 65536)
            self.bytes += more
            self._stream.feed(more)
        return "\n".join(self.screen.display)

    def shows(self, text, within_s=5):
        eventually(lambda: text in self.read(), within_s, lambda: f"{text}:\n{self.read()}")

    def ends(self, code):
        def ended():
            self.read()
            return self.process.poll() is not None
        eventually(ended, 5, lambda: f"it goes on:\n{self.read()}")
        assert self.process.returncode == code, self.bytes[-500:]

    def is_as_before(self):
        """Modes as they were, and the other screen (smcup) was left (rmcup)."""
        self.read()
        return (termios.tcgetattr(self.slave) == self.before and
                self.bytes.count(b"\x1b[?1049h") == self.bytes.count(b"\x1b[?1049l") == 1)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        os.close(self.master)
        os.close(self.slave)
