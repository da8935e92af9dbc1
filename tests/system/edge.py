"""An edge node: one host with a control process and a dataplane, and the CLI that drives them."""
import collections
import json
import os
import pathlib
import shutil
import tempfile

from network import run
from process import Process, eventually

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("UNDERSTUDY_BUILD", ROOT / "build"))
CONTROL = BUILD / "control/understudy-control"
DATAPLANE = BUILD / "dataplane/understudy-dataplane"
CTL = BUILD / "tools/understudyctl/understudyctl"
HEARTBEAT_S = 0.4  # dataplane/contract/root.h
OK, REFUSED, USAGE, UNREACHABLE, DEGRADED = range(5)  # exit codes, tools/understudyctl/README.md


class Edge:
    """`folder` holds configuration, state, socket and logs; shared memory is a folder of its own."""

    instance = "edge1"

    def __init__(self, host, folder, shm_parent="/dev/shm"):
        self.host, self.folder = host, folder
        self.shm = pathlib.Path(tempfile.mkdtemp(prefix=f"us-{os.getpid()}-", dir=shm_parent))
        self.config = folder / "understudy.yaml"
        self.socket = folder / "control.sock"
        self.control_log = folder / "control.log"
        self.dataplane_log = folder / "dataplane.log"
        self.control = self.dataplane = None
        self.dataplane_arguments = ()
        self.control_arguments = ()

    def configure(self, text, **files):
        """Writes the configuration, and files beside it: example_com_zone="..." -> example.com.zone."""
        for name, content in files.items():
            (self.folder / name.replace("_", ".")).write_text(content)
        self.config.write_text(text)
        return self

    # --- control

    def start_control(self, wait=True):
        self.control = Process(self.host, self.control_log, CONTROL, "--config", self.config,
                               "--state-dir", self.folder / "state", "--socket", self.socket,
                               "--shm-dir", self.shm, *self.control_arguments)
        if wait:
            eventually(lambda: self.is_answering() or self._ended(self.control), 60,
                       lambda: f"control answers its CLI\n{self.control.tail()}")
        return self.control

    def check(self):
        """understudy-control --check; returncode, stdout and stderr."""
        return run(CONTROL, "--check", "--config", self.config, check=False)

    def is_answering(self):
        return self.ctl("status").returncode in (OK, DEGRADED)

    @staticmethod
    def _ended(process):
        if not process.is_running():
            raise AssertionError(f"ended at once:\n{process.tail()}")
        return False

    def ctl(self, *arguments, timeout_s=30):
        """understudyctl; returncode, stdout and stderr."""
        return run(CTL, "--socket", self.socket, "--shm-dir", self.shm, "--instance",
                   self.instance, *map(str, arguments), check=False, timeout_s=timeout_s)

    def ctl_json(self, *arguments):
        done = self.ctl(*arguments, "--json")
        assert done.returncode in (OK, DEGRADED), f"{arguments}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout)

    def events(self):
        """All events, oldest first."""
        return sorted(self.ctl_json("events", "--limit", 1000)["events"],
                      key=lambda event: event["id"])

    def checks(self):
        return {check["name"]: check for check in self.ctl_json("checks")["checks"]}

    # --- dataplane

    def start_dataplane(self, *arguments, wait=True):
        """The arguments are remembered, so that it can be started again the same way."""
        self.dataplane_arguments = arguments or self.dataplane_arguments
        self.dataplane_log.write_text("")
        self.dataplane = Process(self.host, self.dataplane_log, DATAPLANE, "--instance",
                                 self.instance, "--shm-dir", self.shm, *self.dataplane_arguments)
        if wait:
            eventually(lambda: self.is_ready() or self._ended(self.dataplane), 30,
                       lambda: f"the dataplane is ready\n{self.dataplane.tail()}")
        return self.dataplane

    def is_ready(self):
        """It says so when ports and sockets are open and workers run."""
        return " ready: " in self.dataplane_log.read_text()

    def control_sees_dataplane(self):
        """Control looks ten times a second; until then it tells nothing of this dataplane."""
        appeared = f"dataplane appeared: process {self.dataplane.pid}\n"
        eventually(lambda: appeared in self.control_log.read_text(), 5,
                   lambda: f"control sees the dataplane\n{self.logs()}")

    def inspect(self):
        return self.ctl_json("inspect")

    def workers(self):
        """What the workers of ports say of themselves; the kernel sockets' thread is left out."""
        return [worker for worker in self.inspect()["dataplane"]["workers"]
                if not worker["name"].startswith("listen")]

    def outcomes(self):
        """Counters of all ports added up: {"received": n, "positive": n, ...}."""
        return eventually(self._outcomes_now, 5, lambda: f"one outcome a frame: {self.workers()}")

    def _outcomes_now(self):
        """None while a worker is adding up a burst: not every frame has its outcome then."""
        total = collections.Counter(received=0)
        for worker in self.workers():
            if worker["received"] != sum(worker["outcomes"].values()):
                return None
            total["received"] += worker["received"]
            total.update(worker["outcomes"])
        return total

    # --- end

    def logs(self):
        text = ""
        for process, name in ((self.control, "control"), (self.dataplane, "dataplane")):
            if process:
                text += f"--- {name} (the end of {process.log})\n{process.tail()}"
        return text

    def remove(self):
        for process in (self.dataplane, self.control):
            if process and process.is_running():
                process.kill()
        shutil.rmtree(self.shm, ignore_errors=True)

