"""A child ends with its parent, even one that was killed."""

import os
import signal
import subprocess
import sys
import time

import pytest

WAITS = """
import sys, time
from cryptopipe_assets.runtime.ui.lifeline import hold
hold(int(sys.argv[1]))
try:
    print("held", flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print("ended", flush=True)
"""

PARENT = f"""
import os, subprocess, sys
reading, writing = os.pipe()
child = subprocess.Popen(
    [sys.executable, "-c", {WAITS!r}, str(reading)], pass_fds=[reading], start_new_session=True
)
os.close(reading)
child.wait()
"""


@pytest.mark.slow
def test_a_child_whose_parent_is_killed_interrupts_itself():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout.readline() == "held\n"
        os.kill(parent.pid, signal.SIGKILL)
        started = time.monotonic()
        assert parent.stdout.readline() == "ended\n"
        assert time.monotonic() - started < 10
