import type { KernelGuest } from './kernel-guest.js'
import type { MemberValues } from './object-writer.js'
import { writeList } from './structures.js'

/** Tasks and the kernel log of a guest. */

export interface TaskSpec {
  readonly pid: number
  readonly comm?: string
  /** More members of struct task_struct. */
  readonly members?: MemberValues
}

/** A process: its leader and further threads. */
export interface ProcessSpec extends TaskSpec {
  readonly threads?: readonly TaskSpec[]
}

/**
 * init_task with the list of these processes behind it, and an idle task for each CPU (the first is init_task, as in the
 * kernel). Gives the addresses of the tasks by pid.
 */
export function writeTasks(guest: KernelGuest, processes: readonly ProcessSpec[]): Map<number, bigint> {
  const { objects } = guest
  const byPid = new Map<number, bigint>()
  const init = guest.global('init_task', objects.sizeOf('task_struct'))
  objects.set('task_struct', init, { comm: 'swapper/0', real_parent: init })

  const runqueues = guest.symbol('runqueues', guest.allocPerCpu(objects.sizeOf('rq')))
  for (const [place, cpu] of guest.cpus.entries()) {
    const idle = place === 0 ? init : makeTask(guest, { pid: 0, comm: `swapper/${cpu}` }, 0, init)
    objects.set('task_struct', idle, { 'thread_info.cpu': cpu })
    objects.set('rq', guest.perCpu(runqueues, cpu), { idle })
  }

  const member = (task: bigint, name: string): bigint => task + BigInt(objects.offsetOf('task_struct', name))
  const leaders: bigint[] = []
  for (const { threads = [], ...leader } of processes) {
    const signal = objects.make('signal_struct')
    const tasks = [leader, ...threads].map((spec) => {
      const task = makeTask(guest, spec, leader.pid, init)
      byPid.set(spec.pid, task)
      objects.set('task_struct', task, { signal })
      return task
    })
    writeList(
      guest,
      signal + BigInt(objects.offsetOf('signal_struct', 'thread_head')),
      tasks.map((task) => member(task, 'thread_node')),
    )
    leaders.push(tasks[0] as bigint)
  }
  writeList(
    guest,
    member(init, 'tasks'),
    leaders.map((task) => member(task, 'tasks')),
  )
  return byPid
}

function makeTask(guest: KernelGuest, spec: TaskSpec, tgid: number, parent: bigint): bigint {
  const { pid, comm = `task-${pid}`, members = {} } = spec
  return guest.objects.make('task_struct', { pid, tgid, comm, real_parent: parent, ...members })
}

/** One record of the log; `state` is what its descriptor says (2 is finalized). */
export interface LogSpec {
  readonly text: string
  readonly state?: number
  /** Members of struct printk_info. */
  readonly info?: MemberValues
  /** In place of a data block: the two positions, such as 3 and 3 for an empty line. */
  readonly positions?: readonly [bigint, bigint]
}

/** The parts of a log, for tests that break it. */
export interface Log {
  readonly ring: bigint
  readonly descriptors: bigint
  readonly infos: bigint
  readonly data: bigint
}

/**
 * The printk ring with these records, as kernel/printk/printk_ringbuffer.c writes it: ids and positions run on for ever and
 * are taken modulo the ring, a data block that would cross the end of the ring lies at its start.
 */
export function writeLog(
  guest: KernelGuest,
  records: readonly LogSpec[],
  { countBits = 4, sizeBits = 9, firstId = 0x1fffffff0n, start = 0n } = {},
): Log {
  const { objects } = guest
  const size = 1n << BigInt(sizeBits)
  const descSize = objects.sizeOf('prb_desc')
  const infoSize = objects.sizeOf('printk_info')
  const data = guest.alloc(Number(size))
  const descriptors = guest.alloc(descSize << countBits)
  const infos = guest.alloc(infoSize << countBits)
  const ring = objects.make('printk_ringbuffer', {
    'desc_ring.count_bits': countBits,
    'desc_ring.descs': descriptors,
    'desc_ring.infos': infos,
    'desc_ring.tail_id': firstId,
    'desc_ring.head_id': BigInt.asUintN(62, firstId + BigInt(Math.max(0, records.length - 1))),
    'text_data_ring.size_bits': sizeBits,
    'text_data_ring.data': data,
  })
  guest.u64(guest.global('prb', 8), ring)

  let position = start
  for (const [i, { text, state = 2, info = {}, positions }] of records.entries()) {
    const id = BigInt.asUintN(62, firstId + BigInt(i))
    const slot = Number(id % (1n << BigInt(countBits)))
    const bytes = Buffer.from(text)
    let [begin, next] = positions ?? [position, position]
    if (positions === undefined) {
      const room = BigInt(Math.ceil((8 + bytes.length) / 8) * 8)
      const wraps = begin / size !== (begin + room - 1n) / size
      const at = wraps ? 0n : begin % size
      next = wraps ? ((begin + room) / size) * size + room : begin + room
      guest.u64(data + at, id)
      guest.write(data + at + 8n, bytes)
      position = next
    }
    objects.set('printk_ringbuffer', ring, {
      'text_data_ring.tail_lpos': start,
      'text_data_ring.head_lpos': position,
    })
    objects.set('prb_desc', descriptors + BigInt(slot * descSize), {
      state_var: (BigInt(state) << 62n) | id,
      'text_blk_lpos.begin': begin,
      'text_blk_lpos.next': next,
    })
    objects.set('printk_info', infos + BigInt(slot * infoSize), {
      seq: i,
      text_len: bytes.length,
      ...info,
    })
  }
  return { ring, descriptors, infos, data }
}
