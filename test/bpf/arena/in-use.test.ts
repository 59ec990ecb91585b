import { describe, expect, it } from 'vitest'
import { listArenas } from '../../../src/bpf/arena/arenas.js'
import { beginsAt } from '../../../src/bpf/arena/begins-at.js'
import type { ArenaProbe } from '../../../src/bpf/arena/context.js'
import { listMaps, type MapInfo } from '../../../src/bpf/map-info.js'
import type { StructType } from '../../../src/btf/types.js'
import { Kernel } from '../../../src/kernel/kernel.js'
import { Problems } from '../../../src/problems.js'
import { ArenaGuest } from '../../support/arena-guest.js'
import { HoledMemory } from '../../support/holed-memory.js'
import { writeSdtTree } from '../../support/sdt-tree.js'

/** An allocator of tasks with one element in use and one that was given back, and what the arena says of values. */
function make() {
  const test = new ArenaGuest()
  const variables = test.section('.bss', { scx_task_allocator: 'scx_allocator', task: 'toTask' })
  const tree = writeSdtTree(test, variables.scx_task_allocator?.at ?? 0n, 48, [
    { index: 0 },
    { index: 1, state: 'recycled' },
  ])
  const place = (index: number): number => tree.elements.get(index) as number
  test.guest.u64(variables.task?.at ?? 0n, test.user(place(0) + 8))
  const { kernel, maps, arena } = test.build()
  const type = (name: string): StructType => test.types.findStruct(name) as StructType
  const ask = (of: Kernel, all: readonly MapInfo[]): ArenaProbe => {
    let probe: ArenaProbe | undefined
    const [own] = listArenas(of, all, new Problems(), new Problems(), {
      pointerAt: (_type, _offset, given) => {
        probe = given
        return undefined
      },
      complete: () => undefined,
    })
    own?.context.recoverPointer?.(type('task_ctx'), 0)
    if (probe === undefined) throw new Error('the arena was not asked')
    return probe
  }
  /** What is said where memory lacks the page of a place. */
  const without = (at: number): ArenaProbe => {
    const found = kernel.space.translate(arena.window.kernelAddress(at))
    const hole = 'physical' in found ? found.physical / 4096 : Number.NaN
    const holed = Kernel.find(new HoledMemory(test.guest.memory, (frame) => frame === Math.floor(hole)))
    return ask(holed, listMaps(holed, new Problems()))
  }
  return { test, place, type, probe: ask(kernel, maps), without }
}

describe('whether an integer leads to what it is taken for', () => {
  it('an element that is handed out, of that type or with its header', () => {
    const { test, place, type, probe } = make()
    const payload = test.user(place(0) + 8)
    expect(probe.isAddress(payload)).toBe(true)
    expect(probe.isInUse(payload, type('task_ctx'))).toBe(true)
    expect(probe.isInUse(payload, undefined)).toBe(true)
    expect(probe.isInUse(test.user(place(0)), type('sdt_data'))).toBe(true)
  })

  it('not one of another type, and none that was given back', () => {
    const { test, place, type, probe } = make()
    expect(probe.isInUse(test.user(place(0) + 8), type('cpu_ctx'))).toBe(false)
    expect(probe.isInUse(test.user(place(0) + 16), type('task_ctx'))).toBe(false)
    expect(probe.isInUse(test.user(place(1) + 8), type('task_ctx'))).toBe(false)
    expect(probe.isInUse(test.user(place(1) + 8), undefined)).toBe(false)
  })

  it('a page that this memory lacks, unless the kernel lists it as free', () => {
    const { test, place, type, without } = make()
    const probe = without(place(0))
    expect(probe.isInUse(test.user(place(0) + 8), type('task_ctx'))).toBe(true)
    expect(probe.isInUse(test.user(700 * 4096), type('task_ctx'))).toBe(false)
  })

  it('not a page that the arena does not have, nor a number', () => {
    const { test, type, probe } = make()
    expect(probe.isInUse(test.user(700 * 4096), type('task_ctx'))).toBe(false)
    expect(probe.isAddress(1n)).toBe(false)
    expect(probe.isAddress(12345n)).toBe(false)
  })
})

it('a struct begins where a member of it does, in arrays too, and nowhere else', () => {
  const { types } = new ArenaGuest()
  const struct = (name: string) => types.findStruct(name) as StructType
  const [allocator, pool] = [struct('scx_allocator'), struct('sdt_pool')]
  expect(beginsAt(allocator, 0, allocator)).toBe(true)
  expect(beginsAt(allocator, 0, pool)).toBe(true)
  expect(beginsAt(allocator, 8, pool)).toBe(false)
  expect(beginsAt(allocator, 4096, pool)).toBe(false)
})
