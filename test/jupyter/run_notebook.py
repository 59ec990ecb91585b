"""run_notebook.py NOTEBOOK [OUTPUT]: executes a notebook from scratch; fails where a cell fails, and says which."""

import sys
import time

import nbclient
import nbformat

notebook = nbformat.read(sys.argv[1], as_version=4)
started = time.monotonic()
client = nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": sys.argv[3] if len(sys.argv) > 3 else "."}})
try:
    client.execute()
except nbclient.exceptions.CellExecutionError as error:
    sys.exit(str(error))
finally:
    if len(sys.argv) > 2:
        nbformat.write(notebook, sys.argv[2])
cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
errors = [output for cell in cells for output in cell.outputs if output.output_type == "error"]
if errors:
    sys.exit("\n".join("\n".join(error.traceback) for error in errors))
if any(cell.execution_count is None for cell in cells):
    sys.exit("a cell was not run")
print(f"{len(cells)} cells in {time.monotonic() - started:.1f} s")
