"""Both programs without root: two users of one group, and what everybody else sees of them."""
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile

import pytest
from edge import BUILD, CONTROL, DATAPLANE
from process import Process, eventually
from scene import EU4, SERVICE4, SERVICE6, US4
from test_sandbox import BPF, NET_ADMIN, NET_RAW, PERFMON, expect_confined

CONTROL_USER, DATAPLANE_USER, GROUP, STRANGER = 47110, 47111, 47112, 47113
# In the sets that survive the exec of a program. The unit lifts the limit of locked memory, which
# root may not do everywhere: cap_ipc_lock does as well.
FOR_AF_XDP = ("net_admin", "net_raw", "bpf", "perfmon", "net_bind_service", "ipc_lock")


def as_user(user, group, *capabilities):
    wanted = ",".join(f"+{name}" for name in capabilities) if capabilities else "-all"
    return ("setpriv", "--reuid", str(user), "--regid", str(group), "--clear-groups",
            "--inh-caps", wanted, "--ambient-caps", wanted, "--bounding-set",
            f"-all,{wanted}" if capabilities else "-all")


@pytest.fixture
def place():
    """A folder that every user may pass, with programs that every user may run."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="us-users-"))
    folder.chmod(0o755)
    for program in (CONTROL, DATAPLANE, BUILD / "dataplane/port/service_filter.bpf.o"):
        shutil.copy(program, folder)
    (folder / "state").mkdir()
    os.chown(folder / "state", CONTROL_USER, GROUP)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def pair(scene, place):
    """Control and dataplane as two users; the folder in shared memory is what tmpfiles.d makes."""
    edge = scene.edge
    os.chown(edge.shm, 0, GROUP)
    edge.shm.chmod(0o3770)
    for file in edge.folder.glob("*.*"):
        shutil.copy(file, place)
    edge.socket = place / "state/control.sock"
    scene.eu.start()
    scene.us.start()
    edge.control = Process(edge.host, edge.control_log, *as_user(CONTROL_USER, GROUP),
                           place / CONTROL.name, "--config", place / edge.config.name,
                           "--state-dir", place / "state", "--socket", edge.socket,
                           "--shm-dir", edge.shm)
    eventually(edge.is_answering, 20, edge.logs)
    edge.dataplane = Process(edge.host, edge.dataplane_log,
                             *as_user(DATAPLANE_USER, GROUP, *FOR_AF_XDP),
                             place / DATAPLANE.name, "--instance", edge.instance, "--shm-dir",
                             edge.shm, "--port", "af_xdp:service0", "--address", SERVICE4,
                             "--address", SERVICE6, "--listen", f"{SERVICE4}:53")
    eventually(edge.is_ready, 20, edge.logs)
    return scene


def test_two_users_of_one_group_serve_and_fail_over(pair):
    edge = pair.edge
    for process, user in ((edge.control, CONTROL_USER), (edge.dataplane, DATAPLANE_USER)):
        assert os.stat(f"/proc/{process.pid}").st_uid == user
    expect_confined(edge.dataplane.pid, {NET_ADMIN, NET_RAW, PERFMON, BPF})
    pair.becomes(EU4)
    eventually(lambda: edge.outcomes()["positive"] > 0, 2, "over its AF_XDP port")
    pair.eu.stop()
    pair.becomes(US4)
    eventually(lambda: edge.ctl_json("status")["dataplane"]["alive"], 5,
               lambda: edge.ctl("status").stdout)
    edge.control.terminate()
    assert edge.dataplane.terminate() == 0
    assert "xdp" not in edge.host.run("ip", "link", "show", "dev", "service0").stdout


def test_nobody_else_lists_reads_or_writes_what_they_share(pair):
    folder = pair.edge.shm / pair.edge.instance
    files = sorted(folder.iterdir())
    assert {"root", "report", "control.lock", "dataplane.lock"} <= {file.name for file in files}
    for file in files:
        status = file.stat()
        assert status.st_gid == GROUP and stat.S_IMODE(status.st_mode) & 0o007 == 0, file
        mine = CONTROL_USER if file.name.startswith(("root", "table", "control")) else DATAPLANE_USER
        assert status.st_uid == mine, file
    state = pair.edge.socket.parent / f"{pair.edge.instance}.db"
    for command in (["ls", folder], ["ls", pair.edge.shm], ["cat", folder / "report"],
                    ["tee", folder / "root"], ["touch", folder / "table.9"],
                    ["rm", "-f", folder / "report"], ["cat", state],
                    ["curl", "-sf", "--unix-socket", pair.edge.socket, "http://x/v1/status"]):
        done = subprocess.run([*as_user(STRANGER, STRANGER), *command], check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode != 0, (command, done.stdout)
    # Of the two, neither writes what is the other's; control has made the folder, and may clear it.
    for user, command in ((CONTROL_USER, ["tee", folder / "report"]),
                          (DATAPLANE_USER, ["tee", folder / "root"]),
                          (DATAPLANE_USER, ["rm", "-f", folder / "root"])):
        done = subprocess.run([*as_user(user, GROUP), *command], check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode != 0, (user, command)


@pytest.mark.parametrize("plant", ["folder", "link"])
def test_what_another_user_planted_in_shared_memory_is_refused(scene, tmp_path, plant):
    shm = pathlib.Path(f"/dev/shm/us-{os.getpid()}-planted")  # which everybody may make
    if plant == "folder":
        shm.mkdir(0o770)
    else:
        shm.symlink_to(tmp_path)
    os.chown(shm, STRANGER, STRANGER, follow_symlinks=False)
    try:
        for program, arguments in ((DATAPLANE, ("--instance", "edge1", "--listen", "127.0.0.1:5353")),
                                   (CONTROL, ("--config", scene.edge.config, "--state-dir", tmp_path,
                                              "--socket", tmp_path / "planted.sock"))):
            process = Process(scene.edge.host, tmp_path / "planted.log", program, *arguments,
                              "--shm-dir", shm)
            assert process.exit_code() == 1
            says = "belongs to user 47113" if plant == "folder" else "is a symbolic link"
            assert f"{shm}" in process.tail() and says in process.tail()
    finally:
        shm.unlink() if plant == "link" else shutil.rmtree(shm)
