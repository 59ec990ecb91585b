import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../src/errors.js'
import { Session } from '../../src/session/session.js'
import type { Control } from '../../src/session/target.js'
import { Writes } from '../../src/session/writes.js'
import { KernelGuest } from '../support/kernel-guest.js'

/** A guest that stands still or runs, as a test says. */
class StillControl {
  state: 'running' | 'frozen' = 'frozen'
  epoch = 1
}

/** Two globals beside each other, and what a session thinks of them. */
function opened() {
  const guest = new KernelGuest()
  const at = guest.global('panic_timeout', 16)
  guest.u32(at, 7)
  guest.u32(at + 4n, 11)
  guest.finish()
  const control = new StillControl()
  const memory = Object.assign(guest.memory, {
    write: (address: number, bytes: Uint8Array) => guest.memory.bytes.set(bytes, address),
  })
  const vm = new Session({
    name: '@test',
    memory,
    control: control as unknown as Control,
    vcpus: () => [],
    problems: [],
    facts: {},
  })
  const now = (offset = 0n): number => vm.kernel.space.u32(at + offset)
  /** The guest itself writes. */
  const guestWrites = (offset: bigint, value: number): void => {
    guest.u32(at + offset, value)
    vm.kernel.invalidate()
  }
  return { vm, at, control, now, guestWrites }
}

function codeOf(act: () => unknown): ErrorCode | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    return (error as { code: ErrorCode }).code
  }
}

describe('undo', () => {
  it('takes writes back, the newest first, and forgets them', () => {
    const { vm, at, now } = opened()
    vm.write(at, 8, 'unsigned int')
    vm.write(at, 9, 'unsigned int')
    vm.write(at + 4n, 12, 'unsigned int')
    expect(vm.written.map(({ before, after }) => [before, after])).toEqual([
      [7, 8],
      [8, 9],
      [11, 12],
    ])
    expect(vm.undo()).toMatchObject({ address: at + 4n, before: 11, after: 12 })
    expect([now(), now(4n)]).toEqual([9, 11])
    vm.undo()
    expect([now(), vm.written.length]).toEqual([8, 1])
    vm.undo()
    expect([now(), vm.written.length]).toEqual([7, 0])
    expect(codeOf(() => vm.undo())).toBe('usage')
  })

  it('is refused where the guest has written since, which stays as it is', () => {
    const { vm, at, now, guestWrites } = opened()
    vm.write(at, 8, 'unsigned int')
    guestWrites(0n, 100)
    expect(() => vm.undo()).toThrow(/has changed since it was written; vm.undo\(\{ force: true \}\)/)
    expect(now()).toBe(100)
    // It can be taken back still, by whoever means it.
    expect(vm.written).toHaveLength(1)
    vm.undo({ force: true })
    expect([now(), vm.written.length]).toEqual([7, 0])
  })

  it.each([0, 1, 2, 3])('sees a change of byte %d alone', (byte) => {
    const { vm, at, now, guestWrites } = opened()
    vm.write(at, 8, 'unsigned int')
    guestWrites(0n, 8 ^ (1 << (byte * 8)))
    expect(codeOf(() => vm.undo())).toBe('usage')
    expect(now()).toBe(8 ^ (1 << (byte * 8)))
  })

  it('is not held up by what the guest writes beside it', () => {
    const { vm, at, now, guestWrites } = opened()
    vm.write(at, 8, 'unsigned int')
    guestWrites(4n, 100)
    vm.undo()
    expect([now(), now(4n)]).toEqual([7, 100])
  })

  it('is refused while the guest runs, as writing is', () => {
    const { vm, at, control, now } = opened()
    vm.write(at, 8, 'unsigned int')
    control.state = 'running'
    expect(codeOf(() => vm.undo({ force: true }))).toBe('state')
    expect(codeOf(() => vm.write(at, 9, 'unsigned int'))).toBe('state')
    expect(now()).toBe(8)
    control.state = 'frozen'
    vm.undo()
    expect(now()).toBe(7)
  })
})

describe('writes and checkpoints', () => {
  const write = (writes: Writes, { vm, at }: ReturnType<typeof opened>, value: number): void => {
    const place = { name: 'panic_timeout', address: at, type: vm.type('unsigned int') }
    writes.write(vm.kernel.space, vm.valueContext, place, value)
  }

  it('a restored state has the writes that it was saved with, again and again', () => {
    const world = opened()
    const writes = new Writes()
    write(writes, world, 8)
    writes.remember('one')
    write(writes, world, 9)
    writes.remember('two')
    writes.recall('one')
    expect(writes.list.map(({ after }) => after)).toEqual([8])
    // What is written now is not the checkpoint's.
    write(writes, world, 10)
    writes.recall('one')
    expect(writes.list.map(({ after }) => after)).toEqual([8])
    writes.recall('two')
    expect(writes.list.map(({ after }) => after)).toEqual([8, 9])
  })

  it('of a checkpoint that another session made nothing is known', () => {
    const world = opened()
    const writes = new Writes()
    write(writes, world, 8)
    writes.recall('theirs')
    expect(writes.list).toEqual([])
    expect(codeOf(() => writes.undo(world.vm.kernel.space, false))).toBe('usage')
  })
})
