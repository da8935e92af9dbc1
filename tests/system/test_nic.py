"""tools/nic: a card to vfio-pci and back, over a made-up /sys and stand-ins for driverctl and ip."""
import os
import subprocess

import pytest
from edge import ROOT

NIC = ROOT / "tools/nic"
CARD = "0000:03:00.0"

# Does to the made-up tree what the real one does to /sys.
DRIVERCTL = """#!/bin/bash
echo "$*" >> "$NIC_ROOT/driverctl.log"
card="$NIC_ROOT/sys/bus/pci/devices/$2"
rm -f "$card/driver"
if [[ $1 == set-override ]]; then
  [[ -e $NIC_ROOT/refuses ]] || ln -s ../drivers/"$3" "$card/driver"
else
  ln -s ../drivers/ice "$card/driver"
fi
"""
IP = """#!/bin/bash
case "$*" in
  "-4 route show default") cat "$NIC_ROOT/default" 2>/dev/null ;;
  "-o address show dev eth1") echo "2: eth1    inet 198.51.100.7/24 scope global eth1" ;;
esac
"""


class Machine:
    """One card with driver ice, interface eth1, in an IOMMU group of its own."""

    def __init__(self, root):
        self.root = root
        self.device(CARD, "ice", "7", "0x020000")
        net = self.devices / CARD / "net/eth1"
        net.mkdir(parents=True)
        (net / "device").symlink_to(self.devices / CARD)
        (root / "sys/class/net").mkdir(parents=True)
        (root / "sys/class/net/eth1").symlink_to(net)
        (root / "sys/class/net/veth0").mkdir()
        (root / "bin").mkdir()
        for name, text in (("driverctl", DRIVERCTL), ("ip", IP)):
            (root / "bin" / name).write_text(text)
            (root / "bin" / name).chmod(0o755)

    @property
    def devices(self):
        return self.root / "sys/bus/pci/devices"

    def device(self, address, driver, group, kind):
        folder = self.devices / address
        folder.mkdir(parents=True)
        (folder / "class").write_text(kind + "\n")
        (folder / "driver").symlink_to(f"../drivers/{driver}")
        if group:
            members = self.root / "sys/kernel/iommu_groups" / group / "devices"
            members.mkdir(parents=True, exist_ok=True)
            (members / address).symlink_to(folder)
            (folder / "iommu_group").symlink_to(members.parent)

    def driver(self, address=CARD):
        return os.path.basename(os.readlink(self.devices / address / "driver"))

    def nic(self, *words, **environment):
        return subprocess.run(
            [NIC, *words], text=True, capture_output=True, timeout=20, check=False,
            env={"PATH": f"{self.root}/bin:{os.environ['PATH']}", "NIC_ROOT": str(self.root),
                 **environment})


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.mark.parametrize("name", [CARD, "03:00.0", "eth1"])
def test_a_card_is_bound_to_vfio_and_back_whatever_it_is_called(machine, name):
    assert machine.nic("bind", name).returncode == 0
    assert machine.driver() == "vfio-pci"
    status = machine.nic("status").stdout
    assert f"{CARD}  vfio-pci" in status and "was bound to ice" in status
    assert machine.nic("bind", CARD).returncode == 0, "it is already"
    done = machine.nic("unbind", CARD)
    assert done.returncode == 0 and machine.driver() == "ice", done
    assert "was bound" not in machine.nic("status", CARD).stdout, "nothing is remembered any more"
    log = (machine.root / "driverctl.log").read_text().splitlines()
    assert log == [f"set-override {CARD} vfio-pci", f"unset-override {CARD}"]


def test_the_card_this_machine_is_reached_by_is_bound_only_by_force(machine):
    (machine.root / "default").write_text("default via 198.51.100.1 dev eth1 proto static\n")
    done = machine.nic("bind", CARD)
    assert done.returncode == 1 and "carries the default route" in done.stderr
    assert "carries the default route" in machine.nic("status").stdout
    assert machine.driver() == "ice"
    assert machine.nic("bind", CARD, "--force").returncode == 0
    assert machine.driver() == "vfio-pci"


def test_the_card_of_this_session_of_ssh_is_bound_only_by_force(machine):
    done = machine.nic("bind", CARD, SSH_CONNECTION="203.0.113.9 50000 198.51.100.7 22")
    assert done.returncode == 1 and "ssh" in done.stderr and machine.driver() == "ice"
    assert machine.nic("bind", CARD, SSH_CONNECTION="203.0.113.9 50000 198.51.100.70 22").returncode == 0


def test_without_an_iommu_nothing_is_bound(machine):
    (machine.devices / CARD / "iommu_group").unlink()
    done = machine.nic("bind", CARD, "--force")
    assert done.returncode == 1 and "intel_iommu=on" in done.stderr and machine.driver() == "ice"


def test_a_group_that_the_kernel_uses_too_is_named(machine):
    machine.device("0000:03:00.1", "ice", "7", "0x020000")
    done = machine.nic("bind", CARD)
    assert done.returncode == 1 and "0000:03:00.1 (ice)" in done.stderr and machine.driver() == "ice"
    (machine.devices / "0000:03:00.1/driver").unlink()
    assert machine.nic("bind", CARD).returncode == 0, "a device without a driver is no obstacle"


def test_a_binding_that_fails_is_undone(machine):
    (machine.root / "refuses").touch()
    done = machine.nic("bind", CARD)
    assert done.returncode == 1 and "was given back" in done.stderr
    assert machine.driver() == "ice"
    assert list((machine.root / "var/lib/understudy-nic").iterdir()) == []


@pytest.mark.parametrize("words, code, says", [
    ((), 2, "usage"), (("bind",), 2, "usage"), (("status", "--force"), 2, "usage"),
    (("bind", CARD, "--hard"), 2, "usage"), (("bind", CARD, CARD), 2, "usage"),
    (("bind", "eth9"), 1, "neither an interface"), (("bind", "veth0"), 1, "no PCI card"),
    (("unbind", "0000:99:00.0"), 1, "no PCI device"), (("unbind", CARD), 0, "not bound to vfio"),
    (("bind", "0000:00:00.0"), 1, "no network card"),
])
def test_what_cannot_be_meant_is_told(machine, words, code, says):
    machine.device("0000:00:00.0", "pcieport", "", "0x060000")
    done = machine.nic(*words)
    assert done.returncode == code and says in done.stderr, done
