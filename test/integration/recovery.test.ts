import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { analyzeFile } from '../../src/bpf/cast/analyze.js'
import type { CastObject } from '../../src/bpf/cast/report.js'
import { Recovery } from '../../src/bpf/recovery/recovery.js'
import { Problems } from '../../src/problems.js'
import type { Session } from '../../src/session/session.js'
import type { PointerValue, StructValue } from '../../src/value/types.js'
import { type DemoGuest, demoBuild, sharedDemo, testedKernels } from './support/demo-guest.js'

const command = new URL('../../bin/cryoscope.js', import.meta.url).pathname
const object = join(demoBuild, 'scx_demo.o')

/** The fields of the scheduler that C declares as u64 and that hold pointers, and no others. */
const expected = [
  'struct pid_stats.data -> struct sdt_data arena',
  'struct pid_stats.tptr -> struct task_struct kernel',
  'struct scx_task_map_val.tptr -> struct task_struct kernel',
  'struct task_ctx.parent -> struct sdt_data arena',
  'struct task_ctx.task -> struct task_struct kernel',
]

function textsOf({ findings }: CastObject): string[] {
  return findings
    .map(
      ({ place, target, addressSpace }) =>
        `${place.type}.${place.member} -> ${target?.type ?? '?'} ${addressSpace}`,
    )
    .toSorted()
}

/** What the scheduler wrote of each task, as bpftool read it inside the guest: bytes of struct pid_stats by pid. */
function logged(
  session: Session,
  { truth }: DemoGuest,
): Map<number, { task: bigint; element: bigint; index: number }> {
  const { id } = session.map('pid_stats')
  const entries = truth.json<{ key: string[]; value: string[] }[]>(`map/${id}.json`)
  return new Map(
    entries.map(({ key, value }) => {
      const bytes = Buffer.from(value.map(Number))
      return [
        Buffer.from(key.map(Number)).readInt32LE(),
        { task: bytes.readBigUInt64LE(24), element: bytes.readBigUInt64LE(32), index: bytes.readInt32LE(16) },
      ]
    }),
  )
}

const pointerIn = (value: unknown, member: string): PointerValue =>
  (value as StructValue).$member(member) as PointerValue

