import type { StructReader } from '../kernel/struct-reader.js'
import { readTask, type Task } from '../kernel/tasks.js'
import { readCgroup, type TaskCgroup } from './cgroup.js'
import { hex, type SchedContext } from './context.js'
import { readMaskAt } from './cpu-mask.js'
import { type ExtEntity, readEntity } from './entity.js'
import { classOf, policyName } from './sched-class.js'
import { readTaskName, type TaskName } from './task-name.js'

/** All that the scheduler knows of a task. Members that could not be read are undefined; the problems say why. */
export interface TaskDetails {
  readonly task: Task
  /** Process group and session, as the first pid namespace numbers them. */
  readonly processGroup: number | undefined
  readonly session: number | undefined
  readonly threads: number | undefined
  readonly parent: TaskName | undefined
  readonly leader: TaskName | undefined
  /** __state as the kernel keeps it; 0 is runnable. */
  readonly state: number
  readonly exitState: number
  /** TASK_ON_RQ_QUEUED is 1, TASK_ON_RQ_MIGRATING 2. */
  readonly onRunqueue: number
  readonly priority: number
  readonly staticPriority: number
  readonly normalPriority: number
  readonly realtimePriority: number
  readonly nice: number
  readonly policy: string
  /** fair, ext, rt, dl, stop, idle. */
  readonly schedClass: string | undefined
  /**
   * On a sched_ext runqueue list while another class schedules it: priority inheritance lent it one. Undefined where either
   * is not known.
   */
  readonly isBoosted: boolean | undefined
  readonly allowedCpus: readonly number[] | undefined
  readonly migrationDisabled: boolean | undefined
  readonly voluntarySwitches: bigint
  readonly involuntarySwitches: bigint
  /** Of threads of the process that have ended. */
  readonly endedThreadsSwitches: { readonly voluntary: bigint; readonly involuntary: bigint } | undefined
  readonly coreCookie: bigint | undefined
  readonly cgroup: TaskCgroup | undefined
  /** The freezer holds it. */
  readonly isFrozen: boolean
  /** Address of the mutex it waits for. */
  readonly blockedOn: bigint | undefined
  readonly schedExt: ExtEntity | undefined
}

/** TASK_FROZEN (include/linux/sched.h). */
const frozenState = 0x8000
/** DEFAULT_PRIO: nice 0. */
const nicePriority = 120

export function readTaskDetails(context: SchedContext, address: bigint): TaskDetails {
  const { kernel, problems } = context
  const task = kernel.struct('task_struct', address)
  const where = `task at ${hex(address)}`
  // cpus_ptr since Linux 5.3, __state since 5.14.
  const cpusPointer = task.has('cpus_ptr') ? task.layout : undefined
  const state = task.number('__state', 'state')
  const schedExt = readEntity(context, address)
  const schedClass = classOf(kernel, task.pointer('sched_class'))
  const cgroup = readCgroup(context, address)
  return {
    task: readTask(kernel, address, kernel.problems),
    ...readProcess(context, task, where),
    parent: nameOf(context, task, 'real_parent', where),
    leader: nameOf(context, task, 'group_leader', where),
    state,
    exitState: task.number('exit_state'),
    onRunqueue: task.number('on_rq'),
    priority: task.number('prio'),
    staticPriority: task.number('static_prio'),
    normalPriority: task.number('normal_prio'),
    realtimePriority: task.number('rt_priority'),
    nice: task.number('static_prio') - nicePriority,
    policy: policyName(task.number('policy')),
    schedClass,
    isBoosted: kernel.layouts.find('sched_ext_entity') !== undefined && isBoosted(schedClass, schedExt),
    allowedCpus: problems.attempt(`${where}, cpus_ptr`, () =>
      readMaskAt(kernel, task.layout, address, cpusPointer === undefined ? 'cpus_mask' : 'cpus_ptr'),
    ),
    migrationDisabled: task.has('migration_disabled') ? task.number('migration_disabled') !== 0 : undefined,
    voluntarySwitches: task.integer('nvcsw'),
    involuntarySwitches: task.integer('nivcsw'),
    // CONFIG_SCHED_CORE, since Linux 5.14.
    coreCookie: task.has('core_cookie') ? task.integer('core_cookie') : undefined,
    cgroup,
    isFrozen: (state & frozenState) !== 0 || (task.has('frozen') && task.number('frozen') !== 0),
    blockedOn: task.has('blocked_on') ? nonZero(task.integer('blocked_on')) : undefined,
    schedExt,
  }
}

function isBoosted(schedClass: string | undefined, schedExt: ExtEntity | undefined): boolean | undefined {
  if (schedClass === 'ext') return false
  if (schedExt === undefined) return undefined
  if (!schedExt.flags.includes('QUEUED')) return false
  return schedClass === undefined ? undefined : true
}

function nonZero(address: bigint): bigint | undefined {
  return address === 0n ? undefined : address
}

type Process = Pick<TaskDetails, 'processGroup' | 'session' | 'threads' | 'endedThreadsSwitches'>

function readProcess({ kernel, problems }: SchedContext, task: StructReader, where: string): Process {
  const found = problems.attempt(`${where}, signal`, (): Process => {
    const at = task.pointer('signal')
    if (at === 0n) return none
    const signal = kernel.struct('signal_struct', at)
    const voluntary = signal.has('nvcsw') ? signal.integer('nvcsw') : undefined
    return {
      processGroup: pidOf('PIDTYPE_PGID', 2),
      session: pidOf('PIDTYPE_SID', 3),
      threads: signal.number('nr_threads'),
      endedThreadsSwitches:
        voluntary === undefined ? undefined : { voluntary, involuntary: signal.integer('nivcsw') },
    }

    /** upid 0 of a struct pid is its number in the first namespace. */
    function pidOf(type: string, otherwise: number): number | undefined {
      const types = kernel.types.find('pid_type', 'enum')
      const index = types?.kind === 'enum' ? Number(types.valueOf(type) ?? otherwise) : otherwise
      return problems.attempt(`${where}, ${type}`, () => {
        const pid = signal.pointer(`pids[${index}]`)
        return pid === 0n ? undefined : upid(pid)
      })
    }

    function upid(pid: bigint): number {
      return kernel.struct('upid', kernel.struct('pid', pid).at('numbers')).number('nr')
    }
  })
  return found ?? none
}

const none: Process = {
  processGroup: undefined,
  session: undefined,
  threads: undefined,
  endedThreadsSwitches: undefined,
}

function nameOf(
  { kernel, problems }: SchedContext,
  task: StructReader,
  member: string,
  where: string,
): TaskName | undefined {
  return problems.attempt(`${where}, ${member}`, () => {
    const other = task.pointer(member)
    return other === 0n ? undefined : readTaskName(kernel, other)
  })
}
