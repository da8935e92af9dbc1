"""What the tests of this folder share: the tree, its programs, and whether the long tests run."""
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="also build packages and try them")


def pytest_ignore_collect(collection_path, config):
    """A skipped test counts as failed here: what boots a machine is not collected without --full."""
    long = collection_path.name in ("test_packages.py", "test_unit_options.py")
    return True if long and not config.getoption("--full") else None


@pytest.fixture(scope="session")
def build():
    """The folder of built programs."""
    return pathlib.Path(os.environ.get("UNDERSTUDY_BUILD", ROOT / "build")).resolve()


@pytest.fixture(scope="session")
def run():
    """Runs a command to its end; returncode, stdout and stderr, whatever they are."""
    def run_it(*command, **options):
        return subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, check=False, **{"timeout": 120, **options})
    return run_it
