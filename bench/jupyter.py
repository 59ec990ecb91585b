"""jupyter.py DUMP: times of a notebook's kernel, in milliseconds, as JSON. DUMP has the map `million`."""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "test/jupyter"))
from support import Kernel  # noqa: E402


def milliseconds(work):
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def complete(kernel, code):
    request = kernel.client.complete(code, len(code))
    while kernel.client.get_shell_msg(timeout=30)["parent_header"].get("msg_id") != request:
        pass


def run(kernel, code):
    outcome = kernel.run(code, timeout=120)
    assert outcome.reply["status"] == "ok", outcome.outputs


times = {"start": [], "completion": [], "typed": [], "map": [], "page": []}
for _ in range(3):
    started = time.perf_counter()
    with Kernel() as kernel:
        run(kernel, "1 + 1")
        times["start"].append((time.perf_counter() - started) * 1000)
with Kernel() as kernel:
    run(kernel, f"vm = await open({json.dumps(sys.argv[1])})")
    complete(kernel, "vm.ma")
    times["completion"] = [milliseconds(lambda: complete(kernel, "vm.map('million').")) for _ in range(10)]
    complete(kernel, "vm.variable('init_task').se.")
    times["typed"] = [milliseconds(lambda: complete(kernel, "vm.variable('init_task').se.")) for _ in range(10)]
    run(kernel, "vm.map('million')")
    times["map"] = [milliseconds(lambda: run(kernel, "vm.map('million')")) for _ in range(5)]
    times["page"] = [milliseconds(lambda: run(kernel, "await browse(vm.map('million'))")) for _ in range(5)]
print(json.dumps(times))
