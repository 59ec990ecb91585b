"""What Jupyter's own suite does not ask: interrupts, errors, order, and where output goes."""

import unittest

from support import Kernel


class Behaviour(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()

    @classmethod
    def tearDownClass(cls):
        cls.kernel.__exit__()

    def run_cell(self, code, **options):
        return self.kernel.run(code, **options)

    def assert_ok(self, outcome):
        self.assertEqual(outcome.reply["status"], "ok", outcome.outputs)

    def test_interrupt(self):
        cells = [
            "while (true) {}",
            "await new Promise((resolve) => setTimeout(resolve, 60_000))",
            "while (true) { await null }",
            "while (true) { await new Promise((resolve) => setImmediate(resolve)) }",
            "await 1; while (true) {}",
            "await 1; for (;;) Math.sqrt(2)",
            "for (const n of (function* () { while (true) yield 1 })()) Math.sqrt(n)",
            "/(a+)+b/.test('a'.repeat(40))",
            "while (true) { try { while (true) {} } catch (e) { console.log('caught') } }",
            "while (true) { try { } finally { continue } }",
            "function f() { for (;;) { try { f() } catch { } } }\nf()",
            "await 1; for (;;) { try { for (;;) {} } catch { } }",
            "for (;;) { try { await 1; for (;;) {} } catch { } }",
            "await null; do { await new Promise((r) => setTimeout(r, 5)) } while (true)",
        ]
        for number, cell in enumerate(cells):
            with self.subTest(cell=cell):
                outcome = self.run_cell(cell, interrupt_after=0.3)
                self.assertEqual(outcome.reply["status"], "error")
                self.assertEqual(outcome.reply["ename"], "Interrupted")
                after = self.run_cell(f"{number} + 1")
                self.assertEqual(after.result, str(number + 1))

    def test_a_cell_does_not_end_the_kernel(self):
        self.assert_ok(self.run_cell("let kept = 5"))
        for cell in ["process.exit(3)", "await 1; process.exit()", "process.abort()"]:
            with self.subTest(cell=cell):
                outcome = self.run_cell(cell)
                self.assertEqual(outcome.reply["status"], "error")
                self.assertIn("would end the notebook's kernel", outcome.reply["evalue"])
                self.assertEqual(self.run_cell("kept").result, "5")

    def test_what_only_ipython_knows_says_what_to_write(self):
        cells = {
            "%%bash\nls": "1:1 - %%bash is a magic of IPython; here it is (await import('node:child_process')).execSync('command'",
            "console.log(7)\n%time 1": "2:1 - %time is a magic of IPython; here it is console.time",
            "!ls -la": '1:1 - "!ls" runs a command in IPython',
            "console?": '1:1 - "console?" asks IPython for help; here it is Shift-Tab',
        }
        for code, said in cells.items():
            with self.subTest(code=code):
                outcome = self.run_cell(code)
                self.assertEqual(outcome.reply["ename"], "TypeScriptError")
                self.assertTrue(outcome.reply["evalue"].startswith(said), outcome.reply["evalue"])
                self.assertEqual(outcome.text, "")
        self.assert_ok(self.run_cell("const ready = false\n!ready"))

    def test_a_person_is_asked(self):
        request = self.kernel.send("const name = await prompt('who? ');\n[name, await prompt('and?', { password: true })]", allow_stdin=True)
        for question, secret, answer in [("who? ", False, "it's\tme"), ("and?", True, "x")]:
            asked = self.kernel.client.get_stdin_msg(timeout=30)
            self.assertEqual(asked["header"]["msg_type"], "input_request")
            self.assertEqual(asked["parent_header"]["msg_id"], request)
            self.assertEqual(asked["content"], {"prompt": question, "password": secret})
            self.kernel.client.input(answer)
        self.assertEqual(self.kernel.wait(request).result, "[ \"it's\\tme\", 'x' ]")
        outcome = self.run_cell("await prompt('who?')", allow_stdin=False)
        self.assertIn("nobody can be asked here", outcome.reply["evalue"])
        request = self.kernel.send("await prompt('who?')", allow_stdin=True)
        self.kernel.client.get_stdin_msg(timeout=30)
        self.assertEqual(self.kernel.wait(request, interrupt_after=0).reply["ename"], "Interrupted")

    def test_what_is_shown_is_replaced(self):
        first = self.run_cell("const shown = display.handle(1); shown.update(2)")
        self.assertEqual([kind for kind, _ in first.outputs if "display" in kind], ["display_data", "update_display_data"])
        identity = first.of("display_data")[0]["transient"]["display_id"]
        update = self.run_cell("shown.update([{ a: 3 }])").of("update_display_data")[0]
        self.assertEqual(update["transient"]["display_id"], identity)
        self.assertEqual(update["data"]["text/plain"], "a\n3\n1 rows")

    def test_an_interrupted_loop_ends(self):
        self.assert_ok(self.run_cell("let turns = 0"))
        loop = "while (true) { turns++; await new Promise((resolve) => setTimeout(resolve, 10)) }"
        self.run_cell(loop, interrupt_after=0.3)
        pause = "await new Promise((resolve) => setTimeout(resolve, 100));"
        first = self.run_cell(f"{pause} turns").result
        self.assertEqual(self.run_cell(f"{pause} turns").result, first)

    def test_a_background_loop_survives_an_interrupt_of_another_cell(self):
        self.assert_ok(
            self.run_cell(
                "let beats = 0; let beating = true;"
                "void (async () => { while (beating) { beats++; await new Promise((r) => setTimeout(r, 5)) } })()"
            )
        )
        self.run_cell("await new Promise((resolve) => setTimeout(resolve, 60_000))", interrupt_after=0.3)
        pause = "await new Promise((resolve) => setTimeout(resolve, 100));"
        outcome = self.run_cell(f"const before = beats; {pause} beats > before")
        self.assertEqual(outcome.result, "true")
        self.run_cell("beating = false")

    def test_error(self):
        outcome = self.run_cell("function inner() { throw new RangeError('too far') }\ninner()")
        self.assertEqual(outcome.reply["ename"], "RangeError")
        self.assertEqual(outcome.reply["evalue"], "too far")
        traceback = "\n".join(outcome.reply["traceback"])
        number = outcome.reply["execution_count"]
        self.assertIn(f"at inner (cell {number}, line 1)", traceback)
        self.assertIn(f"at cell {number}, line 2", traceback)
        self.assertNotIn("node:", traceback)
        self.assertEqual(outcome.of("error")[0]["ename"], "RangeError")

    def test_type_error_before_anything_runs(self):
        outcome = self.run_cell("console.log('ran'); vm.freeeze()")
        self.assertEqual(outcome.reply["ename"], "TypeScriptError")
        self.assertIn("Property 'freeeze' does not exist on type 'AnyGuest'", outcome.reply["evalue"])
        self.assertEqual(outcome.text, "")

    def test_thrown_values_of_all_kinds(self):
        for code in ("throw null", "throw 'text'", "throw { message: 5 }", "throw undefined"):
            with self.subTest(code=code):
                outcome = self.run_cell(code)
                self.assertEqual(outcome.reply["status"], "error")
                self.assertTrue(outcome.reply["traceback"])

    def test_no_target_says_how_to_open_one(self):
        outcome = self.run_cell("vm.maps")
        self.assertEqual(outcome.reply["ename"], "CryoscopeError")
        self.assertIn("await demo()", outcome.reply["evalue"])

    def test_import_of_the_library(self):
        outcome = self.run_cell("import { open as openIt, CryoscopeError } from 'cryoscope'; typeof openIt")
        self.assertEqual(outcome.result, "'function'")
        wrong = self.run_cell("const bad: number = await openIt('x')")
        self.assertIn("Type 'AnyGuest' is not assignable", wrong.reply["evalue"])
        missing = self.run_cell("try { await openIt('/no/such/file') } catch (e) { console.log(e instanceof CryoscopeError) }")
        self.assertEqual(missing.text, "true\n")

    def test_stop_on_error(self):
        requests = [self.kernel.send(code) for code in ("throw new Error('first')", "1", "2")]
        outcomes = [self.kernel.wait(request) for request in requests]
        self.assertEqual([o.reply["status"] for o in outcomes], ["error", "aborted", "aborted"])
        self.assertEqual(["execution_count" in o.reply for o in outcomes], [True, False, False])
        requests = [
            self.kernel.send("throw new Error('first')", stop_on_error=False),
            self.kernel.send("1"),
        ]
        outcomes = [self.kernel.wait(request) for request in requests]
        self.assertEqual([o.reply["status"] for o in outcomes], ["error", "ok"])

    def test_silent_and_history(self):
        before = int(self.run_cell("1").reply["execution_count"])
        silent = self.run_cell("console.log('quiet'); 5", silent=True)
        self.assertEqual(silent.of("execute_result") + silent.of("execute_input"), [])
        self.assertEqual(int(self.run_cell("2").reply["execution_count"]), before + 1)

    def test_user_expressions(self):
        outcome = self.run_cell("const six = 6", user_expressions={"twice": "six * 2", "bad": "six.no"})
        answers = outcome.reply["user_expressions"]
        self.assertEqual(answers["twice"]["data"]["text/plain"], "12")
        self.assertEqual(answers["bad"]["status"], "error")

    def test_late_output_goes_to_its_own_cell(self):
        first = self.kernel.send("setTimeout(() => console.log('late'), 200)")
        self.kernel.wait(first)
        self.kernel.wait(self.kernel.send("console.log('second')"))
        self.assertEqual(self.kernel.later(first, 0.6), [("stream", {"name": "stdout", "text": "late\n"})])

    def test_unhandled_rejection_is_shown_in_its_cell(self):
        first = self.kernel.send("setTimeout(() => Promise.reject(new Error('lost')), 100); 1")
        self.kernel.wait(first)
        self.kernel.wait(self.kernel.send("2"))
        [(kind, content)] = self.kernel.later(first, 0.5)
        self.assertEqual((kind, content["evalue"]), ("error", "lost"))
        second = self.kernel.send("setTimeout(() => { throw new Error('thrown late') }, 100); 1")
        self.kernel.wait(second)
        self.kernel.wait(self.kernel.send("2"))
        [(kind, content)] = self.kernel.later(second, 0.5)
        self.assertEqual((kind, content["evalue"]), ("error", "thrown late"))

    def test_flood(self):
        outcome = self.run_cell("for (let i = 0; i < 5000; i++) console.log(i)")
        self.assertEqual(outcome.text.split(), [str(n) for n in range(5000)])

    def test_await_forms(self):
        outcome = self.run_cell(
            "for await (const n of (async function* () { yield 1; yield 2 })()) console.log(n);\n"
            "await (Promise.resolve(3) as any)"
        )
        self.assertEqual((outcome.text, outcome.result), ("1\n2\n", "3"))

    def test_positions_count_characters(self):
        code = "const snow = '❄🧊'; snow.length.toFix"
        request = self.kernel.client.complete(code, len(code))
        reply = self.kernel.client.get_shell_msg(timeout=10)
        while reply["parent_header"]["msg_id"] != request:
            reply = self.kernel.client.get_shell_msg(timeout=10)
        content = reply["content"]
        self.assertEqual(content["matches"], ["toFixed"])
        self.assertEqual(code[content["cursor_start"] : content["cursor_end"]], "toFix")


if __name__ == "__main__":
    unittest.main()
