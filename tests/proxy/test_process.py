"""Processes that are watched and signalled by pidfd."""

from __future__ import annotations

import os
import subprocess

from lci_app.proxy.process import Process


def test_a_process_that_was_let_go_of_is_not_signalled_nor_who_has_its_descriptor_now():
    with subprocess.Popen(["sleep", "60"]) as one, subprocess.Popen(["sleep", "60"]) as other:
        process = Process(one.pid, os.pidfd_open(one.pid))
        process.close()
        descriptor = os.pidfd_open(other.pid)
        try:
            process.kill()
            process.terminate()
            process.close()
            assert os.fstat(descriptor)
            one.kill()
            one.wait()
            assert other.poll() is None
        finally:
            os.close(descriptor)
            other.kill()
            one.kill()
