import { CryoscopeError } from '../errors.js'
import type { BootOptions } from '../machine/options.js'
import { boot } from '../session/guest.js'
import type { Session } from '../session/session.js'
import type { Moment } from '../time/engine/run.js'
import { RunEnded } from '../time/engine/run.js'
import { saveRecording } from '../time/recording.js'
import { recordOf } from './watching.js'
import { when } from './when.js'

/** Says what is wrong: false or a sentence breaks the invariant; true, undefined and null hold. It only looks. */
export type Invariant = (vm: Session) => unknown

export interface ExploreOptions {
  /** How to start the guest; deterministic and seed are set here. */
  readonly guest: BootOptions
  readonly seed: number
  /** Milliseconds of the guest's clock to run after it is ready. */
  readonly ms: number
  readonly check: Invariant
  /** Lets one vCPU go on alone now and then, as the seed says. */
  readonly preempt?: boolean
  /** Instructions from one look to the next. */
  readonly every: number
  /** Where to write a recording of a run that broke; undefined writes none. */
  readonly recording: string | undefined
  readonly signal?: AbortSignal
  readonly onProgress?: (sentence: string) => void
}

/** What became of one seed. */
export interface Explored {
  readonly seed: number
  readonly isBroken: boolean
  /** What the check said, or how the guest ended. */
  readonly why: string | null
  /** The first moment, exact to the block, at which it was broken. */
  readonly time: Moment | null
  /** How far the run went. */
  readonly end: Moment
  readonly looks: number
  readonly recording: string | null
}

/** Runs one seed and looks at its invariant in equal distances; the first look that breaks it is narrowed to the block. */
export async function exploreSeed(options: ExploreOptions): Promise<Explored> {
  const { guest, seed, ms, check, every, preempt = false, signal, onProgress } = options
  const vm = await boot({
    ...guest,
    deterministic: true,
    seed,
    preempt,
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  })
  try {
    const record = recordOf(vm)
    const last = record.time.ns + ms * 1e6
    let looks = 0
    let before = record.time.instructions
    for (;;) {
      looks++
      const why = sentenceOf(check(vm))
      if (why !== undefined) return await broken(vm, why, before, looks, options)
      if (record.time.ns >= last) {
        const { instructions, ns } = record.time
        return {
          seed,
          isBroken: false,
          why: null,
          time: null,
          end: { instructions, ns },
          looks,
          recording: null,
        }
      }
      before = record.time.instructions
      try {
        await record.goTo({ instructions: before + every }, { signal })
      } catch (error) {
        if (!(error instanceof RunEnded)) throw error
        return await broken(vm, error.message, undefined, looks, options)
      }
    }
  } finally {
    await vm.close()
  }
}

/** What a check says is wrong; undefined when it holds. */
function sentenceOf(answer: unknown): string | undefined {
  if (answer === false) return 'the check says no'
  if (typeof answer === 'string' && answer !== '') return answer
  if (answer === true || answer === undefined || answer === null || answer === '') return undefined
  throw new CryoscopeError(
    'usage',
    'a check gives true where the invariant holds, false or a sentence where it does not',
  )
}

async function broken(
  vm: Session,
  why: string,
  before: number | undefined,
  looks: number,
  { seed, check, every, recording, signal }: ExploreOptions,
): Promise<Explored> {
  const record = recordOf(vm)
  const { instructions, ns } = record.time
  let time: Moment = { instructions, ns }
  if (before !== undefined && before < instructions) {
    const found = await when(vm, (at) => sentenceOf(check(at)) !== undefined, {
      from: before,
      to: instructions,
      every,
      ...(signal === undefined ? {} : { signal }),
    })
    time = found?.time ?? time
  }
  if (recording !== undefined) await saveRecording(record, recording)
  return { seed, isBroken: true, why, time, end: { instructions, ns }, looks, recording: recording ?? null }
}
