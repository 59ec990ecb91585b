import { describe, expect, it } from 'vitest'
import { identityOf, type LinkSources } from '../../src/report/identity.js'

const nothing: LinkSources = {
  tasks: [],
  sched: null,
  programs: [],
  links: [],
  structOps: { members: [] },
  storages: [],
  allocators: [],
}

/** What the sources of a test are made of is more than is joined. */
const joined = (sources: Readonly<Record<string, unknown>>) =>
  identityOf({ ...nothing, ...sources } as LinkSources)

const task = (pid: number, cpu: number | null = 0) => ({
  pid,
  name: `task-${pid}`,
  cpu,
  isRunning: pid === 5,
  address: `0x${pid}000`,
})
const pointer = (address: string, type: string, to?: string) => ({
  pointer: address,
  type,
  ...(to && { to }),
})
const storageEntry = (pid: number, value: unknown, kind = 'task') =>
  JSON.stringify({
    key: { hex: '', owner: { kind, address: `0x${pid}000`, pid } },
    value: { hex: '', value },
  })

describe('what belongs to what', () => {
  it('are tasks on queues and CPUs, by their addresses', () => {
    const { tasks, queues, cpus } = joined({
      tasks: [task(0, 1), task(5), task(6), task(7, null)],
      sched: {
        queues: [
          { name: 'local of CPU 0', cpu: 0, tasks: [] },
          {
            name: '0x77',
            cpu: null,
            tasks: [
              { ...task(6), position: 0 },
              // Behind a break of the list.
              { ...task(7), position: null },
            ],
          },
        ],
        runqueues: [
          { cpu: 0, current: task(5), schedExt: { runnable: [task(6)] } },
          { cpu: 1, current: task(0), schedExt: null },
          { cpu: 2, current: null, schedExt: null },
        ],
      },
    })
    const alone = { queue: null, position: null, values: [], allocations: [] }
    expect(tasks).toEqual({
      'task:0@1': { ...alone, name: 'task-0', cpu: 'cpu:1', runs: false },
      'task:5': { ...alone, name: 'task-5', cpu: 'cpu:0', runs: true },
      'task:6': { ...alone, name: 'task-6', cpu: 'cpu:0', runs: false, queue: 'queue:0x77', position: 0 },
      'task:7': { ...alone, name: 'task-7', cpu: null, runs: false, queue: 'queue:0x77', position: null },
    })
    expect(queues).toEqual({
      'queue:local of CPU 0': { tasks: [], cpu: 'cpu:0' },
      'queue:0x77': { tasks: ['task:6', 'task:7'], cpu: null },
    })
    expect(cpus).toEqual({
      'cpu:0': { runs: 'task:5', ready: ['task:6'], queues: ['queue:local of CPU 0'] },
      'cpu:1': { runs: 'task:0@1', ready: [], queues: [] },
      'cpu:2': { runs: null, ready: [], queues: [] },
    })
  })

  it('are programs with their maps, links and the members that they stand for', () => {
    const { programs, maps } = joined({
      programs: [
        { id: 1, mapIds: [4, 5] },
        { id: 2, mapIds: [4] },
      ],
      links: [
        { id: 8, programId: 1 },
        { id: 9, programId: 2 },
      ],
      structOps: {
        members: [{ operations: 'sched_ext_ops', member: 'enqueue', mapId: 12, programId: 2 }],
      },
    })
    expect(programs).toEqual({
      'program:1': { maps: ['map:4', 'map:5'], links: ['link:8'], members: [] },
      'program:2': { maps: ['map:4'], links: ['link:9'], members: ['sched_ext_ops.enqueue of map:12'] },
    })
    expect(maps).toEqual({
      'map:4': { programs: ['program:1', 'program:2'] },
      'map:5': { programs: ['program:1'] },
    })
  })

  it('are values of tasks, and the elements of allocators that they point at', () => {
    const { tasks, allocations } = joined({
      tasks: [task(5), task(6)],
      storages: [
        {
          id: 30,
          entries: [
            storageEntry(5, {
              ctx: pointer('0x1', 'struct x *', 'pool[5].pid'),
              list: [[pointer('0x2', 'struct x *', 'pool[6]+0x0')]],
            }),
            storageEntry(6, {
              ctx: pointer('0x3', 'struct x *'),
              other: pointer('0x3', 'struct x *', 'schedule+0x1'),
            }),
            storageEntry(7, pointer('0x1', 'struct x *', 'pool[5]')),
          ],
        },
        {
          id: 31,
          entries: [
            storageEntry(5, 3),
            // Of sockets, and of owners that could not be read, nothing is known here.
            storageEntry(6, 3, 'sk'),
            JSON.stringify({ key: { hex: '', owner: { kind: 'task', address: '0x6000' } } }),
            JSON.stringify({ key: { hex: '', owner: { kind: 'task', pid: 6 } } }),
            JSON.stringify({ key: { hex: '01' } }),
          ],
        },
      ],
    })
    expect(tasks['task:5']).toMatchObject({
      values: ['map:30', 'map:31'],
      allocations: ['allocation:pool[5]', 'allocation:pool[6]'],
    })
    expect(tasks['task:6']).toMatchObject({ values: ['map:30'], allocations: [] })
    expect(allocations).toEqual({
      'allocation:pool[5]': {
        tasks: ['task:5', 'task:7'],
        values: [
          { map: 'map:30', path: 'ctx' },
          { map: 'map:30', path: '' },
        ],
      },
      'allocation:pool[6]': { tasks: ['task:5'], values: [{ map: 'map:30', path: 'list[0][0]' }] },
    })
  })

  it('are elements that point at tasks with values, each task once', () => {
    const toTask = (pid: number) => pointer(`0x${pid}000`, 'struct task_struct *')
    const element = (index: number, value: unknown) => JSON.stringify({ index, value })
    const { allocations } = joined({
      storages: [{ id: 30, entries: [storageEntry(5, 1), storageEntry(6, 1)] }],
      allocators: [
        {
          name: 'pool',
          entries: [
            element(0, { task: toTask(5), again: toTask(5), deep: { other: toTask(6) } }),
            element(1, { task: toTask(99), text: 'struct task_struct *' }),
            // The same address of another type is no task.
            element(2, { cast: pointer('0x5000', 'void *'), text: 'struct task_struct *', none: null }),
            element(3, { pointer: '0x5000', type: 5, text: 'struct task_struct *' }),
          ],
        },
      ],
    })
    expect(allocations).toEqual({ 'allocation:pool[0]': { tasks: ['task:5', 'task:6'], values: [] } })
  })
})
