import { CryoscopeError } from '../../errors.js'
import type { Session } from '../../session/session.js'
import { escapeText } from '../../text.js'

/** What the guest is told. */
export type GuestCommand =
  | { readonly verb: 'freeze' }
  | { readonly verb: 'thaw' }
  | { readonly verb: 'advance'; readonly microseconds: number }
  | { readonly verb: 'step'; readonly cpu: number; readonly count: number }

/** What somebody wrote into `control`. */
export type ControlCommand =
  | GuestCommand
  | { readonly verb: 'keep' }
  | { readonly verb: 'drop'; readonly stop: number }

export const controlHelp =
  'freeze, thaw, advance 5ms (or 200us, 1s), step CPU [COUNT], keep (this stop, in stops/), drop STOP'

/** One line of `control`. Throws 'usage' with what can be written. */
export function parseControl(line: string): ControlCommand {
  const words = line.trim().split(/\s+/)
  const [verb = '', first = '', second = '1'] = words
  if ((verb === 'freeze' || verb === 'thaw' || verb === 'keep') && words.length === 1) return { verb }
  const time = /^(\d{1,9})(us|ms|s)$/.exec(first)
  if (verb === 'advance' && words.length === 2 && time !== null && Number(time[1]) > 0) {
    const unit = { us: 1, ms: 1000, s: 1_000_000 }[time[2] as 'us' | 'ms' | 's']
    return { verb, microseconds: Number(time[1]) * unit }
  }
  if (verb === 'step' && words.length <= 3 && isWhole(first) && isWhole(second)) {
    return { verb, cpu: Number(first), count: Number(second) }
  }
  if (verb === 'drop' && words.length === 2 && isWhole(first)) return { verb, stop: Number(first) }
  throw new CryoscopeError('usage', `"${escapeText(line.trim())}" is no command; write ${controlHelp}`)
}

function isWhole(text: string): boolean {
  return /^\d{1,9}$/.test(text)
}

/** Lets the guest do what was written; the answer is what came of it, in a few words. */
export async function runControl(session: Session, command: GuestCommand): Promise<string> {
  switch (command.verb) {
    case 'freeze':
      await session.freeze()
      return 'frozen'
    case 'thaw':
      await session.thaw()
      return 'running'
    case 'advance': {
      const { elapsedMicroseconds } = await session.advance({ us: command.microseconds })
      return `ran for ${elapsedMicroseconds ?? command.microseconds} us`
    }
    case 'step': {
      const { steps, note } = await session.step(command.cpu, command.count)
      return `${steps ?? command.count} steps on CPU ${command.cpu}${note === undefined ? '' : `; ${note}`}`
    }
  }
}
