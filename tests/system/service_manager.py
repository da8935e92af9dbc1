"""Plays the service manager: the datagram socket behind NOTIFY_SOCKET (sd_notify(3))."""
import contextlib
import ctypes
import os
import socket
import time

from process import eventually

_LIBC = ctypes.CDLL(None, use_errno=True)
_PTRACE_DETACH, _PTRACE_SEIZE, _PTRACE_INTERRUPT = 17, 0x4206, 0x4207
_WALL = 0x40000000


class ServiceManager:
    """Keeps every message, with the time it came; `environment` is what a unit's process is given."""

    def __init__(self, path, watchdog_s=None):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        os.chmod(path, 0o777)
        self.environment = {"NOTIFY_SOCKET": str(path)}
        if watchdog_s is not None:
            self.environment["WATCHDOG_USEC"] = str(int(watchdog_s * 1e6))
        self._messages = []

    def messages(self):
        """All so far: [(time, {"READY": "1", ...})], oldest first."""
        with contextlib.suppress(BlockingIOError):
            while True:
                text = self._socket.recv(65536).decode()
                fields = dict(line.split("=", 1) for line in text.splitlines())
                self._messages.append((time.monotonic(), fields))
        return self._messages

    def fields(self, name):
        """Every value of that field, oldest first."""
        return [fields[name] for _, fields in self.messages() if name in fields]

    def is_told(self, name, value="1"):
        return value in self.fields(name)

    def status(self):
        return (self.fields("STATUS") or [""])[-1]

    def shows(self, text, within_s=5):
        eventually(lambda: text in self.status(), within_s,
                   lambda: f"STATUS has {text!r}; it is {self.status()!r}")

    def feedings(self, during_s):
        """How often the watchdog is fed from now on."""
        before = len(self.fields("WATCHDOG"))
        time.sleep(during_s)
        return len(self.fields("WATCHDOG")) - before

    def close(self):
        self._socket.close()


def threads(pid):
    """{thread id: name}"""
    found = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(FileNotFoundError):
            with open(f"/proc/{pid}/task/{thread}/comm", encoding="utf-8") as comm:
                found[int(thread)] = comm.read().strip()
    return found


@contextlib.contextmanager
def stopped(thread):
    """One thread alone stands still: SIGSTOP would stop its whole process."""
    def ptrace(request):
        if _LIBC.ptrace(request, thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")
    _LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    ptrace(_PTRACE_SEIZE)
    ptrace(_PTRACE_INTERRUPT)
    os.waitpid(thread, _WALL)
    try:
        yield
    finally:
        ptrace(_PTRACE_DETACH)
