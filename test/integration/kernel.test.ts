import { beforeAll, describe, expect, it } from 'vitest'
import { sizeOf } from '../../src/btf/layout.js'
import { dmesg, formatLog } from '../../src/kernel/dmesg.js'
import { globalTypes } from '../../src/kernel/globals.js'
import { Problems } from '../../src/problems.js'
import type { PointerValue, StructValue } from '../../src/value/types.js'
import { type DemoGuest, sharedDemo, testedKernels } from './support/demo-guest.js'

/** Globals of the table that a tested kernel has; the rest belong to other releases. */
const met = new Set<string>()

describe.each(testedKernels)('kernel $kernel', ({ kernel }) => {
  let guest: DemoGuest

  beforeAll(async () => {
    guest = await sharedDemo(kernel)
  })

  it('types globals that fit the room their symbols have', () => {
    const { session } = guest
    const { symbols } = session.kernel
    for (const [name, type] of Object.entries(globalTypes)) {
      const symbol = symbols.lookup(name)
      if (symbol === undefined) continue
      met.add(name)
      const size = sizeOf(session.type(type)) ?? 0
      const room = roomOf(guest, symbol.address)
      expect({ name, type, fits: size > 0 && size <= room }, `${size} bytes in ${room}`).toEqual({
        name,
        type,
        fits: true,
      })
    }
  })

  it('reads globals that are what they say', () => {
    const { session, truth } = guest
    const init = session.variable('init_task') as StructValue
    expect([init.comm, init.pid]).toEqual(['swapper/0', 0])
    const names = session.variable('init_uts_ns') as StructValue
    expect(names.name.release).toBe(session.kernel.release)
    expect(session.variable('nr_cpu_ids')).toBe(2)
    const command = session.variable('saved_command_line') as PointerValue
    expect(command.$string(4096)).toBe(truth.text('cmdline').trimEnd())
    const runqueues = session.variable('runqueues') as StructValue[]
    expect(runqueues.map(({ cpu }) => cpu)).toEqual([0, 1])
  })

  it('reads the kernel log as dmesg prints it', () => {
    const problems = new Problems()
    const text = formatLog(dmesg(guest.session.kernel, problems))
    expect(problems.sentences).toEqual([])
    // The log may have grown since; it starts the same.
    expect(text.slice(0, guest.truth.text('dmesg').length)).toBe(guest.truth.bytes('dmesg').toString('utf8'))
  })
})

it('meets most of the table of globals on the tested kernels', () => {
  const missing = Object.keys(globalTypes).filter((name) => !met.has(name))
  expect(missing.length).toBeLessThan(Object.keys(globalTypes).length / 8)
})

/** Bytes up to the next symbol. */
function roomOf({ session }: DemoGuest, address: bigint): number {
  const { symbols } = session.kernel
  let low = 0
  let high = symbols.count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (symbols.address(middle) <= address) low = middle + 1
    else high = middle
  }
  return Number(symbols.address(low) - address)
}
