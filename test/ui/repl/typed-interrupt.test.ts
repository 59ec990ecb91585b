import type { ReadStream } from 'node:tty'
import { describe, expect, it } from 'vitest'
import { isInterrupt } from '../../../src/ui/repl/context.js'
import { TypedInterrupt } from '../../../src/ui/repl/typed-interrupt.js'

/** A keyboard: what is typed once the code has kept everything else waiting. */
function keyboard(typed: string, escapes = false) {
  const passedOn: string[] = []
  let reads = 0
  const interrupt = new TypedInterrupt({
    stdin: { unshift: (bytes: Buffer) => passedOn.push(bytes.toString()) } as unknown as ReadStream,
    escapes,
    read: () => (reads++ === 0 ? Buffer.from(typed) : Buffer.alloc(0)),
  })
  interrupt.begin()
  return { interrupt, passedOn, reads: () => reads }
}

/** Loops as code does, for so long at most. */
function loop({ interrupt }: { interrupt: TypedInterrupt }, milliseconds: number): unknown {
  const end = performance.now() + milliseconds
  try {
    while (performance.now() < end) interrupt.check()
    return 'it ended by itself'
  } catch (error) {
    return error
  }
}

describe('code that lets nothing else run', () => {
  it('is ended by Ctrl-C, and goes on being ended where it catches that', () => {
    const typing = keyboard('abc\x03')
    expect(isInterrupt(loop(typing, 5000))).toBe(true)
    expect(isInterrupt(loop(typing, 1))).toBe(true)
    typing.interrupt.begin()
    expect(loop(typing, 20)).toBe('it ended by itself')
  })

  it('is ended by Escape only where there is a screen', () => {
    expect(isInterrupt(loop(keyboard('jk\x1b', true), 5000))).toBe(true)
    expect(loop(keyboard('\x1b'), 300)).toBe('it ended by itself')
    // An arrow key is none.
    expect(loop(keyboard('\x1b[A', true), 300)).toBe('it ended by itself')
  })

  it('hands on what else is typed', () => {
    const typing = keyboard('1 + 1\r')
    loop(typing, 300)
    expect(typing.passedOn).toEqual(['1 + 1\r'])
  })
})

it('leaves the keyboard alone while the event loop turns', async () => {
  const typing = keyboard('\x03')
  const end = performance.now() + 300
  while (performance.now() < end) {
    for (let n = 0; n < 100; n++) typing.interrupt.check()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  expect(typing.reads()).toBe(0)
})
