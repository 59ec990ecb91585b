import { CryoscopeError } from '../src/errors.js'
import { WireError } from '../src/ui/jupyter/wire/message.js'
import { Wrong } from './kind.js'

/** What JavaScript says of faults, which no sentence of ours may hold. */
const slips =
  /\bundefined\b|\bNaN\b|\[object |Cannot read prop|is not a function|is not iterable|call stack|Invalid (array|typed|string|count|time|code)|\bBigInt\b|out of range|outside the bounds|ERR_[A-Z]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
const controls = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: lines and tabs are what text is made of
const controlsOfText = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/

/** A sentence for people. */
export function checkSentence(text: string): void {
  if (text.length < 8) throw new Wrong(`"${text}" is no sentence`)
  const slip = slips.exec(text)
  if (slip !== null) throw new Wrong(`a sentence of JavaScript: ${excerpt(text, slip.index)}`)
  const control = controls.exec(text)
  if (control !== null) throw new Wrong(`a control character in a sentence: ${excerpt(text, control.index)}`)
}

export function checkSentences(texts: Iterable<string>): void {
  for (const text of texts) checkSentence(text)
}

/** Text for a terminal. */
export function checkText(text: string): void {
  const control = controlsOfText.exec(text)
  if (control !== null) throw new Wrong(`a control character in text: ${excerpt(text, control.index)}`)
}

/** Text that is JSON; gives what it says. */
export function checkJson(text: string): unknown {
  const control = controlsOfText.exec(text)
  if (control !== null) throw new Wrong(`a control character in JSON: ${excerpt(text, control.index)}`)
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new Wrong(`no JSON (${(error as Error).message}): ${excerpt(text, 0)}`)
  }
}

/** What `read` gives; undefined where it says in a sentence why not. Anything else that it throws is a fault. */
export function allowed<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    refuse(error)
    return undefined
  }
}

/** The same of what takes time. */
export async function allowedLater(read: () => Promise<unknown>): Promise<void> {
  try {
    await read()
  } catch (error) {
    refuse(error)
  }
}

function refuse(error: unknown): void {
  if (error instanceof WireError) return
  if (!(error instanceof CryoscopeError)) throw error
  checkSentence(error.message)
}

function excerpt(text: string, at: number): string {
  return JSON.stringify(text.slice(Math.max(0, at - 60), at + 60))
}
