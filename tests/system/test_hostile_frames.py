"""Whatever arrives: no crash, no buffer lost, and who asks properly is answered."""
import contextlib
import socket
import time

import pytest
from client import Watcher
from hostile_frames import everything
from process import eventually
from scene import EU4, SERVICE4
from test_ports import behind_a_switch, whole_nic

# Of buffers in a ring that is emptied only when the next answer leaves.
UNSETTLED = 128


def free_buffers(scene):
    """As counted last, which the dataplane does once a second."""
    scene.client.lookup("app.example.com")
    dataplane = scene.edge.inspect()["dataplane"]
    assert dataplane["buffers"] >= dataplane["buffers_free"]
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


def with_port(scene, port, folder):
    """The dataplane answers on it; what has to go on beside it ends with `with`."""
    if port == "memif":
        return behind_a_switch(scene, folder)
    return contextlib.nullcontext(scene.start() if port == "af_xdp" else whole_nic(scene))


def endure(scene, seconds):
    scene.becomes(EU4)
    before = eventually(lambda: free_buffers(scene), 10, "buffers are counted")
    seed = int(time.time())
    with Watcher(scene.client, "app.example.com", rate_hz=200) as watcher:
        sent = flood(scene, seconds, seed)
    assert scene.edge.dataplane.is_running(), f"seed {seed}: {scene.edge.logs()}"
    # What the rings cannot hold at that rate is lost, good or bad; what is answered is right.
    assert watcher.answers() == {(EU4,)} and len(watcher.lost()) < len(watcher.exchanges) / 2, \
        f"seed {seed}, {sent} frames, {len(watcher.lost())} of {len(watcher.exchanges)} lost"
    time.sleep(1.1)  # a count that was made before is not one of the flood's end
    eventually(lambda: free_buffers(scene) >= before - UNSETTLED, 10,
               lambda: f"seed {seed}: {free_buffers(scene)} of {before} buffers: {scene.edge.logs()}")
    outcomes = scene.edge.outcomes()
    assert outcomes["received"] > 1000 and outcomes["dropped_malformed"] > 0, outcomes
    eventually(lambda: scene.client.lookup("app.example.com") == [EU4], 2, SERVICE4)


@pytest.mark.parametrize("port", ["af_xdp", "whole NIC", "memif"])
def test_hostile_frames_neither_stop_it_nor_keep_a_buffer(scene, port, full, tmp_path):
    with with_port(scene, port, tmp_path):
        endure(scene, 600 if full else 2)
