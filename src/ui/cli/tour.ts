/** What a newcomer can try at the demo's prompt. Every name is one of examples/scx_demo. */
export const tour = `
The guest stands still. Its memory is all that cryoscope reads: no vmlinux, no debug package, no agent.
Five things to try:

  1. vm.map('pid_stats').get(1)          what the scheduler noted about pid 1, typed by its own BTF
  2. vm.map('scx_demo.bss').variables    its global variables by name
  3. vm.task(1).sched_class              the task_struct of pid 1; vm.task(1).se.vruntime, … any member
  4. await vm.advance({ ms: 5 })         let it run for 5 ms, then look at 1. again
  5. await vm.runUntil('schedule')       run until a vCPU enters schedule(); vm.vcpus.map(v => v.where)

vm.help() lists the rest. Ctrl-D ends the guest and leaves nothing behind.
`
