import { describe, expect, it } from 'vitest'
import type { PointerValue, StructValue } from '../../../src/value/types.js'
import { ArenaGuest } from '../../support/arena-guest.js'
import { writeSdtTree } from '../../support/sdt-tree.js'

/** A tree of tasks whose element 0 has pid 4711. Its address is that of its header, 8 bytes before the task. */
function make() {
  const test = new ArenaGuest()
  const variables = test.section('.bss', { scx_task_allocator: 'scx_allocator', task: 'toTask' })
  const tree = writeSdtTree(test, variables.scx_task_allocator?.at ?? 0n, 48, [{ index: 0 }])
  const place = tree.elements.get(0) as number
  test.set('task_ctx', place + 8, { pid: 4711 })
  test.guest.u64(variables.task?.at ?? 0n, test.user(place + 8))
  const { arena } = test.build()
  return { arena, header: test.user(place) }
}

describe('an element of an allocator', () => {
  it('is described as what lies behind its header, wherever in it an address leads', () => {
    const { arena, header } = make()
    const found = arena.describe(header)
    expect(found.text).toBe('scx_task_allocator[0]+0x0, its header; struct task_ctx begins at +0x8')
    for (const offset of [0n, 4n, 8n, 12n]) {
      const value = arena.describe(header + offset).value as StructValue
      expect([value.$type, value.pid]).toEqual(['struct task_ctx', 4711])
    }
    expect(arena.describe(header + 8n).text).toBe('scx_task_allocator[0]')
  })

  it('is what the flexible array of its header leads to', () => {
    const { arena, header } = make()
    const data = arena.at(header, 'struct sdt_data') as StructValue
    expect([data.payload.$type, data.payload.pid]).toEqual(['struct task_ctx', 4711])
    const pointer = data.$cast('struct sdt_data') as StructValue
    expect(pointer.payload.pid).toBe(4711)
  })

  it('is not taken for its header', () => {
    const { arena, header } = make()
    const at = header.toString(16)
    expect(() => arena.at(header, 'struct task_ctx')).toThrow(
      `0x${at} is the header of scx_task_allocator[0]; its struct task_ctx begins behind it, at 0x${(header + 8n).toString(16)}: take describe(0x${at}n).value`,
    )
    expect((arena.at(header + 8n, 'struct task_ctx') as PointerValue).pid).toBe(4711)
    expect(arena.at(header, 'unsigned long')).toBeTypeOf('bigint')
  })
})
