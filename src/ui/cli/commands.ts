import { type CommandSummary, commandSummaries } from '../command-summaries.js'
import type { CommandDefinition } from './definition.js'

type Load = () => Promise<CommandDefinition<never>>

/** A line of the table of commands: what `cryoscope --help` needs without loading the command. */
export interface CommandEntry extends CommandSummary {
  readonly load: Load
  /** The whole table, for commands that speak of commands. */
  readonly table: () => readonly CommandEntry[]
}

/** Each command is loaded when it is called, and only then. */
const loaders: Readonly<Record<(typeof commandSummaries)[number]['name'], Load>> = {
  demo: async () => (await import('./commands/demo.js')).demo,
  boot: async () => (await import('./commands/boot.js')).boot,
  ps: async () => (await import('./commands/ps.js')).ps,
  stop: async () => (await import('./commands/stop.js')).stop,
  freeze: async () => (await import('./commands/freeze.js')).freeze,
  thaw: async () => (await import('./commands/thaw.js')).thaw,
  advance: async () => (await import('./commands/advance.js')).advance,
  step: async () => (await import('./commands/step.js')).step,
  checkpoint: async () => (await import('./commands/checkpoint.js')).checkpoint,
  restore: async () => (await import('./commands/restore.js')).restore,
  checkpoints: async () => (await import('./commands/checkpoints.js')).checkpoints,
  info: async () => (await import('./commands/info.js')).info,
  vcpus: async () => (await import('./commands/vcpus.js')).vcpus,
  maps: async () => (await import('./commands/maps.js')).maps,
  map: async () => (await import('./commands/map.js')).map,
  progs: async () => (await import('./commands/progs.js')).progs,
  prog: async () => (await import('./commands/prog.js')).prog,
  arenas: async () => (await import('./commands/arenas.js')).arenas,
  arena: async () => (await import('./commands/arena.js')).arena,
  allocators: async () => (await import('./commands/allocators.js')).allocators,
  containers: async () => (await import('./commands/containers.js')).containers,
  stack: async () => (await import('./commands/stack.js')).stack,
  dmesg: async () => (await import('./commands/dmesg.js')).dmesg,
  console: async () => (await import('./commands/console.js')).console,
  tasks: async () => (await import('./commands/tasks.js')).tasks,
  sched: async () => (await import('./commands/sched.js')).sched,
  context: async () => (await import('./commands/context.js')).context,
  why: async () => (await import('./commands/why.js')).why,
  report: async () => (await import('./commands/report.js')).report,
  diff: async () => (await import('./commands/diff.js')).diff,
  symbol: async () => (await import('./commands/symbol.js')).symbol,
  type: async () => (await import('./commands/type.js')).type,
  types: async () => (await import('./commands/types.js')).types,
  record: async () => (await import('./commands/record.js')).record,
  writes: async () => (await import('./commands/writes.js')).writes,
  calls: async () => (await import('./commands/calls.js')).calls,
  series: async () => (await import('./commands/series.js')).series,
  when: async () => (await import('./commands/when.js')).when,
  trace: async () => (await import('./commands/trace.js')).trace,
  explore: async () => (await import('./commands/explore.js')).explore,
  tui: async () => (await import('./commands/tui.js')).tui,
  repl: async () => (await import('./commands/repl.js')).repl,
  dump: async () => (await import('./commands/dump.js')).dump,
  mount: async () => (await import('./commands/mount.js')).mount,
  unmount: async () => (await import('./commands/unmount.js')).unmount,
  casts: async () => (await import('./commands/casts.js')).casts,
  kernel: async () => (await import('./commands/kernel.js')).kernel,
  completion: async () => (await import('./commands/completion.js')).completion,
  doctor: async () => (await import('./commands/doctor.js')).doctor,
}

/** Every command, in the order in which help shows them. */
export const commands: readonly CommandEntry[] = commandSummaries.map((summary) => ({
  ...summary,
  load: loaders[summary.name],
  table: () => commands,
}))
