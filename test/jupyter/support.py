"""A kernel under test, and what a cell in it said."""

import time
from queue import Empty

from jupyter_client.manager import KernelManager


class Outcome:
    """The outputs of one cell and the reply to it."""

    def __init__(self):
        self.outputs = []
        self.reply = None

    def of(self, kind):
        return [content for msg_type, content in self.outputs if msg_type == kind]

    @property
    def text(self):
        return "".join(content["text"] for content in self.of("stream"))

    @property
    def result(self):
        results = self.of("execute_result")
        return results[0]["data"]["text/plain"] if results else None


class Kernel:
    """Starts an installed kernel and runs cells in it, one by one or many at once."""

    def __init__(self, name="cryoscope", cwd=None):
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel(cwd=cwd)
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.by_request = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.stop_channels()
        if self.manager.is_alive():
            self.manager.shutdown_kernel()

    @property
    def pid(self):
        return self.manager.provisioner.pid

    def send(self, code, **options):
        """Sends a cell without waiting for it."""
        return self.client.execute(code, **options)

    def wait(self, request, timeout=30, interrupt_after=None):
        """Waits until a cell is idle and has its reply."""
        outcome = Outcome()
        start = time.monotonic()
        interrupted = False
        idle = False
        while not (idle and outcome.reply):
            if time.monotonic() - start > timeout:
                raise TimeoutError(f"no answer within {timeout} s; outputs so far: {outcome.outputs}")
            if interrupt_after is not None and not interrupted and time.monotonic() - start > interrupt_after:
                self.manager.interrupt_kernel()
                interrupted = True
            self._collect()
            for channel, message in self.by_request.pop(request, []):
                if channel == "shell":
                    outcome.reply = message["content"]
                elif message["msg_type"] == "status":
                    idle = message["content"]["execution_state"] == "idle"
                else:
                    outcome.outputs.append((message["msg_type"], message["content"]))
        return outcome

    def run(self, code, timeout=30, interrupt_after=None, **options):
        return self.wait(self.send(code, **options), timeout, interrupt_after)

    def later(self, request, seconds):
        """What belongs to a cell and came after it was idle."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._collect()
        return [(m["msg_type"], m["content"]) for _, m in self.by_request.pop(request, [])]

    def _collect(self):
        for channel, get in (("iopub", self.client.get_iopub_msg), ("shell", self.client.get_shell_msg)):
            try:
                message = get(timeout=0.02)
            except Empty:
                continue
            parent = message["parent_header"].get("msg_id")
            self.by_request.setdefault(parent, []).append((channel, message))
