"""Jupyter's own test suite for kernels: python3 -m unittest kernel_test, with the kernel installed on JUPYTER_PATH."""

import unittest

import jupyter_kernel_test


class CryoscopeKernel(jupyter_kernel_test.KernelTests):
    kernel_name = "cryoscope"
    language_name = "typescript"
    file_extension = ".ts"
    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('oops')"
    completion_samples = [
        {"text": "Math.fl", "matches": {"floor"}},
        {"text": "vm.sym", "matches": {"symbol"}},
        {"text": "disp", "matches": {"display"}},
        {"text": "nothingIsCalledThis", "matches": set()},
    ]
    complete_code_samples = ["let a = 1", "function f() { return 1 }", "`x`", "await vm.freeze()"]
    incomplete_code_samples = ["const text = `one\n", "`${", "/* not yet", "function f() {", "[1, 2,", "f(", "for (const map of vm.maps) {"]
    invalid_code_samples = ["let = = 1 )"]
    code_generate_error = "throw new Error('boom')"
    code_execute_result = [
        {"code": "1 + 2", "result": "3"},
        {"code": "'a' + 'b'", "result": "'ab'"},
        {"code": "await Promise.resolve(4n)", "result": "4n"},
    ]
    code_display_data = [
        {"code": "display.html('<b>x</b>')", "mime": "text/html"},
        {"code": "display.svg('<svg/>')", "mime": "image/svg+xml"},
        {"code": "import * as tslab from 'tslab'; tslab.display.html('<b>x</b>')", "mime": "text/html"},
    ]
    code_inspect_sample = "vm.freeze"
    code_history_pattern = "1?*"
    supported_history_operations = ("tail", "range", "search")
    code_clear_output = "clearOutput()"
    code_page_something = "display.page('much to read')"


if __name__ == "__main__":
    unittest.main()
