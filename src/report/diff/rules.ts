/** An item of a list in a report. */
export type Item = Readonly<Record<string, unknown>>

/**
 * Lists whose items have names of their own, by path: two items are the same when their keys are equal, wherever they stand.
 * Items of other lists are compared place by place. Addresses are no names: they differ from boot to boot.
 */
export const keys: Readonly<Record<string, (item: Item) => unknown>> = {
  vcpus: ({ cpu, index }) => cpu ?? `vCPU ${index}`,
  tasks: ({ pid, cpu }) => (pid === 0 ? `0@${cpu}` : pid),
  'sched.schedulers': ({ name }) => name,
  'sched.runqueues': ({ cpu }) => cpu,
  'sched.runqueues[].schedExt.runnable': ({ pid }) => pid,
  'sched.runqueues[].schedExt.deferred': ({ pid }) => pid,
  'sched.queues': ({ name }) => name,
  'sched.queues[].tasks': ({ pid }) => pid,
  'sched.events[].counters': ({ name }) => name,
  'sched.events[].counters[].cpus': ({ cpu }) => cpu,
  'sched.exitLog': ({ scheduler, time }) => `${scheduler} at ${time}`,
  'sched.absent': ({ group }) => group,
  domains: ({ cpu }) => cpu,
  'domains[].domains': ({ name }) => name,
  cpuTime: ({ cpu }) => cpu,
  numa: ({ node }) => node,
  streams: ({ name }) => name,
  'structOps.members': ({ mapName, member }) => `${mapName}.${member}`,
  'sched.objects': ({ mapName }) => mapName,
  arenas: ({ name }) => name,
  'arenas[].programs': ({ name }) => name,
  allocators: ({ name }) => name,
  'allocators[].leaks': ({ index }) => index,
  'allocators[].dangling': ({ from }) => from,
  containers: ({ name }) => name,
  log: ({ sequence }) => sequence,
  'environment.facts': ({ fact }) => fact,
  problems: ({ code, subject, message }) => `${code} ${subject}: ${message}`,
}

/** Where something lies is no difference, and bytes say nothing that the value does not. */
export const ignored =
  /(^|\.)(address|queueAddress|jitedAddress|timeoutAddress|userStart|userEnd|kernelStart|kernelEnd|trampoline|milliseconds)$|^sched\.taskList|^sched\.queues\[\]\.scheduler$|^sched\.events\[\]\.scheduler$|^domains\[\]\.domains\[\]\.address$|^environment\.facts\[\]\.how$|^sched\.objects\[\]\.score$|\.evidence(\[\])?$|^allocators\[\]\.regions\[\]\.address$/

/** What moves whenever a guest runs: clocks, counters of work done, registers. */
export const volatile = new RegExp(
  [
    '^time\\.',
    '^vcpus\\[\\]',
    '^tasks\\[\\]\\.stack',
    '^tasks\\[\\]\\.details\\.(voluntarySwitches|involuntarySwitches|endedThreadsSwitches)',
    '^tasks\\[\\]\\.details\\.schedExt\\.(slice|virtualTime|runnableMs|runnableAt|coreSchedAt)',
    '^sched\\.runqueues\\[\\]\\.(clock|switches)$',
    '^sched\\.runqueues\\[\\]\\.schedExt\\.(clock|opsSequence|kickSync)$',
    '^sched\\..*\\.(waitingMs|slice|virtualTime)$',
    '^sched\\.queues\\[\\]\\.sequence$',
    '^sched\\.events',
    '^sched\\.watchdog\\.ageMs$',
    '^domains\\[\\]\\.(counts|cpuTime|runDelay|timeslices)',
    '^domains\\[\\]\\.domains\\[\\]\\.(balancing|counts|newidle|maxNewidleCost|balanceInterval|failedBalances)',
    '^cpuTime\\[\\]',
    '^numa\\[\\]',
    '^programs\\[\\]\\.(runCount|runTimeNs)$',
  ].join('|'),
)
