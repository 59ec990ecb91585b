import { describe, expect, it } from 'vitest'
import { listArenas } from '../../src/bpf/arena/arenas.js'
import { BpfMap } from '../../src/bpf/map.js'
import { listMaps } from '../../src/bpf/map-info.js'
import { listed } from '../../src/frame/list.js'
import { findTask, type Task } from '../../src/kernel/tasks.js'
import { Problems } from '../../src/problems.js'
import { TaskContext, taskContext } from '../../src/session/task-context.js'
import { SchedGuest } from '../sched/sched-guest.js'
import { ArenaGuest } from '../support/arena-guest.js'
import { writeSdtTree } from '../support/sdt-tree.js'

/** Task 10 is on 0x77, 11 says so and is not in its list, 12 is in the list and does not say so. */
function moved() {
  const made = new SchedGuest('late')
  for (const pid of [10, 11, 12, 13]) made.addTask(pid)
  const [queue = 0n] = made.userQueues([{ id: 0x77n, tasks: [10, 12] }])
  made.objects.set('task_struct', made.task(11), { 'scx.dsq': queue, 'scx.holding_cpu': 2 })
  made.objects.set('task_struct', made.task(12), { 'scx.dsq': 0n })
  return { kernel: made.kernel(), queue }
}

describe('the queue in what BPF keeps of a task', () => {
  const { kernel, queue } = moved()
  // This kernel has no maps.
  const objects = { kernel, maps: listed([]), arenas: listed([]) }
  const queues = (pid: number) => {
    const problems = new Problems()
    const { items } = taskContext(objects, findTask(kernel, pid, problems), problems)
    return items.seen.filter(({ kind }) => kind === 'dsq')
  }
  const at = `0x${queue.toString(16)}`

  it('has the place that the task has in its list', () => {
    expect(queues(10)).toMatchObject([
      { position: 0, how: `scx.dsq of its task_struct is ${at}, and it is number 1 of the 2 there` },
    ])
    expect(queues(13)).toEqual([])
  })

  it('is said to lack the task, or to have it already, while a CPU moves that', () => {
    expect(queues(11)).toMatchObject([
      {
        position: undefined,
        queue: { id: 0x77n },
        how: `scx.dsq of its task_struct is ${at}, whose list does not have it: the task is just being moved by CPU 2`,
      },
    ])
    expect(queues(12)).toMatchObject([
      {
        position: 1,
        how: 'it is number 2 of the 2 there, though scx.dsq of its task_struct is NULL: the task is just being moved',
      },
    ])
  })
})

describe('a kernel whose maps cannot be listed', () => {
  it('still has the queue that a task is on, and says what is missing', () => {
    const { kernel } = moved()
    const problems = new Problems()
    // This kernel has no map_idr, as others lack struct idr in their types.
    const infos = () => listMaps(kernel, problems)
    const bpf = {
      kernel,
      get maps() {
        return listed(infos().map((info) => new BpfMap(kernel, info, problems)))
      },
      get arenas() {
        return listed(listArenas(kernel, infos(), problems, problems))
      },
    }
    const found = taskContext(bpf, findTask(kernel, 10, problems), problems)
    expect(found.isWhole).toBe(false)
    expect([...found].map(({ kind }) => kind)).toEqual(['dsq'])
    expect(found.problems.map(({ where }) => where)).toEqual(['maps', 'arenas'])
  })
})

describe('what maps and arenas keep of a task', () => {
  const task = { address: 0xffff888012345678n, pid: 42, tgid: 40 } as Task
  const u32 = (value: number): Uint8Array => Uint8Array.of(value, 0, 0, 0)

  function kept() {
    const made = new ArenaGuest()
    const { scx_task_allocator: allocator } = made.section('.bss', { scx_task_allocator: 'scx_allocator' })
    const tree = writeSdtTree(made, allocator?.at ?? 0n, 56, [{ index: 0 }])
    const element = made.user(tree.elements.get(0) ?? 0)
    const pointer = new Uint8Array(BigUint64Array.of(element).buffer)
    made.hash('tasks_by_pid', 'u64', 4, [{ key: u32(42), value: pointer }])
    const { kernel, maps: infos } = made.build()
    const problems = new Problems()
    const maps = listed(infos.map((info) => new BpfMap(kernel, info, problems)))
    const arenas = listed([...listArenas(kernel, infos, problems, problems)])
    return { found: taskContext({ kernel, maps, arenas }, task, problems), maps, arenas, element, pointer }
  }

  it('is told with where it is, how that is known, and its bytes', () => {
    const { found, maps, arenas, element, pointer } = kept()
    const map = maps.find(({ name }) => name === 'tasks_by_pid')
    const [arena] = arenas
    const [entry, object, ...others] = found
    expect(others).toEqual([])
    expect(entry).toMatchObject({
      kind: 'map_entry',
      map: 'tasks_by_pid',
      mapId: map?.id,
      how: 'its key is 42, which may be a pid: the map is called tasks_by_pid',
      address: [...(map?.entries() ?? [])][0]?.value?.address,
      bytes: pointer,
      cpus: undefined,
      queue: undefined,
      position: undefined,
    })
    expect(entry?.key?.bytes).toEqual(u32(42))
    expect(object).toMatchObject({
      kind: 'arena',
      map: arena?.name,
      mapId: arena?.id,
      how: 'scx_task_allocator[0]: byte 0 in its entry of map tasks_by_pid points at it',
      address: element,
      key: undefined,
    })
    expect(object?.bytes).toHaveLength(56)
    expect(found.task).toBe(task)
    expect(found.of('tasks_by_pid')).toEqual([entry])
    expect(found.of('none')).toEqual([])
    expect(found.toJSON().map(({ kind }) => kind)).toEqual(['map_entry', 'arena'])
    expect(found.isWhole).toBe(found.problems.length === 0)
  })

  it('is all where nothing was unreadable, and else some', () => {
    const whole = new TaskContext(task, [], new Problems())
    expect([whole.isWhole, whole.problems]).toEqual([true, []])
    const problems = new Problems()
    problems.add('map 3', 'page not present')
    const some = new TaskContext(task, [], problems)
    expect(some.isWhole).toBe(false)
    expect(some.items.missing).toBe('map 3: page not present')
    expect(some.problems).toHaveLength(1)
  })
})
