"""However a kernel ends, nothing of it is left: no guest, no process, no socket."""

import os
import signal
import subprocess
import sys
import time
import unittest

from support import Kernel

DEMO_NAME = "jupyter-life"


def wait_until(condition, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Life(unittest.TestCase):
    def start(self):
        """A kernel with a small guest of its own, and the guest's process."""
        kernel = Kernel()
        before = set(children(kernel.pid))
        outcome = kernel.run(f"vm = await boot({{ name: '{DEMO_NAME}', memoryBytes: 256 * 2 ** 20 }}); vm.state", timeout=200)
        self.assertEqual(outcome.reply["status"], "ok", outcome.outputs)
        started = [pid for pid in children(kernel.pid) if pid not in before]
        self.assertTrue(started, "the guest is a child of the kernel")
        return kernel, started

    def test_shutdown(self):
        kernel, guest = self.start()
        kernel.__exit__()
        self.assertTrue(wait_until(lambda: not any(map(is_alive, guest))))

    def test_restart(self):
        kernel, guest = self.start()
        old = kernel.pid
        kernel.manager.restart_kernel(now=False)
        kernel.client.wait_for_ready(timeout=60)
        self.assertNotEqual(kernel.pid, old)
        self.assertTrue(wait_until(lambda: not any(map(is_alive, guest))))
        self.assertEqual(kernel.run("1 + 1").result, "2")
        kernel.__exit__()

    def test_kill(self):
        kernel, guest = self.start()
        os.kill(kernel.pid, signal.SIGKILL)
        self.assertTrue(wait_until(lambda: not any(map(is_alive, guest))))
        kernel.__exit__()

    def test_server_is_killed(self):
        """The kernel notices that its parent is gone, as when Jupyter itself is killed."""
        code = (
            "import sys, time; sys.path.insert(0, '.'); from support import Kernel;"
            f"k = Kernel(); k.run(\"vm = await boot({{ name: '{DEMO_NAME}', memoryBytes: 256 * 2 ** 20 }})\", timeout=200);"
            "print(k.pid, flush=True); time.sleep(600)"
        )
        server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        kernel = int(server.stdout.readline())
        guest = children(kernel)
        self.assertTrue(guest)
        server.kill()
        server.wait()
        server.stdout.close()
        self.assertTrue(wait_until(lambda: not is_alive(kernel)), "the kernel ends")
        self.assertTrue(wait_until(lambda: not any(map(is_alive, guest))), "the guest ends")


def children(pid):
    """Processes that a process has started, of all its threads."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as file:
            found += map(int, file.read().split())
    return found


if __name__ == "__main__":
    unittest.main()
