"""Cells know the structs of the target that is open: its kernel's and those of its BPF programs."""

import unittest

from support import Kernel


class Types(unittest.TestCase):
    """One kernel with the guest that CRYOSCOPE_DEMO names."""

    @classmethod
    def setUpClass(cls):
        cls.kernel = Kernel()
        outcome = cls.kernel.run("const shown = console.log\nvm = await demo()\nvm.state", timeout=200)
        assert outcome.result == "'frozen'", outcome.outputs

    @classmethod
    def tearDownClass(cls):
        cls.kernel.__exit__()

    def run_cell(self, code):
        return self.kernel.run(code, timeout=150)

    def ask(self, method, code):
        request = getattr(self.kernel.client, method)(code, len(code))
        while True:
            reply = self.kernel.client.get_shell_msg(timeout=150)
            if reply["parent_header"].get("msg_id") == request:
                return reply["content"]

    def test_mistakes_are_found_before_anything_runs(self):
        cells = {
            "vm.variable('init_task').se.vruntim": "1:39 - Property 'vruntim' does not exist on type 'sched_entity'. Did you mean 'vruntime'?",
            "1\nvm.task(1).comn": "2:12 - Property 'comn' does not exist on type 'task_struct'. Did you mean 'comm'?",
            "vm.map('pid_stats').get(1).weigh": "1:38 - Property 'weigh' does not exist on type 'pid_stats'. Did you mean 'weight'?",
            "vm.map('pid_stat')": "1:18 - There is no map 'pid_stat' in this target; did you mean 'pid_stats'?",
            "vm.task(1).se.vruntime + 1": "1:11 - Operator '+' cannot be applied to types 'bigint' and '1'.",
            "vm.task(1).pid = 2": "1:22 - Cannot assign to 'pid' because it is a read-only property.",
        }
        for code, said in cells.items():
            with self.subTest(code=code):
                outcome = self.run_cell(f"shown(5); {code}")
                self.assertEqual(outcome.reply["ename"], "TypeScriptError", outcome.outputs)
                self.assertEqual(outcome.reply["evalue"], said)
                self.assertEqual(outcome.text, "")

    def test_what_is_right_runs(self):
        outcome = self.run_cell("const init = vm.task(1);\n[init.comm, typeof init.se.vruntime]")
        self.assertEqual(outcome.result, "[ 'init', 'bigint' ]")
        later = self.run_cell("init.se.vruntim")
        self.assertIn("Did you mean 'vruntime'", later.reply["evalue"])
        self.assertEqual(self.run_cell("init.se.on_rq + 1").reply["status"], "ok")
        self.assertEqual(self.run_cell("let text: string = 5").reply["ename"], "TypeScriptError")

    def test_completion(self):
        members = self.ask("complete", "vm.variable('init_task').se.")["matches"]
        self.assertIn("vruntime", members)
        self.assertIn("load", members)
        content = self.ask("complete", "vm.map('pid_stats').get(1).wei")
        self.assertEqual((content["matches"], content["cursor_start"], content["cursor_end"]), (["weight"], 27, 30))
        self.assertIn("pid_stats", self.ask("complete", "vm.map('pid_")["matches"])
        self.assertIn("controlBar", self.ask("complete", "contr")["matches"])

    def test_inspection(self):
        text = self.ask("inspect", "vm.variable('init_task').se")["data"]["text/plain"]
        self.assertIn("task_struct.se: sched_entity", text)
        self.assertRegex(text, r"struct sched_entity, offset \d+, \d+ bytes")
        self.assertIn("One BPF map by name", self.ask("inspect", "vm.map(")["data"]["text/plain"])
        self.assertIn("How often values fall where", self.ask("inspect", "histogram(")["data"]["text/plain"])

    def test_another_target_has_other_types(self):
        outcome = self.run_cell("const { vm: other } = { vm }\nvm = other\nvm.task(1).anything")
        self.assertNotEqual(outcome.reply.get("ename"), "TypeScriptError")


if __name__ == "__main__":
    unittest.main()
