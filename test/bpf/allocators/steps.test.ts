import { expect, it, vi } from 'vitest'
import { Allocator } from '../../../src/bpf/allocators/allocator.js'
import { Slots } from '../../../src/bpf/allocators/slots.js'
import { Problems } from '../../../src/problems.js'
import { ArenaGuest } from '../../support/arena-guest.js'
import { writeSdtTree } from '../../support/sdt-tree.js'

const made = vi.hoisted(() => ({ indexes: 0 }))

vi.mock(import('../../../src/bpf/allocators/slots.js'), async (original) => {
  const real = await original()
  class SlotIndex extends real.SlotIndex {
    constructor(...tables: ConstructorParameters<typeof real.SlotIndex>) {
      super(...tables)
      if (tables[0].some((table) => table instanceof real.Slots)) made.indexes++
    }
  }
  return { ...real, SlotIndex }
})

it('the slots of all allocators are put in order once, whatever is asked of each', () => {
  const test = new ArenaGuest()
  const variables = test.section('.bss', {
    scx_task_allocator: 'scx_allocator',
    cpu_allocator: 'scx_allocator',
    task: 'toTask',
  })
  const at = (name: string): bigint => variables[name]?.at ?? 0n
  const tree = writeSdtTree(test, at('scx_task_allocator'), 48, [{ index: 0 }, { index: 1 }])
  writeSdtTree(test, at('cpu_allocator'), 24, [{ index: 0 }])
  const element = tree.elements.get(1) ?? 0
  test.guest.u64(at('task'), test.user(element + 8))
  const { arena } = test.build()
  expect(arena.objectAt(element)?.name).toBe('scx_task_allocator[1]')
  for (const { payload, leaks, dangling, objects } of arena.allocators)
    expect([payload, leaks, dangling, objects]).toHaveLength(4)
  expect(made.indexes).toBe(1)
})

it('objects that pointers found are searched, not gone through, for each place', () => {
  let looks = 0
  const type = { kind: 'int', size: 16 }
  const plain = Array.from({ length: 20_000 }, (_, n) => ({ place: 4096 + n * 32, type }))
  const objects = new Proxy(plain, {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) looks++
      return Reflect.get(target, key) as unknown
    },
  })
  const slots = new Slots(new Problems())
  const regions = [{ name: 'region', place: 4096, length: 2 ** 20, used: 2 ** 20 }]
  const facts = { name: 'heap', kind: 'static', reading: { slots, regions }, learn: () => ({ objects }) }
  const allocator = new Allocator(facts as unknown as ConstructorParameters<typeof Allocator>[0])
  for (let n = 0; n < 1000; n++) {
    expect(allocator.objectAt(4096 + n * 32 + 15, undefined)?.place).toBe(4096 + n * 32)
    // Between two of them.
    expect(allocator.objectAt(4096 + n * 32 + 16, undefined)?.place).toBe(4096)
  }
  expect(looks).toBeLessThan(20_000 + 2000 * 20)
})
