"""What cells show: values in outputs, not only that cells end. One kernel with the guest that CRYOSCOPE_DEMO names."""

import html
import json
import unittest

from support import Kernel


class Values(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()
        before = cls.kernel.run("vm", timeout=150)
        assert "no target is open: vm = await demo()" in before.result, before.outputs
        outcome = cls.kernel.run("vm = await demo()\nvm.state", timeout=200)
        assert outcome.result == "'frozen'", outcome.outputs

    @classmethod
    def tearDownClass(cls):
        cls.kernel.__exit__()

    def data(self, code):
        outcome = self.kernel.run(code, timeout=150)
        self.assertEqual(outcome.reply["status"], "ok", outcome.outputs)
        return outcome.of("execute_result")[0]["data"]

    def test_the_pointer_of_a_task_leads_to_its_context(self):
        self.kernel.run("const entry = vm.map('scx_task_map').get(1)", timeout=150)
        shown = self.data("tree(entry.data)")
        self.assertRegex(shown["text/html"], r"\.payload .*struct task_ctx")
        self.assertEqual(self.data("[entry.data.payload.pid, entry.data.$payload.comm]")["text/plain"], "[ 1, 'init' ]")
        place = "vm.arenas[0].describe(entry.data.$value)"
        self.assertEqual(self.data(f"[{place}.value.pid, {place}.value.comm]")["text/plain"], "[ 1, 'init' ]")
        refused = self.kernel.run("vm.arenas[0].at(entry.data.$value, 'struct task_ctx')", timeout=150)
        self.assertIn("is the header of scx_task_allocator", refused.reply["evalue"])

    def test_no_column_vanishes(self):
        shown = self.data("vm.tasks.slice(0, 3).map((t) => ({ ...t, waitedMs: 3 }))")
        self.assertRegex(shown["text/plain"], r"^PID .* waitedMs\n")
        self.assertIn("waitedMs</th>", shown["text/html"])
        shown = self.data("table([{ a: 1 }, { a: 2, b: 'late' }])")
        self.assertEqual(shown["text/plain"], "a  b\n1  -\n2  late\n2 rows")

    def test_lists_are_tables(self):
        # At a moment when somebody waits: at most of them nobody does.
        wait = "for (let i = 0; i < 200 && vm.sched.waiting.length === 0; i++) await vm.advance({ ms: 3 })\nvm.sched.waiting.length > 0"
        self.assertEqual(self.data(wait)["text/plain"], "true")
        for code, head in (("vm.sched.waiting", "PID"), ("vm.sched.queues", "DSQ"), ("vm.sched.events", "SCHEDULER")):
            with self.subTest(code=code):
                shown = self.data(code)
                self.assertTrue(shown["text/plain"].startswith(head), shown["text/plain"])
                self.assertIn("<table", shown["text/html"])

    def test_a_tree_has_recovered_pointers_and_folds_zeros(self):
        shown = self.data("tree(vm.map('scx_task_map').get(1))")["text/html"]
        self.assertRegex(shown, r"<details><summary><span class=\"m\">\.tptr .*struct task_struct \*.*recovered, proven")
        task = self.data("vm.task(1)")["text/html"]
        self.assertRegex(task, r"\d+ members are zero")
        self.assertNotRegex(task, r"0 inside; browse")
        self.assertLess(self.data("vm.task(1)")["text/plain"].count(" = 0,"), 20)

    def test_globals_are_written_and_taken_back(self):
        section = "vm.map('scx_demo.rodata').variables"
        cell = (
            f"const before = {section}.slice_ns\nvm.write('slice_ns', 5n)\nconst first = {section}.slice_ns\n"
            f"{section}.slice_ns = 7n\nconst second = {section}.slice_ns\nvm.undo(); vm.undo();\n"
            f"[first, second, {section}.slice_ns === before]"
        )
        self.assertEqual(self.data(cell)["text/plain"], "[ 5n, 7n, true ]")

    def test_live_views_have_a_picture_that_stays(self):
        shown = self.data("await browse(vm.tasks)")
        self.assertIn("[kthreadd]", shown["text/html"])
        self.assertNotIn("onclick", shown["text/html"])
        self.assertIn("application/vnd.jupyter.widget-view+json", shown)
        # Where the vCPUs stand and what they run is another place at each stop.
        picture = self.data("controlBar(vm)")["text/html"]
        for place in json.loads(self.data("JSON.stringify(vm.vcpus.map(({ where, task }) => [where ?? '', task?.name ?? '']))")["text/plain"].strip("'")):
            for text in place:
                self.assertIn(html.escape(text), picture)
        self.assertEqual(picture.count("<tr"), 1 + len(json.loads(self.data("JSON.stringify(vm.vcpus.map(({ index }) => index))")["text/plain"].strip("'"))))

    def test_frames_of_maps_and_tasks(self):
        shown = self.data("vm.map('pid_stats').frame().join(vm.tasks.frame()).filter((row) => row.pid === 1).select('key', 'value.comm', 'name')")
        self.assertRegex(shown["text/plain"], r"^key  value.comm  name\n  1  init        init\n1 rows$")
        count = "vm.map('scx_task_map').frame().length === [...vm.map('scx_task_map').entries()].length"
        self.assertEqual(self.data(count)["text/plain"], "true")
        exact = "vm.map('pid_stats').frame().rollup({ sum: op.sum('value.runtime_ns') }).cell(0, 'sum') === [...vm.map('pid_stats').entries()].reduce((sum, { value }) => sum + value.value.runtime_ns, 0n)"
        self.assertEqual(self.data(exact)["text/plain"], "true")

    def test_a_guest_over_time(self):
        cell = (
            "const samples = await vm.record({ every: { ms: 5 }, for: { ms: 25 } }, () => ({ ticks: vm.map('pid_stats').get(1).nr_run }));\n"
            "[samples.names.join(), samples.cell(0, 'ms'), samples.length > 1, samples.cell(samples.length - 1, 'ms') >= 25, vm.state]"
        )
        self.assertEqual(self.data(cell)["text/plain"], "[ 'ms,sliceMs,overMs,ticks', 0, true, true, 'frozen' ]")
        self.assertIn("<svg", self.data("series(samples, { y: 'ticks' })")["text/html"])

    def test_outputs_have_the_style_that_they_need(self):
        shown = self.data("vm.maps")["text/html"]
        self.assertIn(".cs table", shown)
        self.assertNotIn(".cs .lane", shown)
        self.assertNotIn(".cs details", shown)

    def test_text_keeps_names_whole(self):
        *rows, last = self.data("vm.tasks")["text/plain"].split("\n")
        self.assertFalse([row for row in rows if "…" in row])
        self.assertTrue([row for row in rows if "[rcu_exp_par_gp_kthread_worker/0]" in row])
        self.assertRegex(last, r"^the first 60 of \d+ tasks; browse\(…\) pages through all$")


if __name__ == "__main__":
    unittest.main()
