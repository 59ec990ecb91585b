/** What `cryoscope --help` says of a command; the README files of a mount say the same. */
export interface CommandSummary {
  readonly name: string
  readonly group: Group
  readonly summary: string
  /** One call that works as it stands. */
  readonly example: string
}

export const groups = ['Start a guest', 'Control it', 'Look inside', 'Go back in time', 'Tools'] as const
export type Group = (typeof groups)[number]

/** Every command, in the order in which help shows them. */
export const commandSummaries = [
  {
    name: 'demo',
    group: 'Start a guest',
    summary: 'boot the demo guest and open the terminal UI with a short tour',
    example: 'cryoscope demo',
  },
  {
    name: 'boot',
    group: 'Start a guest',
    summary: 'start a guest with your programs in it',
    example: 'cryoscope boot --kernel 6.18 --run ./my_scheduler --detach',
  },
  {
    name: 'ps',
    group: 'Start a guest',
    summary: 'list the guests that are running',
    example: 'cryoscope ps',
  },
  {
    name: 'stop',
    group: 'Start a guest',
    summary: 'end a guest and remove all it had on this machine',
    example: 'cryoscope stop @vm1',
  },
  {
    name: 'freeze',
    group: 'Control it',
    summary: 'stop every vCPU, and say where each stands',
    example: 'cryoscope freeze @vm1',
  },
  {
    name: 'thaw',
    group: 'Control it',
    summary: 'let the guest run',
    example: 'cryoscope thaw @vm1',
  },
  {
    name: 'advance',
    group: 'Control it',
    summary: 'let the guest run for some milliseconds, then freeze it',
    example: 'cryoscope advance @vm1 --ms 5',
  },
  {
    name: 'step',
    group: 'Control it',
    summary: 'execute instructions on one vCPU while the others stand still',
    example: 'cryoscope step @vm1 --vcpu 1 --count 10',
  },
  {
    name: 'checkpoint',
    group: 'Control it',
    summary: 'save the state of a guest, to come back to it',
    example: 'cryoscope checkpoint @vm1 before',
  },
  {
    name: 'restore',
    group: 'Control it',
    summary: 'bring a saved state back; the guest is frozen then',
    example: 'cryoscope restore @vm1 before',
  },
  {
    name: 'checkpoints',
    group: 'Control it',
    summary: 'list the saved states of a guest, or delete one',
    example: 'cryoscope checkpoints @vm1',
  },
  {
    name: 'info',
    group: 'Look inside',
    summary: 'kernel, vCPUs, memory, and where symbols and types came from',
    example: 'cryoscope info vmcore',
  },
  {
    name: 'vcpus',
    group: 'Look inside',
    summary: 'registers of every vCPU, where it stands and what it runs',
    example: 'cryoscope vcpus @vm1',
  },
  {
    name: 'stack',
    group: 'Look inside',
    summary: 'the kernel stack of every vCPU, or of a task',
    example: 'cryoscope stack vmcore 42',
  },
  {
    name: 'dmesg',
    group: 'Look inside',
    summary: 'the kernel log',
    example: 'cryoscope dmesg vmcore --level warn',
  },
  {
    name: 'console',
    group: 'Look inside',
    summary: 'what a guest wrote to its console',
    example: 'cryoscope console @vm1 --follow',
  },
  {
    name: 'maps',
    group: 'Look inside',
    summary: 'every BPF map',
    example: 'cryoscope maps @vm1',
  },
  {
    name: 'map',
    group: 'Look inside',
    summary: 'what one BPF map holds, typed',
    example: 'cryoscope map @vm1 pid_stats --key 42',
  },
  {
    name: 'progs',
    group: 'Look inside',
    summary: 'every BPF program',
    example: 'cryoscope progs @vm1',
  },
  {
    name: 'prog',
    group: 'Look inside',
    summary: 'one BPF program: what it is and how often it ran',
    example: 'cryoscope prog @vm1 demo_enqueue',
  },
  {
    name: 'arenas',
    group: 'Look inside',
    summary: 'every BPF arena and its pages',
    example: 'cryoscope arenas @vm1',
  },
  {
    name: 'arena',
    group: 'Look inside',
    summary: 'one BPF arena, or what lies at an address in it',
    example: 'cryoscope arena @vm1 arena --read 0x10000000c008',
  },
  {
    name: 'allocators',
    group: 'Look inside',
    summary: 'what allocators in arenas handed out, leaked and left dangling',
    example: 'cryoscope allocators @vm1 scx_task_allocator',
  },
  {
    name: 'containers',
    group: 'Look inside',
    summary: 'trees, heaps, queues, bitmaps and topologies in arenas',
    example: 'cryoscope containers @vm1 topo_all',
  },
  {
    name: 'tasks',
    group: 'Look inside',
    summary: 'every task, or one by its pid',
    example: 'cryoscope tasks @vm1 1',
  },
  {
    name: 'sched',
    group: 'Look inside',
    summary: 'sched_ext: schedulers, runqueues, dispatch queues, who waits, events',
    example: 'cryoscope sched @vm1',
  },
  {
    name: 'context',
    group: 'Look inside',
    summary: 'all that BPF keeps of a task',
    example: 'cryoscope context @vm1 42',
  },
  {
    name: 'why',
    group: 'Look inside',
    summary: 'why a task is not running',
    example: 'cryoscope why @vm1 42',
  },
  {
    name: 'report',
    group: 'Look inside',
    summary: 'everything at once: what is going on, every map and task',
    example: 'cryoscope report vmcore --html report.html',
  },
  {
    name: 'diff',
    group: 'Look inside',
    summary: 'what differs between two guests, dumps or reports',
    example: 'cryoscope diff before.json @vm1',
  },
  {
    name: 'symbol',
    group: 'Look inside',
    summary: 'the address of a symbol, or the symbol at an address',
    example: 'cryoscope symbol @vm1 init_task',
  },
  {
    name: 'type',
    group: 'Look inside',
    summary: 'a C type as pahole prints it, or as TypeScript',
    example: "cryoscope type @vm1 'struct rq' --offsets",
  },
  {
    name: 'types',
    group: 'Look inside',
    summary: 'TypeScript declarations of everything in a target, for an editor',
    example: 'cryoscope types @vm1 --output guest.d.ts',
  },
  {
    name: 'record',
    group: 'Go back in time',
    summary: 'write a run to a file that others go back in',
    example: 'cryoscope record --run ./my_scheduler -o run.cryo',
  },
  {
    name: 'writes',
    group: 'Go back in time',
    summary: 'who wrote it: every store into a place',
    example: "cryoscope writes run.cryo 'map:pid_stats[1]'",
  },
  {
    name: 'calls',
    group: 'Go back in time',
    summary: 'every call of a function: who, arguments, result, duration',
    example: 'cryoscope calls run.cryo schedule --from 11s',
  },
  {
    name: 'series',
    group: 'Go back in time',
    summary: 'every value that code had over time, and who changed it',
    example: 'cryoscope series run.cryo "vm.map(\'control\').get(0).pause"',
  },
  {
    name: 'when',
    group: 'Go back in time',
    summary: 'the first moment at which code is true',
    example: 'cryoscope when run.cryo "vm.map(\'control\').get(0).pause === 1"',
  },
  {
    name: 'trace',
    group: 'Go back in time',
    summary: 'tasks, programs and queues over time, for ui.perfetto.dev',
    example: 'cryoscope trace run.cryo -o run.pftrace',
  },
  {
    name: 'explore',
    group: 'Go back in time',
    summary: 'hold an invariant to many seeds, each another interleaving',
    example: 'cryoscope explore --seeds 1..99 --check c.ts --run ./sched',
  },
  {
    name: 'tui',
    group: 'Tools',
    summary: 'look around in the terminal UI',
    example: 'cryoscope tui @vm1',
  },
  {
    name: 'repl',
    group: 'Tools',
    summary: 'a TypeScript prompt in which vm is the target, typed by its own BTF',
    example: "cryoscope repl @vm1 -e 'vm.maps.length'",
  },
  {
    name: 'dump',
    group: 'Tools',
    summary: 'write the memory of a guest as a vmcore',
    example: 'cryoscope dump @vm1 vmcore',
  },
  {
    name: 'mount',
    group: 'Tools',
    summary: 'show a target as files, for ls, grep, jq, diff, gdb and drgn',
    example: 'cryoscope mount @vm1 /mnt',
  },
  {
    name: 'unmount',
    group: 'Tools',
    summary: 'end a mount',
    example: 'cryoscope unmount /mnt',
  },
  {
    name: 'casts',
    group: 'Tools',
    summary: 'integers of BPF programs that hold pointers, proven from their code',
    example: 'cryoscope casts my_scheduler.bpf.o',
  },
  {
    name: 'kernel',
    group: 'Tools',
    summary: 'install the Jupyter kernel for notebooks',
    example: 'cryoscope kernel install',
  },
  {
    name: 'completion',
    group: 'Tools',
    summary: 'print the script by which a shell completes cryoscope',
    example: 'cryoscope completion bash',
  },
  {
    name: 'doctor',
    group: 'Tools',
    summary: 'what is installed, what is missing, and the command that installs it',
    example: 'cryoscope doctor --fix',
  },
] as const satisfies readonly CommandSummary[]
