import { Found } from '../../../src/found.js'
import { Problems } from '../../../src/problems.js'
import type { Scene } from '../../../src/sched/scene.js'
import { KernelGuest } from '../../support/kernel-guest.js'

type Parts = Readonly<Record<string, unknown>>

let known: ReturnType<KernelGuest['kernel']> | undefined

/** A scene in which nothing is odd: task 7 of sched_ext is ready and on no queue; CPUs 0 and 2 run tasks of sched_ext, too. */
export function sceneOf(
  parts: Parts = {},
  { details = {}, entity = {}, scheduler = {} }: Readonly<Record<string, Parts>> = {},
): Scene {
  known ??= new KernelGuest().kernel()
  const task = { address: 0x7000n, pid: 7, name: 'victim', state: 'R', cpu: 2, isRunning: false }
  const schedExt = {
    runnableMs: 100,
    opsState: 'NONE',
    queueAddress: 0n,
    state: 'ENABLED',
    stickyCpu: undefined,
    holdingCpu: undefined,
    directQueue: undefined,
    scheduler: 0x5000n,
    missingCaps: undefined,
    ...entity,
  }
  return {
    context: { kernel: known, problems: new Problems() },
    details: {
      task,
      state: 0,
      exitState: 0,
      onRunqueue: 1,
      schedClass: 'ext',
      isBoosted: false,
      isFrozen: false,
      allowedCpus: [0, 2],
      migrationDisabled: false,
      parent: undefined,
      cgroup: undefined,
      blockedOn: undefined,
      schedExt,
      ...details,
    },
    entity: schedExt,
    ext: { state: 'enabled' },
    scheduler: {
      address: 0x5000n,
      name: 'made_up',
      isRoot: true,
      exit: undefined,
      aborting: false,
      bypassDepth: 0,
      caps: undefined,
      ecaps: undefined,
      cgroupPath: undefined,
      ...scheduler,
    },
    watchdog: { timeoutMs: 30_000, ageMs: 100, intervalMs: 15_000, timeoutAddress: undefined },
    runqueues: Found.all([runqueueOf(0), runqueueOf(2)]),
    running: 'none',
    own: undefined,
    queued: 'none',
    possible: [0, 2],
    usable: [0, 2],
    cids: undefined,
    waiting: Found.all([]),
    ...parts,
  } as unknown as Scene
}

/** A runqueue whose CPU runs a task of a class. */
export function runqueueOf(cpu: number, parts: Parts = {}) {
  const schedClass = 'schedClass' in parts ? parts.schedClass : 'ext'
  return {
    cpu,
    runnableTasks: 1,
    current: {
      address: BigInt(0x1000 * (cpu + 1)),
      pid: 100 + cpu,
      name: `load-${cpu}`,
      schedClass,
      scheduler: 0x5000n,
      isIdle: schedClass === 'idle',
    },
    schedExt: { deferred: Found.all([]), rescue: undefined },
    ...parts,
  }
}

/** A dispatch queue of the scheduler's own, and a place on it. */
export function placeOn(parts: Parts = {}, position: number | undefined = 0) {
  return {
    queue: { name: '0x77', id: 0x77n, kind: 'user', depth: 2, sequence: 9, cpu: undefined, ...parts },
    position,
  }
}
