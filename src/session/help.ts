/** What `vm` offers, for the REPL and notebooks: one entry each, with an example. */
export interface HelpEntry {
  readonly name: string
  readonly example: string
  readonly text: string
}

export const helpEntries: readonly HelpEntry[] = [
  { name: 'freeze', example: 'await vm.freeze()', text: 'stop all vCPUs' },
  { name: 'thaw', example: 'await vm.thaw()', text: 'let them run' },
  { name: 'advance', example: 'await vm.advance({ ms: 5 })', text: 'run for a time slice, then freeze' },
  {
    name: 'step',
    example: 'await vm.vcpus[1].step(10)',
    text: 'execute instructions on one vCPU, the others stand still',
  },
  {
    name: 'runUntil',
    example: "await vm.runUntil('schedule')",
    text: "run until a symbol or address is reached, or memory is written: vm.runUntil({ write: 'jiffies' })",
  },
  {
    name: 'args',
    example: "await vm.runUntil('enqueue_task_scx'); vm.args().p.comm",
    text: 'the arguments of the function at whose first instruction a vCPU stands, typed; vm.args(1) of vCPU 1',
  },
  {
    name: 'checkpoint',
    example: "await vm.checkpoint('before')",
    text: 'save the state of the guest: memory, registers, devices',
  },
  { name: 'restore', example: "await vm.restore('before')", text: 'go back to a saved state' },
  {
    name: 'checkpoints',
    example: 'await vm.checkpoints()',
    text: "saved states; vm.deleteCheckpoint('before') forgets one",
  },
  {
    name: 'time',
    example: 'vm.time',
    text: 'where a deterministic guest is: instructions, ns, vCPU, and whether this is a branch of its record',
  },
  {
    name: 'goTo',
    example: 'await vm.goTo({ ms: 11_500 })',
    text: "go to a place of the record: a time, instructions, 'start', 'end', an event; vm.back({ ms: 5 }), vm.stepBack(cpu), vm.runBack('schedule')",
  },
  {
    name: 'writes',
    example: "await vm.writes({ map: 'pid_stats', key: 1 })",
    text: 'every store into a place: when, who, before and after; vm.lastWrite(place) and (await vm.firstWrite(place)).go()',
  },
  {
    name: 'calls',
    example: "await vm.calls('scx_bpf_dsq_insert', { from: { ms: 11_000 } })",
    text: 'every call of a function: who, arguments, result, duration',
  },
  {
    name: 'series',
    example: 'await vm.series((vm) => vm.sched.queue(0x77n).depth)',
    text: 'every value an expression had, and who changed it; vm.when((vm) => condition) is the first moment at which one is true',
  },
  {
    name: 'trace',
    example:
      "await vm.trace({ at: 'schedule', take: (vm) => ({ queued: vm.sched.queues.length }), for: { ms: 100 } })",
    text: 'a row for each call of a function or write to memory, of any guest: by stops, or along a record; .cost says what it took',
  },
  {
    name: 'vcpus',
    example: 'vm.vcpus[0].where',
    text: 'registers, symbolised instruction pointer, current task',
  },
  { name: 'maps', example: 'vm.maps.map(m => m.name)', text: 'every BPF map' },
  { name: 'map', example: "vm.map('pid_stats').get(1)", text: 'one BPF map: get(key), entries(), variables' },
  {
    name: 'addObject',
    example: "vm.addObject('./my_scheduler')",
    text: 'the file that programs were loaded from: pointers in integers are recovered from it',
  },
  {
    name: 'onlyProven',
    example: 'vm.onlyProven = true',
    text: 'integers are shown as pointers only where that is proven, not where it is supported',
  },
  { name: 'progs', example: 'vm.progs', text: 'every BPF program' },
  {
    name: 'prog',
    example: "vm.prog('demo_enqueue').xlated.map(i => i.text)",
    text: 'one BPF program: xlated, jited, links, structOps, streams, timePerRun',
  },
  { name: 'links', example: 'vm.links', text: 'every BPF link: what a program is attached to' },
  { name: 'arenas', example: 'vm.arenas', text: 'every BPF arena: pages, globals, free ranges' },
  {
    name: 'arena',
    example: "vm.arena('arena').describe(0x100000000020n)",
    text: 'one arena: at(address, type), describe(address), read(address, length), globals',
  },
  {
    name: 'allocators',
    example: 'vm.allocators.map(a => a.name)',
    text: 'what hands out memory of arenas',
  },
  {
    name: 'allocator',
    example: "vm.allocator('scx_task_allocator').live[0].value",
    text: 'one allocator: live, at(index), leaks, dangling, problems',
  },
  {
    name: 'containers',
    example: 'vm.containers.map(c => [c.name, c.kind])',
    text: 'data structures of the sched_ext library in arenas: trees, heaps, queues, bitmaps, the topology',
  },
  {
    name: 'container',
    example: "[...vm.container('topo_all')].map(e => e.details.cpus)",
    text: 'one of them: entries in its own order, at(key), count, state, problems',
  },
  { name: 'tasks', example: 'vm.tasks.filter(t => !t.isKernelThread)', text: 'every thread' },
  { name: 'task', example: 'vm.task(1).comm', text: 'the task_struct with a pid' },
  { name: 'stack', example: 'vm.stack(42).frames', text: 'the kernel stack of a task, running or not' },
  { name: 'dmesg', example: 'vm.dmesg.filter(r => r.level <= 4)', text: 'the kernel log' },
  {
    name: 'panic',
    example: 'vm.panic?.message',
    text: 'that the kernel panicked: CPU, task, message, cause',
  },
  {
    name: 'sched',
    example: 'vm.sched.queues',
    text: 'the scheduler: state, schedulers, runqueues, queues, events, waiting, watchdog, task(pid), stack(pid)',
  },
  {
    name: 'story',
    example: 'vm.story()',
    text: 'what is going on, in sentences: who waits and why, what is odd',
  },
  {
    name: 'report',
    example: 'vm.report().diff(before).lasting',
    text: 'everything at this moment: head, entries(map), text(), json(), html(), diff(before)',
  },
  {
    name: 'context',
    example: 'vm.context(42).items',
    text: 'all that BPF keeps of a task: task storage, map entries, arena memory, dispatch queue; of(map). The same is vm.task(42).$bpf',
  },
  { name: 'why', example: 'vm.why(42).reasons', text: 'why a task is not running' },
  {
    name: 'variable',
    example: "vm.variable('init_task').se.vruntime",
    text: 'a global of the kernel; per-CPU ones take a CPU',
  },
  { name: 'symbol', example: "vm.symbol('schedule')", text: 'a symbol by name or address' },
  { name: 'type', example: "vm.type('struct rq')", text: 'a type by its C name' },
  {
    name: 'at',
    example: "vm.at('init_task', 'struct task_struct')",
    text: 'what lies at an address, as a type',
  },
  {
    name: 'list',
    example: "vm.list(vm.task(1).children, 'struct task_struct', 'sibling')",
    text: 'the structs on a list; hlist, rbtree and rhashtable likewise, each with its type and linking member',
  },
  {
    name: 'xarray',
    example: "vm.xarray('map_idr', 'struct bpf_map').take(3)",
    text: 'what an xarray or idr points at, by index',
  },
  {
    name: 'maple',
    example: "vm.maple(vm.task(1).mm.mm_mt, 'struct vm_area_struct')",
    text: 'what a maple tree points at, by range: the memory map of a process',
  },
  {
    name: 'write',
    example: "vm.write({ map: 'control', key: 0 }, { pause: 1 })",
    text: 'write to a frozen guest: a map entry, a value, a typed global, an address with a type',
  },
  { name: 'undo', example: 'vm.undo()', text: 'take the newest write back; vm.written lists them' },
  {
    name: 'kernel',
    example: 'vm.kernel.release',
    text: 'symbols, types, page tables, how the kernel was found',
  },
  { name: 'dump', example: "await vm.dump('vmcore')", text: 'write a dump' },
  {
    name: 'mount',
    example: "await vm.mount('/mnt')",
    text: 'show the target as files; read them from other processes only',
  },
]

/** All entries, or those whose name holds the topic. */
export function helpText(topic = ''): string {
  const found = helpEntries.filter(({ name }) => name.includes(topic))
  const entries = found.length > 0 ? found : helpEntries
  const width = Math.max(...entries.map(({ example }) => example.length))
  const lines = entries.map(({ example, text }) => `  ${example.padEnd(width)}  ${text}`)
  const missing = found.length > 0 ? [] : [`nothing is called ${topic}; there is:`]
  return [...missing, ...lines].join('\n')
}
