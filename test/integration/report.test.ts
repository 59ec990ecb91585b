import { beforeAll, describe, expect, it } from 'vitest'
import { jsonLine } from '../../src/contract/json.js'
import { Report } from '../../src/report/report.js'
import { schemaErrors } from '../report/support/schema.js'
import { type DemoGuest, sharedDemo, testedKernels } from './support/demo-guest.js'

describe.each(testedKernels)('the report of the demo on kernel $kernel', ({ kernel }) => {
  let guest: DemoGuest
  let report: Report

  beforeAll(async () => {
    guest = await sharedDemo(kernel)
    report = Report.take(guest.session)
  })

  it('is complete, and as the schema has it', () => {
    const { sections, problems } = report.head
    const broken = Object.entries(sections).filter(([, { status }]) => status !== 'complete')
    expect(broken).toEqual([])
    expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
    expect(schemaErrors(JSON.parse([...report.json()].join('')))).toEqual([])
  })

  it('has the maps that bpftool lists, with every entry that the map itself gives', () => {
    const listed = guest.truth.json<{ id: number; name?: string }[]>('maps.json')
    const ours = new Map(report.head.maps.map(({ id, name }) => [id, name]))
    for (const { id, name } of listed) expect(ours.get(id)).toBe(name ?? '')
    let entries = 0
    for (const [i, { id, count }] of report.head.maps.entries()) {
      const texts = [...guest.session.map(id).json()]
      expect([...report.entryLines(i)]).toEqual(texts)
      expect(count).toBe(texts.length)
      entries += texts.length
    }
    expect(entries).toBeGreaterThan(5000)
  })

  it('has the programs of bpftool, and the tasks, queues and events of the session', () => {
    const listed = guest.truth.json<{ id: number; name?: string }[]>('progs.json')
    const ids = report.head.programs.map(({ id }) => id)
    expect(ids).toEqual(listed.map(({ id }) => id))
    expect(report.head.streams).toEqual([
      {
        programId: listed.find(({ name }) => name === 'fields_fill')?.id,
        name: 'fields_fill',
        stdout: 'fields filled, number 5\n',
        stderr: 'no task work for pid 0\n',
      },
    ])
    const { session } = guest
    const plain = (value: unknown): unknown => JSON.parse(jsonLine(value))
    expect(report.head.tasks.map(({ pid, name, state }) => ({ pid, name, state }))).toEqual(
      session.tasks.map(({ pid, name, state }) => ({ pid, name, state })),
    )
    const { schedulers, queues, events, runqueues } = plain(session.sched) as Record<string, unknown>
    expect(report.head.sched).toMatchObject({ schedulers, queues, events, runqueues })
    expect(report.head.log.map(({ text }) => text).join('\n')).toContain('BPF scheduler "scx_demo" enabled')
    expect(report.head.sections.tasks?.expected).toBe(report.head.tasks.length)
  })

  it('has the clocks of the guest', () => {
    const { time } = report.head
    expect(time?.hz).toBe(250)
    const uptime = Number(time?.clocks?.monotonic) / 1e6
    // Jiffies and the clock are updated together; a CPU that sleeps lets both wait.
    expect(Math.abs((time?.uptimeMs ?? 0) - uptime)).toBeLessThan(1000)
    expect(Math.abs(Date.parse(time?.realtime ?? '') - Date.now())).toBeLessThan(24 * 3_600_000)
  })

  it('has every element of every allocator, and joins tasks to theirs', () => {
    const { allocators, identity, tasks } = report.head
    for (const [i, { name, count }] of allocators.entries()) {
      const texts = [...guest.session.allocator(name).json()]
      expect([...report.elementLines(i)]).toEqual(texts)
      expect(count).toBe(texts.length)
    }
    // Each task that the scheduler knows has a storage, which points at its element; the element names the task.
    const init = identity.tasks['task:1']
    const storage = report.head.maps.find(({ name }) => name === 'scx_task_map')
    expect(init?.values).toContain(`map:${storage?.id}`)
    const [element = ''] = init?.allocations ?? []
    expect(element).toMatch(/^allocation:scx_task_allocator\[\d+\]$/)
    expect(identity.allocations[element]?.tasks).toEqual(['task:1'])
    const index = Number(/\[(\d+)\]/.exec(element)?.[1])
    expect(guest.session.allocator('scx_task_allocator').at(index)?.value).toMatchObject({ pid: 1 })
    expect(
      Object.values(identity.tasks).filter(({ allocations }) => allocations.length > 0).length,
    ).toBeGreaterThan(tasks.length / 2)
  })

  it('reads well in 80 columns, and as a page', () => {
    const lines = [...report.text()]
    expect(lines).toContain('What is going on')
    expect(lines.some((line) => line.includes('pid_stats (') && line.includes('-> struct pid_stats'))).toBe(
      true,
    )
    const printed = lines.findIndex((line) => /^fields_fill \(\d+\) printed to stderr:$/.test(line))
    expect(lines[printed + 1]).toBe('  no task work for pid 0')
    const page = [...report.html()].join('')
    expect(page).toContain('<pre>no task work for pid 0</pre>')
    expect(page).toContain('scx_task_allocator')
    expect(page.match(/<script/g)).toHaveLength(1)
  })
})