describe.each(testedKernels)('pointers recovered on $kernel', ({ kernel }) => {
  let guest: DemoGuest
  let session: Session

  beforeAll(async () => {
    guest = await sharedDemo(kernel)
    session = guest.session
  }, 300_000)

  it('from the loaded programs are those of the object that was loaded, and no others', () => {
    const loaded = session.recovery.loaded()
    const scheduler = loaded.find(({ programs }) => programs.some(({ name }) => name === 'demo_enqueue'))
    if (scheduler === undefined) throw new Error('the scheduler is not loaded')
    const { object: found, reason, file } = session.recovery.of(scheduler.types)
    expect(reason).toBeUndefined()
    expect(file).toBeUndefined()
    expect(textsOf(found as CastObject)).toEqual(expected)
    for (const { types } of loaded) {
      if (types !== scheduler.types) expect(session.recovery.of(types).object?.findings ?? []).toEqual([])
    }
  })

  it('lead to the tasks and allocations that the scheduler logged', () => {
    const entries = logged(session, guest)
    const alive = new Map(session.tasks.map(({ pid, address }) => [pid, address]))
    let compared = 0
    for (const [pid, { task, element, index }] of entries) {
      const stats = session.map('pid_stats').get(pid)
      const tptr = pointerIn(stats, 'tptr')
      expect(tptr.$value).toBe(task)
      expect((stats as StructValue).tptr).toBe(task)
      // A task that ended while the scheduler was paused is still in the map, and its memory somebody else's.
      if (alive.get(pid) !== task) continue
      compared++
      // Through the kernel's own layout of task_struct, whatever the scheduler was built for.
      expect(tptr.pid).toBe(pid)
      expect(tptr.comm).toBe((session.task(pid) as StructValue).comm)
      const data = pointerIn(stats, 'data')
      expect(data.$value).toBe(element)
      expect(data.tid.idx).toBe(index)
      const context = data.$payload as StructValue
      expect(context.$type).toBe('struct task_ctx')
      expect([context.pid, context.task]).toEqual([pid, task])
      expect(data.$symbol).toContain(`scx_task_allocator[${index}]`)
    }
    expect(compared).toBeGreaterThan(20)
  })

  it('and declared ones lead from the storage of a task to its context', () => {
    let followed = 0
    for (const { key, value } of session.map('scx_task_map').entries()) {
      const stored = value?.value as unknown as StructValue
      const context = (stored.data as PointerValue).$payload as StructValue
      if (key.owner?.kind !== 'task' || !('exited' in key.owner) || key.owner.exited) continue
      expect(context.$type).toBe('struct task_ctx')
      expect(context.pid).toBe(stored.pid)
      followed++
    }
    expect(followed).toBeGreaterThan(20)
  })

  it('say which function, instruction and line shows it', () => {
    const [allocation] = session.allocator('scx_task_allocator').live
    const task = pointerIn(allocation?.value, 'task')
    expect(task.$recovered).toMatchObject({
      function: 'demo_init_task',
      why: 'a pointer is stored there: tctx->task = (u64)p;',
    })
    expect(task.$recovered?.file).toMatch(/task_life\.bpf\.h$/)
    expect(task.$format()).toMatch(/^0x[0-9a-f]+ \(recovered struct task_struct \*\)$/)
    const xlated = session.prog('demo_init_task').xlated
    const shown = xlated.find((line) => line.index === task.$recovered?.instruction)
    expect(shown?.text).toMatch(/^\(7b\) \*\(u64 \*\)\(r\d \+\d+\) = r\d$/)
  })

  it('follow the address of the parent that a context keeps as an integer', () => {
    const allocator = session.allocator('scx_task_allocator')
    let followed = 0
    for (const { value } of allocator.live) {
      const context = value as unknown as StructValue
      const parent = pointerIn(context, 'parent')
      if (parent.$isNull || parent.tid.val !== context.parent_tid.val) continue
      followed++
      const element = allocator.at(Number(parent.tid.idx))
      expect(element?.address).toBe(parent.$value)
      const found = element?.value as unknown as StructValue | undefined
      expect(found?.magic).toBe(0x7461736b5f637478n)
    }
    expect(followed).toBeGreaterThan(10)
  })

  it('from the object file are the same', () => {
    expect(session.addObject(object)).toBe(true)
    const files = session.recovery
    const scheduler = files
      .loaded()
      .find(({ programs }) => programs.some(({ name }) => name === 'demo_enqueue'))
    if (scheduler === undefined) throw new Error('the scheduler is not loaded')
    const found = files.of(scheduler.types)
    expect(found.file).toBe(object)
    expect(textsOf(found.object as CastObject)).toEqual(expected)
    // Other objects' files change nothing.
    const without = new Recovery(session.kernel, [], () => session.arenas, new Problems())
    expect(without.of(scheduler.types).file).toBeUndefined()
    expect(session.addObject(join(demoBuild, 'trace.o'))).toBe(true)
  })
})

describe('every object that the examples build', () => {
  const objects = readdirSync(demoBuild).filter((file) => file.endsWith('.o'))

  it.each(objects)('%s is analysed, and nothing is claimed that is not so', (file) => {
    const { objects: found, problems } = analyzeFile(join(demoBuild, file), { cache: null })
    expect(problems).toEqual([])
    expect(found.map(({ incomplete }) => incomplete)).toEqual([null])
    expect(found.flatMap(textsOf)).toEqual(file.startsWith('scx_demo.') ? expected : [])
  })

  it('are several', () => {
    expect(objects.length).toBeGreaterThanOrEqual(6)
  })
})

describe('cryoscope casts', () => {
  it('shows the same of the demo object without a guest', () => {
    const text = execFileSync(process.execPath, [command, 'casts', object, '--json'], { encoding: 'utf8' })
    const { objects } = JSON.parse(text) as { objects: CastObject[] }
    expect(objects.flatMap(textsOf)).toEqual(expected)
  })
})
