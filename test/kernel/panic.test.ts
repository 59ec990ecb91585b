import { describe, expect, it } from 'vitest'
import type { LogRecord } from '../../src/kernel/dmesg.js'
import { findPanic, type Panic, panicText } from '../../src/kernel/panic.js'
import type { Task } from '../../src/kernel/tasks.js'
import { KernelGuest } from '../support/kernel-guest.js'

const record = (time: bigint, text: string, level = 1): LogRecord => ({
  sequence: time,
  time,
  facility: 0,
  level,
  text,
})
const fault = record(6_000_000_000n, 'BUG: unable to handle page fault for address: ffff')
const place = record(6_000_001_000n, 'RIP: 0010:broken+0x4/0x10', 4)
const panic = record(6_100_000_000n, 'Kernel panic - not syncing: Fatal exception', 0)

function panicked(cpu: number | undefined): KernelGuest {
  const guest = new KernelGuest()
  if (cpu !== undefined) guest.integer(guest.symbol('panic_cpu', guest.image(4)), BigInt(cpu), 4)
  return guest
}

describe('findPanic', () => {
  it('finds none while panic_cpu is -1, and reads no log then', () => {
    const unread = (): LogRecord[] => {
      throw new Error('the log was read')
    }
    expect(findPanic(panicked(-1).kernel(), unread)).toBeUndefined()
    expect(findPanic(panicked(undefined).kernel(), unread)).toBeUndefined()
    expect(findPanic(panicked(0x7fff_ffff).kernel(), unread)).toBeUndefined()
  })

  it('says what was panicked about, and what led to it', () => {
    const found = findPanic(panicked(1).kernel(), () => [fault, place, panic])
    expect(found).toEqual({
      cpu: 1,
      task: undefined,
      message: 'Fatal exception',
      time: panic.time,
      cause: 'BUG: unable to handle page fault for address: ffff',
      where: 'broken+0x4/0x10',
    })
    expect(found && panicText(found)).toBe(
      'on CPU 1: Fatal exception. It began with: BUG: unable to handle page fault for address: ffff, at broken+0x4/0x10',
    )
  })

  it('knows no cause that lies long before', () => {
    const later = { ...panic, time: 60_000_000_000n }
    expect(findPanic(panicked(0).kernel(), () => [fault, place, later])).toMatchObject({
      message: 'Fatal exception',
      cause: undefined,
    })
  })

  it('knows the cause where the kernel that writes vmcores came before the message', () => {
    const found = findPanic(panicked(0).kernel(), () => [fault, place])
    expect(found).toMatchObject({ message: undefined, time: fault.time })
    expect(found && panicText(found)).toMatch(/^on CPU 0: BUG: unable .*, at broken\+0x4\/0x10$/)
  })
})

it.each([
  [10_000_000_000n, undefined],
  [9_999_999_999n, 'BUG: unable to handle page fault for address: ffff'],
  [0n, 'BUG: unable to handle page fault for address: ffff'],
  // A complaint behind the panic did not lead to it.
  [-1n, undefined],
])('what led to a panic was said less than ten seconds before: %i ns', (before, cause) => {
  const log = [{ ...fault, time: panic.time - before }, panic].sort((a, b) => Number(a.time - b.time))
  expect(findPanic(panicked(0).kernel(), () => log)).toMatchObject({ message: 'Fatal exception', cause })
})

it('believes in 8192 CPUs', () => {
  const of = (cpu: number): number | undefined => findPanic(panicked(cpu).kernel(), () => [])?.cpu
  expect([of(8191), of(8192)]).toEqual([8191, undefined])
})

it.each<[Partial<Panic>, string]>([
  [{}, 'on CPU 3'],
  [{ cause: 'BUG: x' }, 'on CPU 3: BUG: x'],
  [{ message: 'sysrq' }, 'on CPU 3: sysrq'],
  [{ message: 'sysrq', where: 'f+0x1' }, 'on CPU 3: sysrq'],
  [{ message: 'sysrq', cause: 'BUG: x' }, 'on CPU 3: sysrq. It began with: BUG: x'],
  [{ task: { name: 'sh', pid: 7 } as Task, message: 'sysrq' }, 'on CPU 3, in sh (pid 7): sysrq'],
])('%j is one sentence', (known, sentence) => {
  const none = { task: undefined, message: undefined, time: undefined, cause: undefined, where: undefined }
  expect(panicText({ cpu: 3, ...none, ...known })).toBe(sentence)
})
