import { CryoscopeError } from '../errors.js'
import type { RawBlock } from '../time/engine/event.js'
import type { RecordTime, RunRecord } from '../time/record.js'

/** How far before a place a vCPU's blocks are looked at; more each time until there are enough. */
const firstWindow = 2 ** 16
const windowGrowth = 16

/**
 * Goes to where one vCPU had executed so many instructions less. Blocks are the places of a record; within one the vCPU
 * is stepped from its begin, which is a branch, while the others stand where they stood.
 */
export async function stepBack(record: RunRecord, cpu: number, count: number): Promise<RecordTime> {
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new CryoscopeError('usage', `a count of steps is a positive whole number, not ${count}`)
  }
  if (cpu < 0 || cpu >= record.guest.cpus) {
    throw new CryoscopeError('usage', `there is no vCPU ${cpu}; the guest has 0 to ${record.guest.cpus - 1}`)
  }
  if (record.time.branch !== undefined) {
    throw new CryoscopeError(
      'usage',
      'this is a branch, which has no way back; go to a place of the record first (vm.goTo)',
    )
  }
  const now = record.time.instructions
  const start = record.checkpoints[0]?.instructions ?? 0
  for (let window = Math.max(firstWindow, 4 * count); ; window *= windowGrowth) {
    const from = Math.max(start, now - window)
    const blocks = await blocksOf(record, cpu, from, now)
    let left = count
    for (let index = blocks.length - 1; index >= 0; index--) {
      const block = blocks[index] as RawBlock
      if (left <= block.length) {
        await record.goTo({ instructions: block.time })
        if (left < block.length) await record.step(cpu, block.length - left)
        return record.time
      }
      left -= block.length
    }
    if (from === start) {
      throw new CryoscopeError(
        'not-found',
        `vCPU ${cpu} has executed only ${count - left} instructions since the record began`,
      )
    }
  }
}

async function blocksOf(record: RunRecord, cpu: number, from: number, to: number): Promise<RawBlock[]> {
  const blocks: RawBlock[] = []
  await record.aside({ stores: false }, async (journey) => {
    await journey.goTo(from)
    journey.prepare(({ shared }) => shared.set('trace', cpu + 1))
    await journey.runTo(
      { instructions: to },
      {
        onEvent: (event) => {
          if (event.kind === 'block' && event.time >= from && event.time < to) blocks.push(event)
        },
      },
    )
  })
  return blocks
}
