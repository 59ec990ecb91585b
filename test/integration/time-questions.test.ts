import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import '../../src/history/attach.js'
import { timelineOf } from '../../src/history/timeline.js'
import type { WriteEvent } from '../../src/history/writes.js'
import type { Session } from '../../src/session/session.js'
import { hashOfFile } from '../../src/time/open-run.js'
import { openRecording } from '../../src/time/recording.js'
import type { StructValue } from '../../src/value/types.js'
import { type RecordedDemo, recordedDemo } from './support/time-record.js'

let demo: RecordedDemo
let vm: Session

beforeAll(async () => {
  demo = await recordedDemo({ kernel: '6.18', cpus: 2, ms: 900 })
  vm = demo.session
}, 600_000)
afterAll(async () => {
  await demo?.[Symbol.asyncDispose]()
})

/** Goes on until no vCPU is in the kernel, so that nothing counts has begun and not ended. */
async function toUserSpace(): Promise<number> {
  for (let tries = 0; tries < 2000; tries++) {
    if (vm.vcpus.every(({ privilege }) => privilege === 3)) return vm.time.instructions
    await vm.goTo(vm.time.instructions + 20_000)
  }
  throw new Error('the vCPUs were never in user space together')
}

describe('the record of a guest with 2 vCPUs', () => {
  it('has every write to jiffies: one for each tick, each of the value before, 4 ms apart', async () => {
    const now = { instructions: vm.time.instructions, value: vm.variable('jiffies_64') as bigint | number }
    const { events, from, problems } = await vm.writes('jiffies_64', { as: 'u64', to: 'now' })
    expect(problems.list).toEqual([])
    await vm.goTo(from)
    const first = Number(vm.variable('jiffies_64'))
    await vm.goTo(now.instructions)
    expect(events.length).toBeGreaterThan(100)
    // Idle CPUs skip ticks: then it grows by more at once.
    expect(events.map(({ before }) => Number(before))).toEqual([
      first,
      ...events.slice(0, -1).map(({ after }) => Number(after)),
    ])
    expect(Number(events.at(-1)?.after)).toBe(Number(now.value))
    expect(new Set(events.map(({ where }) => where?.replace(/\+.*/, '')))).toEqual(
      new Set(['tick_do_update_jiffies64']),
    )
    // CPUs take turns at it and tick at times of their own.
    const elapsed = (events.at(-1)?.time.ns ?? 0) - (events[0]?.time.ns ?? 0)
    const ticks = Number(events.at(-1)?.after) - Number(events[0]?.after)
    expect(elapsed / ticks / 4e6).toBeCloseTo(1, 1)
  })

  it('has as many calls of a BPF program as the kernel counted, each with its arguments and its end', async () => {
    await vm.goTo('start')
    const from = await toUserSpace()
    const program = vm.progs.find(({ name }) => name === 'demo_enqueue')
    if (program === undefined) throw new Error('no demo_enqueue')
    const before = Number(program.runCount)
    await vm.goTo(from + 250_000_000)
    const to = await toUserSpace()
    const after = Number(vm.progs.find(({ name }) => name === 'demo_enqueue')?.runCount)
    const symbol = vm.kernel.symbolizer.dynamic().find(({ name }) => name.endsWith('_demo_enqueue'))
    if (symbol === undefined) throw new Error('no symbol of demo_enqueue')
    const { events } = await vm.calls(symbol.address, { from, to })
    expect(events.length).toBe(after - before)
    expect(events.length).toBeGreaterThan(20)
    for (const { duration, cpu } of events) {
      expect(duration?.ns).toBeGreaterThan(0)
      expect([0, 1]).toContain(cpu)
    }
  })

  it('gives arguments of kernel functions by their types, as the place itself shows them', async () => {
    const { events } = await vm.calls('scx_bpf_dsq_insert', { from: 'start', to: 'now' })
    expect(events.length).toBeGreaterThan(20)
    const event = events[Math.floor(events.length / 2)]
    if (event === undefined) throw new Error('no call')
    expect(Object.keys(event.args)).toEqual(['p', 'dsq_id', 'slice', 'enq_flags'])
    await event.go()
    const vcpu = vm.vcpus[event.cpu]
    expect(vcpu?.rip).toBe(event.address)
    expect(BigInt(event.args.dsq_id as bigint)).toBe(vcpu?.registers.rsi)
    expect(vcpu?.task?.pid).toBe(event.pid)
    expect(vcpu?.task?.comm).toBe(event.comm)
  })

  it('knows the last write of a field, which a watchpoint confirms', async () => {
    await vm.goTo('end')
    let key = 0
    let last: WriteEvent | undefined
    for (const { pid, comm } of vm.tasks) {
      if (!comm.startsWith('demo_') || vm.map('pid_stats').get(pid) === undefined) continue
      key = pid
      last = await vm.lastWrite({ map: 'pid_stats', key })
      if (last !== undefined) break
    }
    if (last === undefined) throw new Error('no entry of pid_stats was written')
    await last.go()
    expect(vm.time.branch).toBeUndefined()
    const stack = vm.vcpus[last.cpu]?.where?.replace(/\+.*/, '')
    expect(stack).toBe(last.where?.replace(/\+.*/, ''))
    const value = vm.map('pid_stats').valuePlace(key)
    const stop = await vm.runUntil({ write: value.address + BigInt(memberOffset(last.member, key)) })
    expect(stop.reason).toBe('watchpoint')
    expect(vm.time.branch?.instructions).toBe(last.time.instructions)
    // A watchpoint stops behind the store.
    expect((vm.vcpus[last.cpu]?.rip ?? 0n) - last.address).toBeLessThan(16n)
    expect(vm.vcpus[last.cpu]?.rip).toBeGreaterThan(last.address)
  })

  it('goes back by instructions of one vCPU, and forth again by stepping', async () => {
    await vm.goTo('start')
    await vm.goTo(vm.time.instructions + 1_234_567)
    const cpu = vm.time.cpu ?? 0
    const there = vm.vcpus.map(({ rip }) => rip)
    await vm.stepBack(cpu, 7)
    expect(vm.vcpus[cpu]?.rip).not.toBe(there[cpu])
    await vm.step(cpu, 7)
    expect(vm.vcpus.map(({ rip }) => rip)).toEqual(there)
    expect(vm.time.branch).toBeDefined()
  })

  it('runs back to a call and to a write', async () => {
    await vm.goTo('end')
    await vm.runBack('scx_bpf_dsq_insert')
    expect(vm.vcpus[vm.time.cpu ?? 0]?.where).toBe('scx_bpf_dsq_insert')
    const { instructions } = vm.time
    await vm.back({ ms: 20 })
    expect(vm.time.instructions).toBeLessThan(instructions)
    const at = vm.time.ns
    await vm.goTo({ ms: (at + 10e6) / 1e6 })
    expect(vm.time.ns).toBeGreaterThanOrEqual(at + 10e6)
  })

  it('finds the first moment of a condition, exact to the block', async () => {
    await vm.goTo('start')
    const start = vm.time.instructions
    const first = Number(vm.variable('jiffies_64'))
    const found = await vm.when((at) => Number(at.variable('jiffies_64')) >= first + 5, {
      to: start + 60_000_000,
    })
    const { events } = await vm.writes('jiffies_64', { as: 'u64', to: start + 60_000_000 })
    const write = events.find(({ after }) => Number(after) >= first + 5)
    expect(write).toBeDefined()
    // It is true from the block after the one that wrote.
    expect(found?.after?.instructions).toBe(write?.time.instructions)
    await expect(vm.when((at) => at.variable('nothing_of_that_name'))).rejects.toThrow('nothing_of_that_name')
  })

  it('follows an expression write by write: each value with the first block at which it is so, and who made it', async () => {
    await vm.goTo('start')
    const from = vm.time.instructions
    const to = from + 60_000_000
    const { points, looks, problems } = await vm.series((at) => at.variable('jiffies_64'), { from, to })
    const { events } = await vm.writes('jiffies_64', { as: 'u64', from, to })
    expect(problems.list).toEqual([])
    expect(points.slice(1).map(({ value }) => value)).toEqual(events.map(({ after }) => after))
    expect(points[0]?.value).toBe(events[0]?.before)
    // It was asked where something was written, and nowhere else.
    expect(looks).toBeLessThanOrEqual(events.length + 3)
    for (const [index, { time, by }] of points.slice(1).entries()) {
      const write = events[index] as WriteEvent
      expect(by).toMatchObject({ cpu: write.cpu, pid: write.pid, where: write.where })
      expect(time.instructions).toBeGreaterThan(write.time.instructions)
    }
    // The place itself says the same: there it is so, and one block before it was not.
    const point = points[7]
    if (point === undefined) throw new Error('no seventh value')
    await point.go()
    expect(vm.variable('jiffies_64')).toBe(point.value)
    await events[6]?.go()
    expect(vm.variable('jiffies_64')).toBe(points[6]?.value)
  })

  it('follows what leads elsewhere when it is written: the current task of a CPU, through its pointer', async () => {
    await vm.goTo('start')
    const from = vm.time.instructions
    const to = from + 20_000_000
    const current = currentAt(vm)
    const { points } = await vm.series((at) => currentPid(at), { from, to })
    const { events } = await vm.writes(current, { as: 'u64', from, to })
    // Each write of the pointer is another task, or one with another pid.
    expect(points.length).toBe(events.length + 1)
    for (const [index, event] of events.entries()) expect(points[index + 1]?.value).toBe(event.pid)
    const each = await vm.series((at) => currentPid(at), {
      from,
      to,
      at: { events },
    })
    expect(each.points.map(({ value }) => value)).toEqual(points.slice(0, -1).map(({ value }) => value))
  })

  it('traces calls and writes along the record: as many as there are, each a place to go to', async () => {
    await vm.goTo('start')
    const from = vm.time.instructions
    const span = { from, to: from + 60_000_000 }
    const { events } = await vm.calls('scx_bpf_dsq_insert', span)
    const { frame, hits, cost, problems } = await vm.trace({
      at: 'scx_bpf_dsq_insert',
      when: (_, hit) => hit.cpu === 0,
      take: (at, { cpu }) => ({ rsi: at.vcpus[cpu]?.registers.rsi }),
      ...span,
    })
    expect(problems.list).toEqual([])
    expect(hits).toBe(events.length)
    const wanted = events.filter(({ cpu }) => cpu === 0)
    const seen = frame.rows() as unknown as { instructions: number; rsi: bigint; pid: number }[]
    expect(seen.map(({ instructions, pid, rsi }) => [instructions, pid, rsi])).toEqual(
      wanted.map(({ time, pid, args }) => [time.instructions, pid, BigInt(args.dsq_id as bigint)]),
    )
    expect(cost).toMatchObject({ slowed: undefined, stops: events.length })
    expect(vm.time.instructions).toBe(from)
    const row = seen[3]
    if (row === undefined) throw new Error('no fourth row')
    await vm.goTo(row)
    expect(vm.time.instructions).toBe(row.instructions)
    const writes = await vm.writes('jiffies_64', { as: 'u64', ...span })
    const traced = await vm.trace({
      at: { write: 'jiffies_64', as: 'u64' },
      take: (at) => ({ value: at.variable('jiffies_64') }),
      ...span,
    })
    expect((traced.frame.rows() as unknown as { value: unknown }[]).map(({ value }) => value)).toEqual(
      writes.events.map(({ after }) => after),
    )
    await expect(vm.trace({ at: 'schedule', take: () => ({ now: vm.time }), ...span })).rejects.toThrow(
      'functions of the vm that stands there',
    )
  })

  it('says what cannot be followed, and looks at it in distances', async () => {
    await vm.goTo('start')
    const span = { from: vm.time.instructions, to: vm.time.instructions + 4_000_000 }
    await expect(vm.series((at) => at.vcpus[0]?.rip, span)).rejects.toThrow('it reads registers of vCPUs')
    const { points } = await vm.series((at) => at.vcpus[0]?.rip, { ...span, at: { ms: 1 } })
    expect(points.length).toBeGreaterThan(6)
    await points[3]?.go()
    expect(vm.vcpus[0]?.rip).toBe(points[3]?.value)
    await expect(vm.series(() => vm.vcpus[0]?.rip, span)).rejects.toThrow(
      'a function of the vm that stands there',
    )
    await expect(vm.when(() => true, span)).rejects.toThrow('a function of the vm that stands there')
    const none = await vm.series((at) => String(at.task(4_000_000)), span)
    expect(none.points).toMatchObject([{ value: undefined, why: expect.stringContaining('4000000') }])
    const few = await vm.series((at) => at.variable('jiffies_64'), { from: span.from, limit: 3 })
    expect(few.points).toHaveLength(3)
    expect(few.problems.sentences.join()).toContain('which is the limit')
    expect(few.to).toBe(few.points[2]?.time.instructions)
  })

  it('draws a picture of it: each run of a task, call of a program and depth of a queue, and insertions led to runs', async () => {
    await vm.goTo('start')
    const from = vm.time.instructions
    const to = from + 100_000_000
    const { cpus, counters, problems } = await timelineOf(vm, { from, to })
    expect(problems.list).toEqual([])
    expect(cpus.map(({ cpu }) => cpu)).toEqual([0, 1])
    const { events } = await vm.calls('demo_enqueue', { from, to })
    const programs = cpus.flatMap((each) => each.programs)
    expect(
      programs
        .filter(({ name }) => name === 'demo_enqueue')
        .map((each) => each.from)
        .sort(),
    ).toEqual(events.map(({ time }) => time.ns).sort())
    // Runs of one CPU follow each other, and each insertion ends in the first run of that task after it.
    const runs = cpus.flatMap(({ tasks }) => tasks).sort((a, b) => a.from - b.from)
    for (const { tasks } of cpus) {
      for (const [index, { to: end }] of tasks.entries())
        expect(tasks[index + 1]?.from ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(end)
    }
    const inserts = programs.filter(({ starts }) => starts.length > 0)
    expect(inserts.length).toBeGreaterThan(20)
    for (const { starts, details, from: at } of inserts) {
      const next = runs.find((run) => run.name === details.inserted && run.from >= at)
      if (next !== undefined) expect(next.ends).toContain(starts[0])
    }
    // What the queue says of itself at the end of the part.
    await vm.goTo(to)
    for (const { name, depth } of vm.sched.queues) {
      const counter = counters.find((each) => each.name === `DSQ ${name}`)
      expect(counter?.samples.at(-1)?.value, name).toBe(depth)
    }
  })

  it('says when an element of a map and a slot of an arena were given back and handed out, as their programs did', async () => {
    await vm.goTo('start')
    const from = vm.time.instructions
    const span = { from, to: from + 250_000_000 }
    const exits = (await vm.calls('demo_exit_task', span)).events
    const begins = (await vm.calls('demo_init_task', span)).events
    // One after which another task is born.
    const exit = exits.find(({ time }) => begins.some((each) => each.time.instructions > time.instructions))
    if (exit === undefined) throw new Error(`no task that ended among ${exits.length}`)
    await exit.go()
    const { pid } = exit.args.p as StructValue
    const place = { map: 'pid_stats', key: pid, field: 'nr_run' }
    const element = await vm.writes(place, { from: exit, to: span.to })
    expect(element.lives[0]?.what).toBe(`key ${pid} was removed from pid_stats, and its element given back`)
    expect(element.lives[0]?.pid).toBe(exit.pid)
    expect(element.problems.sentences.join()).toContain('given back')
    const [removed] = element.lives
    const until = exit.time.instructions + (exit.duration?.instructions ?? 0)
    expect(removed?.time.instructions).toBeGreaterThan(exit.time.instructions)
    expect(removed?.time.instructions).toBeLessThan(until)
    // What was written before belongs to who had it before; what comes after does not.
    const whole = await vm.writes(place, { from, to: span.to })
    for (const { time, former } of whole.events) {
      if (time.instructions < (removed?.time.instructions ?? 0)) expect(former).toMatch(/^before /)
    }
    const data = (vm.map('pid_stats').get(pid) as StructValue).data as bigint
    const arena = vm.arenas[0]
    const slot = arena?.describe(data)
    expect(slot?.value.pid).toBe(pid)
    const context = await vm.writes(slot?.value.$member('nr_run'), { from: exit, to: span.to })
    const name = slot?.object?.name
    const back = context.lives.filter(({ what }) => what === `${name} was given back`)
    expect(back[0]?.where).toMatch(/demo_exit_task|scx_free/)
    expect(back[0]?.time.instructions).toBeLessThan(until)
    // The slot, or one of those that other tasks gave back: the allocator takes which it likes.
    let anew = context.lives.filter(({ what }) => what.startsWith(`${name} was handed out anew`))
    for (const other of exits.filter((each) => each !== exit).slice(0, 5)) {
      if (anew.length > 0) break
      await other.go()
      const its = vm.map('pid_stats').get((other.args.p as StructValue).pid as number) as
        | StructValue
        | undefined
      const held = its === undefined ? undefined : arena?.describe(its.data as bigint)
      if (held === undefined) continue
      const { lives } = await vm.writes(held.value.$member('nr_run'), { from: other, to: span.to })
      anew = lives.filter(({ what }) => what.startsWith(`${held.object?.name} was handed out anew`))
    }
    expect(anew[0]?.where).toMatch(/demo_init_task|alloc/)
  })

  it('names the source line of a program that wrote, and answers a second time at once', async () => {
    const from = (await vm.goTo('start')).instructions
    const span = { from, to: from + 100_000_000 }
    const key = vm.tasks.find(({ comm }) => comm === 'demo_worker/0')?.pid
    const { events } = await vm.writes({ map: 'pid_stats', key }, span)
    const lines = events.filter(({ where }) => where?.includes('_demo_')).map(({ line }) => line)
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) expect(line).toMatch(/^scx_demo\.bpf\.c:\d+ .*stats/)
    const began = performance.now()
    expect((await vm.writes({ map: 'pid_stats', key }, span)).events.length).toBe(events.length)
    expect(performance.now() - began).toBeLessThan(1000)
  })

  it('is recorded in a file that gives the same run, and a file that was changed is refused', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cryoscope-recording-'))
    try {
      const file = join(directory, 'run.cryo')
      await vm.goTo('end')
      const here = vm.time
      const hash = await hashOfFile(demo.session.target.record?.memory.path ?? '')
      await vm.record(file)
      expect(vm.time).toEqual(here)
      const record = await openRecording(file, { runs: demo.runs, name: 'opened' })
      try {
        expect(record.end.instructions).toBe(here.instructions)
        await record.goTo({ instructions: here.instructions })
        expect(await hashOfFile(record.memory.path)).toBe(hash)
      } finally {
        await record.close()
      }
      const bytes = readFileSync(file)
      bytes.write('zzzz', bytes.length - 2000)
      writeFileSync(file, bytes)
      await expect(openRecording(file, { runs: demo.runs })).rejects.toThrow('damaged')
      writeFileSync(file, bytes.subarray(0, 5000))
      await expect(openRecording(file, { runs: demo.runs })).rejects.toThrow('damaged')
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('says what is no time, no place and no function', async () => {
    await expect(vm.goTo('tomorrow')).rejects.toThrow('"tomorrow" is no time')
    await expect(vm.calls('schedule+4')).rejects.toThrow('name the function')
    await expect(vm.writes(8n, { as: 'u64' })).rejects.toThrow('no memory is mapped')
    await expect(vm.writes('jiffies_64', { as: 'u64', from: 'end', to: 'start' })).rejects.toThrow(
      'before it begins',
    )
  })
})

/** Where the kernel keeps the task of CPU 0. */
function currentAt({ kernel }: Session): bigint {
  const symbol = kernel.findSymbol('current_task') ?? kernel.findSymbol('pcpu_hot')
  if (symbol === undefined) throw new Error('this kernel has no current_task')
  return kernel.cpus.address(symbol, 0)
}

function currentPid(at: Session): unknown {
  const task = at.at(at.kernel.space.u64(currentAt(at)), 'struct task_struct') as StructValue
  return task.pid
}

function memberOffset(member: string, key: number): number {
  const { type } = vm.map('pid_stats').valuePlace(key)
  return 'member' in type ? (type.member(member)?.offset ?? 0) : 0
}
