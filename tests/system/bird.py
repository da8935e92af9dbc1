"""BIRD on a host: the routing daemon beside understudy, and the router that listens to it."""
import datetime
import re

from process import Process, eventually


class Bird:
    """Runs in the foreground with everything it writes in `folder`."""

    def __init__(self, host, folder, name, configuration):
        self.host, self.name = host, name
        self.control = folder / f"{name}.ctl"
        file = folder / f"{name}.conf"
        file.write_text(configuration)
        self.process = Process(host, folder / f"{name}.log", "bird", "-f", "-c", file, "-s",
                               self.control, "-P", folder / f"{name}.pid")
        eventually(self.control.exists, 10, lambda: f"{name} runs\n{self.process.tail()}")

    def ask(self, *words):
        return self.host.run("birdc", "-s", self.control, *words).stdout

    def established(self, protocol):
        """Since when the session is up; nothing while it is not."""
        match = re.search(rf"^{protocol} +BGP +\S+ +up +(\S+ \S+) +Established",
                          self.ask("show", "protocols"), re.MULTILINE)
        return match and datetime.datetime.fromisoformat(match[1])

    def meets(self, *protocols, within_s=20):
        eventually(lambda: all(self.established(protocol) for protocol in protocols), within_s,
                   lambda: f"{self.name}: {protocols}\n{self.ask('show', 'protocols', 'all')}")
        return self

    def stop(self):
        self.process.kill()


def router(neighbours, hold_s=9):
    """Configuration of the other side: takes what it is told into the kernel.

    neighbours: {name: (neighbour's address, AS of it)}
    """
    text = f"""
router id 192.0.2.1;
timeformat protocol iso long us;
protocol device {{ }}
protocol kernel {{ ipv4 {{ export all; }}; }}
protocol kernel {{ ipv6 {{ export all; }}; }}
"""
    for name, (address, number) in neighbours.items():
        family = "ipv6" if ":" in address else "ipv4"
        text += f"""
protocol bgp {name} {{
  local as 64511;
  neighbor {address} as {number};
  hold time {hold_s};
  connect retry time 1;
  error wait time 1, 2;
  {family} {{ import all; export none; }};
}}
"""
    return text
