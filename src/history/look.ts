import { CryoscopeError } from '../errors.js'
import type { VcpuState } from '../machine/registers.js'
import { openRamFile } from '../memory/ram-file.js'
import { TracedMemory } from '../memory/traced.js'
import { vcpuSources } from '../session/guest.js'
import { Session } from '../session/session.js'
import type { Control } from '../session/target.js'
import { mostPieces } from '../time/engine/layout.js'
import type { Piece } from '../time/engine/shared-file.js'
import type { Journey } from '../time/journey.js'
import { recordOf } from './watching.js'

/** What is asked of a moment: it gets a `vm` that stands there. */
export type Question<T = unknown> = (vm: Session) => T

/** What a question read of the guest. */
export interface Reads {
  readonly pieces: readonly Piece[]
  /** Registers change with every instruction: what reads them cannot be followed by writes to memory. */
  readonly registers: boolean
}

/** Refuses functions that do not take the moment's `vm`: they would look at where the session stands, at every moment. */
export function checkQuestion(question: Question): void {
  if (typeof question === 'function' && question.length > 0) return
  throw new CryoscopeError(
    'usage',
    'what is asked of each moment is a function of the vm that stands there: (vm) => vm.map("stats").get(0).n',
  )
}

/** A session on the place where a journey is held, which knows what is read through it. */
export class Lookout {
  readonly #journey: Journey
  readonly #memory: TracedMemory
  readonly #control = new Peek()
  readonly #session: Session
  #vcpus: readonly VcpuState[] | undefined
  #wantsRegisters = false

  constructor(vm: Session, journey: Journey) {
    const record = recordOf(vm)
    this.#journey = journey
    this.#memory = new TracedMemory(
      openRamFile(journey.ram.path, record.store.ranges, 'RAM of a record', () => refuse()),
    )
    const { text: vmcoreinfo, physical: noteAt } = vm.kernel.info
    this.#session = new Session({
      name: vm.target.name,
      memory: this.#memory,
      control: this.#control,
      vcpus: () => {
        this.#wantsRegisters = true
        return vcpuSources({ vcpus: this.#vcpus ?? [] })
      },
      problems: [],
      facts: vm.target.facts,
      vmcoreinfo,
      noteAt,
    })
  }

  close(): void {
    this.#memory.close()
  }

  /** Asks where the journey is held now. */
  async ask<T>(question: Question<T>): Promise<Awaited<T>> {
    this.#vcpus = undefined
    for (;;) {
      this.#control.epoch++
      this.#wantsRegisters = false
      const answer = await this.#answer(question)
      if (!this.#wantsRegisters || this.#vcpus !== undefined) {
        if ('error' in answer) throw answer.error
        return answer.value
      }
      // Only now it is known that they are wanted, which costs a word with the engine.
      this.#vcpus = await this.#journey.registers()
    }
  }

  /** The same, and what was read for it. What is read only once, such as types, is read before. */
  async trace<T>(
    question: Question<T>,
    isFirst: boolean,
  ): Promise<{ readonly answer: Answered<Awaited<T>>; readonly reads: Reads }> {
    const attempt = async (): Promise<Answered<Awaited<T>>> => {
      try {
        return { value: await this.ask(question) }
      } catch (error) {
        return { error }
      }
    }
    if (isFirst) await attempt()
    this.#memory.trace()
    const answer = await attempt()
    return { answer, reads: { pieces: this.#memory.traced(), registers: this.#vcpus !== undefined } }
  }

  async #answer<T>(question: Question<T>): Promise<Answered<Awaited<T>>> {
    try {
      // The kernel is found before anything is asked.
      void this.#session.kernel
      this.#wantsRegisters = false
      return { value: await question(this.#session) }
    } catch (error) {
      return { error }
    }
  }
}

/** What a question gave, or what it threw. */
export type Answered<T> = { readonly value: T } | { readonly error: unknown }

/** As few pieces as the engine watches; undefined where they are in too many pages. More than was read may be watched. */
export function watchable(pieces: readonly Piece[]): readonly Piece[] | undefined {
  if (pieces.length <= mostPieces) return pieces
  const joined: { offset: number; length: number }[] = []
  for (const { offset, length } of pieces) {
    const last = joined.at(-1)
    if (last !== undefined && Math.floor(last.offset / 4096) === Math.floor(offset / 4096)) {
      last.length = offset + length - last.offset
    } else joined.push({ offset, length })
  }
  return joined.length <= mostPieces ? joined : undefined
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
  async trace() {
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
