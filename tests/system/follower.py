"""A command of understudyctl that goes on, and what it has printed so far."""
import json
import subprocess

from edge import CTL


def ctl_command(edge, *arguments):
    return [str(CTL), "--socket", str(edge.socket), "--shm-dir", str(edge.shm), "--instance",
            edge.instance, *map(str, arguments)]


class Follower:
    """A command that goes on; its lines as they come."""

    def __init__(self, edge, *arguments):
        self.out = edge.folder / "follower.out"
        self.err = edge.folder / "follower.err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(ctl_command(edge, *arguments), stdout=out, stderr=err,
                                            stdin=subprocess.DEVNULL)

    def lines(self):
        return [line for line in self.out.read_text().split("\n")[:-1] if line]

    def events(self):
        return [json.loads(line) for line in self.lines()]

    def complaints(self):
        return self.err.read_text()

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
