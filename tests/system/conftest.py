"""What every system test may ask for. A test gets hosts of its own, and leaves nothing behind."""
import os

import pytest
from edge import CONTROL, CTL, DATAPLANE
from follower import Follower
from network import remove_leftovers
from scene import UNDAMPED, Scene


def pytest_configure(config):
    if os.geteuid() != 0:
        raise pytest.UsageError("system tests make network namespaces: run them as root")
    for program in (CONTROL, DATAPLANE, CTL):
        if not program.exists():
            raise pytest.UsageError(f"{program} is missing: set UNDERSTUDY_BUILD to a build folder")
    remove_leftovers()


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="soak: a thousand kills, longer loads")


@pytest.fixture
def full(request):
    return request.config.getoption("--full")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failed test shows the logs of its programs."""
    report = (yield).get_result()
    for scene in getattr(item, "scenes", []):
        if report.failed:
            report.sections.append(("programs", scene.edge.logs()))


@pytest.fixture
def make_scene(request, tmp_path):
    scenes = request.node.scenes = []

    def make(**options):
        scenes.append(Scene(tmp_path, **options))
        return scenes[-1]

    yield make
    for scene in scenes:
        scene.remove()


@pytest.fixture
def scene(make_scene):
    """Hosts only; the test starts what it wants."""
    return make_scene()


@pytest.fixture
def running(scene):
    """Backends, control and dataplane run; the primary is answered."""
    return scene.start()


@pytest.fixture
def undamped(scene):
    """As running, but the group goes back at once however often it has failed over."""
    scene.edge.configure(UNDAMPED)
    return scene.start()


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """One running scene for all tests of a file that only ask."""
    scene = Scene(tmp_path_factory.mktemp("served"))
    try:
        yield scene.start()
    finally:
        scene.remove()


@pytest.fixture
def follow():
    """Starts commands of understudyctl that go on; they end with the test."""
    followers = []

    def start(*arguments):
        followers.append(Follower(*arguments))
        return followers[-1]

    yield start
    for follower in followers:
        follower.stop()
