import { it } from 'vitest'

/** The test of a task of the guide (docs/tui.md), by its number there. */
export function task(number: number, what: string, work: () => void | Promise<void>): void {
  it(`${number}. ${what}`, work)
}
