"""A backend host with a real HTTP(S) server on it, which can be stopped, broken and started."""
import pathlib

from network import run
from process import Process, eventually

SERVER = pathlib.Path(__file__).with_name("backend_server.py")


class Backend:
    def __init__(self, host, name, folder, port=80, tls=False):
        self.host, self.name, self.port = host, name, port
        self.log = folder / f"{name}-{port}.log"
        self._behaviour = folder / f"{name}-{port}.behaviour"
        self._behaviour.write_text("")
        self._tls = ()
        if tls:
            self._tls = (folder / f"{name}.crt", folder / f"{name}.key")
            run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", f"/CN={name}.example.com", "-out", self._tls[0], "-keyout", self._tls[1])
        self.process = None

    def start(self):
        self.log.write_text("")
        self.process = Process(self.host, self.log, "/usr/bin/python3", SERVER, self.name,
                               self.port, self._behaviour, *self._tls)
        eventually(lambda: "ready" in self.log.read_text(), 10,
                   lambda: f"backend {self.name} is up: {self.log.read_text()}")
        return self

    def stop(self):
        """Dies: connections are refused from now on."""
        self.process.kill()

    def answer(self, behaviour):
        """"" is well; "503" that status; "hang" accepts and never answers."""
        self._behaviour.write_text(behaviour)
