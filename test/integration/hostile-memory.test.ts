import { setImmediate } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { Program } from '../../src/bpf/programs/program-object.js'
import type { Frame, Position } from '../../src/brands.js'
import { asFrame } from '../../src/brands.js'
import { CryoscopeError } from '../../src/errors.js'
import { dmesg, formatLog } from '../../src/kernel/dmesg.js'
import type { Kernel } from '../../src/kernel/kernel.js'
import type { MemoryWindow, PhysicalMemory } from '../../src/memory/types.js'
import { Problems } from '../../src/problems.js'
import { Report } from '../../src/report/report.js'
import { Session } from '../../src/session/session.js'
import { schemaErrors } from '../report/support/schema.js'
import { sharedDemo } from './support/demo-guest.js'

/** A copy of a guest's RAM that notes which frames are read, and can be ruined and repaired. */
class RuinableMemory implements PhysicalMemory {
  readonly description = 'ruined RAM'
  readonly ranges: PhysicalMemory['ranges']
  readonly windows: MemoryWindow[]
  readonly generation = 0
  readonly frames = new Set<Frame>()
  readonly #original: PhysicalMemory
  #undo: (() => void)[] = []

  constructor(original: PhysicalMemory) {
    this.#original = original
    this.ranges = original.ranges
    this.windows = original.windows.map(({ bytes }) => {
      const copy = new Uint8Array(bytes.length)
      copy.set(bytes)
      return { bytes: copy, view: new DataView(copy.buffer) }
    })
  }

  locate(frame: Frame): Position {
    this.frames.add(frame)
    return this.#original.locate(frame)
  }

  /** Overwrites eight bytes at a multiple of 8. */
  ruin(frame: Frame, offset: number, value: bigint): void {
    const position = this.#original.locate(frame)
    const view = this.windows[Math.floor(position / 2 ** 32)]?.view
    if (view === undefined) return
    const at = (position >>> 0) + offset
    const before = view.getBigUint64(at, true)
    view.setBigUint64(at, value, true)
    this.#undo.push(() => view.setBigUint64(at, before, true))
  }

  repair(): void {
    for (const undo of this.#undo.reverse()) undo()
    this.#undo = []
  }

  dataRanges(): PhysicalMemory['ranges'] {
    return this.#original.dataRanges()
  }

  read: PhysicalMemory['read'] = (address, length) => this.#original.read(address, length)

  close(): void {}
}

/** The same numbers in every run. */
function random(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

/** Everything that can be listed; what cannot be read must be said in a sentence. */
function readAll(memory: PhysicalMemory, found: () => void = () => {}): number {
  const session = new Session({
    name: 'ruins',
    memory,
    control: undefined,
    vcpus: () => [],
    problems: [],
    facts: {},
  })
  let read = 0
  const attempt = (work: () => number): void => {
    try {
      read += work()
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
    }
  }
  let kernel: Kernel
  try {
    kernel = session.kernel
    kernel.types.find('task_struct')
    found()
  } catch (error) {
    if (error instanceof CryoscopeError) return 0
    throw error
  }
  attempt(() => session.tasks.length)
  attempt(() => formatLog(dmesg(kernel, kernel.problems)).length)
  attempt(() => kernel.symbolizer.dynamic().length)
  attempt(() => session.links.length)
  attempt(() => {
    const programs = session.progs.map((info) => new Program(kernel, info))
    for (const program of programs) {
      attempt(() => program.xlated.length + JSON.stringify(program.streams ?? null).length)
      attempt(() => program.jited.length)
    }
    attempt(() => programs.find(({ type }) => type === 'struct_ops')?.structOps.length ?? 0)
    return programs.length
  })
  attempt(() => {
    for (const allocator of session.allocators) {
      attempt(() => JSON.stringify(allocator).length + allocator.leaks.length + allocator.dangling.length)
      attempt(() => [...allocator.json()].length)
    }
    return JSON.stringify(session.arenas).length
  })
  attempt(() => {
    const { sched } = session
    attempt(() => JSON.stringify(sched).length)
    attempt(() => sched.schedstats.length + sched.cpuTimes.length + sched.numa.length)
    for (const { pid } of sched.waiting.slice(0, 3)) attempt(() => session.why(pid).reasons.length)
    attempt(() => session.why(1).reasons.length + sched.stack(1).frames.length)
    return sched.tasks.length
  })
  attempt(() => {
    const report = Report.take(session)
    const { problems, sections } = report.head
    const mistakes = problems.filter(({ code }) => code === 'internal')
    if (mistakes.length > 0) throw new Error(mistakes.map(({ message }) => message).join('; '))
    const silent = Object.values(sections).filter(
      ({ status, reasons }) => status !== 'complete' && reasons.length === 0,
    )
    if (silent.length > 0) throw new Error('a section is not complete and does not say why')
    const errors = schemaErrors(JSON.parse([...report.json()].join('')))
    if (errors.length > 0) throw new Error(errors.slice(0, 5).join('; '))
    for (const text of [...report.text(), ...report.html()]) if (text === undefined) return 0
    report.close()
    return report.head.maps.length
  })
  attempt(() => {
    let entries = 0
    for (const map of session.maps) {
      attempt(() => {
        for (const text of map.json(200_000, new Problems())) {
          JSON.parse(text)
          entries++
        }
        return 0
      })
    }
    return entries
  })
  return read
}

describe('memory that is broken', () => {
  let memory: RuinableMemory
  let frames: readonly number[]
  let whole: number

  beforeAll(async () => {
    const { session } = await sharedDemo('6.18')
    memory = new RuinableMemory(session.target.memory)
    // Broken symbols or types are found at once and nothing more is read: what is read after them is ruined here.
    whole = readAll(memory, () => memory.frames.clear())
    frames = [...memory.frames]
  })

  it('is read like the guest itself while it is whole', () => {
    expect(whole).toBeGreaterThan(1000)
    expect(frames.length).toBeGreaterThan(500)
  })

  const kinds: readonly (readonly [string, (next: (limit: number) => number) => bigint])[] = [
    ['noise', (next) => (BigInt(next(2 ** 32)) << 32n) | BigInt(next(2 ** 32))],
    ['zeros', () => 0n],
    ['ones', () => 2n ** 64n - 1n],
    [
      'pointers into the direct map',
      (next) => 0xff11000000000000n + BigInt(next(2 ** 17)) * 4096n + BigInt(next(512) * 8),
    ],
    ['small numbers', (next) => BigInt(next(64))],
  ]

  it.each(kinds)('gives sentences, not crashes or endless loops: %s', async (_, value) => {
    let found = 0
    for (let seed = 1; seed <= 6; seed++) {
      // The runner wants to hear of its worker now and then.
      await setImmediate()
      const next = random(seed)
      // From a few broken words to a broken word in every page that is read.
      const count = Math.min(frames.length, 6 ** seed)
      for (let i = 0; i < count; i++)
        memory.ruin(asFrame(frames[next(frames.length)] ?? 0), next(512) * 8, value(next))
      try {
        // Reading it whole takes a second; a walk that does not end meets the limit of the test.
        readAll(memory, () => found++)
      } finally {
        memory.repair()
      }
    }
    expect(found).toBeGreaterThan(2)
    expect(readAll(memory)).toBe(whole)
  })
})
