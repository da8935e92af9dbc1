"""A start and a take-over read the operator's options alike. Only with --full: systemd boots for each."""
import re

import pytest
from conftest import ROOT

DEBIAN = ROOT / "tools/debian"
# The dataplane's place in the next test: it keeps the words it is given, and takes over as the real one does.
STAND_IN = """\
#!/bin/sh
case $1 in --take-over) kill "$(cat /probe/pid)"; shift; words=reloaded ;; *) words=started ;; esac
printf '%s\\n' "$@" > /probe/$words
echo $$ > /probe/pid
systemd-notify --ready
exec sleep 60
"""
# Boots into this, which ends the machine.
SEQUENCE = """\
[Unit]
DefaultDependencies=no
Requires=understudy-dataplane.service
After=understudy-dataplane.service
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
ExecStart=/bin/cp /probe/options.new /probe/options
ExecStart=/bin/systemctl reload understudy-dataplane
"""
QUOTED = [
    ("""--instance edge1 --listen 127.0.0.1:5353""", ["--instance", "edge1", "--listen", "127.0.0.1:5353"]),
    ("""--nsid 'edge  one' -- --lcores '0@(0,1), 1@1'""", ["--nsid", "edge  one", "--", "--lcores", "0@(0,1), 1@1"]),
    ("""--nsid \\"it's\\" --version-text a\\\\ b *""", ["--nsid", "it's", "--version-text", "a b", "*"]),
]


@pytest.mark.parametrize("options, words", QUOTED, ids=[options for options, _ in QUOTED])
def test_a_start_and_a_take_over_split_the_options_alike(options, words, run, tmp_path):
    """A machine of nothing but our unit boots the systemd that is installed here, starts and reloads it."""
    place = {"/usr/sbin/understudy-dataplane": "/probe/dataplane", "/usr/lib/understudy/take-over": "/probe/take-over",
             "/etc/default/understudy-dataplane": "/probe/options"}

    def put(path, text):
        for there, here in place.items():
            text = text.replace(there, here)
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
        (tmp_path / path).chmod(0o755)

    unit = (DEBIAN / "understudy-dataplane.service").read_text()
    kept = re.findall(r"^(?:Type|NotifyAccess|EnvironmentFile|Exec(?:Condition|Start|Reload))=.*", unit, re.M)
    put("units/understudy-dataplane.service",
        "\n".join(["[Unit]", "DefaultDependencies=no", "[Service]", *kept, ""]))
    put("units/sequence.service", SEQUENCE)
    put("dataplane", STAND_IN)
    put("take-over", (DEBIAN / "take-over").read_text())
    put("options", f'UNDERSTUDY_DATAPLANE_OPTIONS="{options}"\n')
    put("options.new", f'UNDERSTUDY_DATAPLANE_OPTIONS="{options} --reloaded"\n')
    booted = run("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot", "--directory=/",
                 "--volatile=yes", f"--bind={tmp_path}:/probe",
                 f"--bind-ro={tmp_path}/units:/run/systemd/system.control", "systemd.unit=sequence.service")
    assert (tmp_path / "started").read_text().splitlines() == words, booted.stdout + booted.stderr
    assert (tmp_path / "reloaded").read_text().splitlines() == [*words, "--reloaded"], booted.stdout + booted.stderr
