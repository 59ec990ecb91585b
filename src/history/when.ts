import { CryoscopeError } from '../errors.js'
import type { VcpuState } from '../machine/registers.js'
import { openRamFile } from '../memory/ram-file.js'
import { vcpuSources } from '../session/guest.js'
import { Session } from '../session/session.js'
import type { Control } from '../session/target.js'
import type { Moment } from '../time/engine/run.js'
import type { Journey } from '../time/journey.js'
import { boundsOf, type Span } from './ask.js'
import { recordOf } from './watching.js'

/** What is asked of a moment; anything but false, 0, '', null and undefined is yes. */
export type Condition = (vm: Session) => unknown

export interface WhenOptions extends Span {
  /** Instructions from one look to the next, before the place is found exactly; default 2^20, two ms of a busy guest. */
  readonly every?: number
}

/** The first moment at which a condition was seen true. */
export interface FoundMoment {
  readonly time: Moment
  /** The last look before it, at which it was false; undefined where it was true at the start. */
  readonly after: Moment | undefined
  go(): Promise<unknown>
  toJSON(): { readonly time: Moment; readonly after: Moment | null }
}

const usualEvery = 2 ** 20
/** Looks in the stretch that is narrowed. */
const fineness = 64

/**
 * The first moment of a part of the record at which the condition is true: looked at in equal distances, and to the block
 * between the last look that said no and the first that said yes. What was true only between two looks is not seen.
 */
export async function when(
  vm: Session,
  condition: Condition,
  { every = usualEvery, ...span }: WhenOptions = {},
): Promise<FoundMoment | undefined> {
  if (!Number.isSafeInteger(every) || every < 1) {
    throw new CryoscopeError('usage', `every is a whole number of instructions, not ${every}`)
  }
  const record = recordOf(vm)
  const bounds = await boundsOf(vm, span)
  return await record.aside({ stores: false }, async (journey) => {
    const { close, look } = looker(vm, journey)
    let from = bounds.from
    let to = bounds.to
    let step = every
    let after: Moment | undefined
    let found: Moment | undefined
    for (;;) {
      const seen = await firstTrue(journey, { from, to, step }, async () => condition(await look()), span)
      if (seen === undefined && found === undefined) return undefined
      // A look at a place that was true before may differ only where the condition itself changes.
      if (seen === undefined) break
      found = seen.at
      after = seen.before ?? after
      if (seen.before === undefined || step === 1 || seen.at.instructions - seen.before.instructions <= 1)
        break
      from = seen.before.instructions
      to = seen.at.instructions
      step = Math.max(1, Math.floor((to - from) / fineness))
    }
    close()
    const time = found
    if (time === undefined) return undefined
    return {
      time,
      after,
      go: async () => await recordOf(vm).goTo({ instructions: time.instructions }),
      toJSON: () => ({ time, after: after ?? null }),
    }
  })
}

interface Stretch {
  readonly from: number
  readonly to: number
  readonly step: number
}

async function firstTrue(
  journey: Journey,
  { from, to, step }: Stretch,
  isTrue: () => Promise<unknown>,
  { signal, onProgress }: Span,
): Promise<{ readonly at: Moment; readonly before: Moment | undefined } | undefined> {
  let before: Moment | undefined
  let hold: Moment = await journey.goTo(from, { signal })
  for (;;) {
    const at = { instructions: hold.instructions, ns: hold.ns }
    if (await isTrue()) return { at, before }
    onProgress?.(hold.instructions - from, to - from)
    if (hold.instructions >= to) return undefined
    before = at
    hold = await journey.runTo({ instructions: Math.min(to, hold.instructions + step) }, { signal })
  }
}

/** A session on the place where a journey is held. */
function looker(vm: Session, journey: Journey) {
  const record = recordOf(vm)
  const memory = openRamFile(journey.ram.path, record.store.ranges, 'RAM of a record', () => refuse())
  const control = new Peek()
  let vcpus: readonly VcpuState[] = []
  const session = new Session({
    name: vm.target.name,
    memory,
    control,
    vcpus: () => vcpuSources({ vcpus }),
    problems: [],
    facts: vm.target.facts,
  })
  return {
    close: () => memory.close(),
    look: async (): Promise<Session> => {
      vcpus = await journey.registers()
      control.epoch++
      return session
    },
  }
}

function refuse(): never {
  throw new CryoscopeError('usage', 'a condition only looks: it can neither run the guest nor write to it')
}

/** Control of a place that is only looked at. */
class Peek implements Control {
  readonly state = 'frozen'
  epoch = 0

  async freeze() {
    return { reason: 'freeze' } as const
  }
  async hold() {
    return undefined
  }
  async thaw() {
    refuse()
  }
  async advance() {
    return refuse()
  }
  async step() {
    return refuse()
  }
  async runUntil() {
    return refuse()
  }
  async dump() {
    refuse()
  }
  async close() {}
  async stop() {
    refuse()
  }
}
