import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../src/errors.js'
import type { Kernel } from '../../src/kernel/kernel.js'
import { Problems } from '../../src/problems.js'
import { Absences } from '../../src/sched/absences.js'
import { foundBy, gather, hex, noneOf, possibleCpus, type SchedContext } from '../../src/sched/context.js'

const lost = "some of this kernel's BTF is not in this memory"

function contextOf(isWhole: boolean) {
  const problems = new Problems()
  const kernel = {
    types: { isWhole },
    get cpus() {
      throw new CryoscopeError('unreadable', 'no mask')
    },
  } as unknown as Kernel
  const context: SchedContext = { kernel, problems, absences: new Absences(), jiffies: undefined }
  return { context, said: () => problems.sentences }
}

describe('what is not there', () => {
  it('is none where all types are known, and may be missed where they have holes', () => {
    expect(noneOf(contextOf(true).context)).toMatchObject({ seen: [], isWhole: true })
    expect(noneOf(contextOf(false).context)).toMatchObject({ seen: [], isWhole: false, missing: lost })
  })

  it('is said once for each group, and as unsure where something could not be read', () => {
    const sure = new Absences()
    for (const reason of ['no list', 'again']) expect(sure.lacks('queues', reason)).toBeUndefined()
    sure.lacks('events', 'no counters')
    expect(sure.list).toEqual([
      { group: 'queues', reason: 'no list' },
      { group: 'events', reason: 'no counters' },
    ])
    expect([sure.has('queues'), sure.has('tasks')]).toEqual([true, false])
    const unsure = new Absences('types are missing')
    unsure.lacks('queues', 'no list')
    expect(unsure.list).toEqual([
      { group: 'queues', reason: 'no list, as far as could be read: types are missing', unsure: true },
    ])
  })
})

describe('what a walk finds', () => {
  it('is all where nothing went wrong and types have no holes', () => {
    const walk = function* (): Generator<number> {
      yield* [1, 2]
    }
    const whole = contextOf(true)
    expect(foundBy(whole.context, walk)).toMatchObject({ seen: [1, 2], isWhole: true })
    expect(whole.said()).toEqual([])
    const holed = contextOf(false)
    expect(foundBy(holed.context, walk)).toMatchObject({ seen: [1, 2], isWhole: false })
    expect(holed.said()).toEqual([`types: ${lost}`])
  })

  it('is kept as far as it came when the walk fails', () => {
    const { context, said } = contextOf(true)
    const found = gather(context, 'queues', function* () {
      yield 1n
      throw new CryoscopeError('unreadable', 'it breaks')
    })
    expect(found).toEqual([1n])
    expect(said()).toEqual(['queues: it breaks'])
    expect(possibleCpus(context)).toEqual([])
    expect(said()).toEqual(['queues: it breaks', 'CPUs: no mask'])
  })
})

it('addresses are written as the 64 bits that they have', () => {
  expect([hex(0x10n), hex(-1n), hex(2n ** 64n + 5n)]).toEqual(['0x10', '0xffffffffffffffff', '0x5'])
})
