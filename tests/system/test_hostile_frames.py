"""Whatever arrives: no crash, no buffer lost, and who asks properly is answered."""
import socket
import time

import pytest
from client import Watcher
from hostile_frames import everything
from process import eventually
from scene import EU4, SERVICE4
from test_ports import whole_nic

# Of buffers in a ring that is emptied only when the next answer leaves.
UNSETTLED = 128


def free_buffers(scene):
    """As counted after a second without hostile frames."""
    time.sleep(1.1)
    scene.client.lookup("app.example.com")
    time.sleep(1.1)
    dataplane = scene.edge.inspect()["dataplane"]
    assert dataplane["buffers"] > 0
    return dataplane["buffers_free"]


def flood(scene, seconds, seed):
    """Sends them one after the other, as fast as that goes; returns how many."""
    client = scene.client.host
    frames = everything(client.mac("eth0"), scene.edge.host.mac("service0"), seed)
    sent, end = 0, time.monotonic() + seconds
    with client.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.bind(("eth0", 0))
        while sent == 0 or time.monotonic() < end:
            for frame in frames:
                try:
                    sock.send(frame)
                    sent += 1
                except OSError:  # a runt that the kernel does not let out, or a full queue
                    pass
    return sent


@pytest.mark.parametrize("port", ["af_xdp", "whole NIC"])
def test_hostile_frames_neither_stop_it_nor_keep_a_buffer(scene, port, full):
    if port == "af_xdp":
        scene.start()
    else:
        whole_nic(scene)
    scene.becomes(EU4)
    before = free_buffers(scene)
    seed = int(time.time())
    with Watcher(scene.client, "app.example.com", rate_hz=200) as watcher:
        sent = flood(scene, 600 if full else 2, seed)
    assert scene.edge.dataplane.is_running(), f"seed {seed}: {scene.edge.logs()}"
    # What the rings cannot hold at that rate is lost, good or bad; what is answered is right.
    assert watcher.answers() == {(EU4,)} and len(watcher.lost()) < len(watcher.exchanges) / 2, \
        f"seed {seed}, {sent} frames, {len(watcher.lost())} of {len(watcher.exchanges)} lost"
    assert free_buffers(scene) >= before - UNSETTLED, f"seed {seed}: {scene.edge.logs()}"
    outcomes = scene.edge.outcomes()
    assert outcomes["received"] > 1000 and outcomes["dropped_malformed"] > 0, outcomes
    eventually(lambda: scene.client.lookup("app.example.com") == [EU4], 2, SERVICE4)
