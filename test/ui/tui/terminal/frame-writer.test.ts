import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameWriter } from '../../../../src/ui/tui/terminal/frame-writer.js'
import { Grid } from './grid.js'

const columns = 24
const rows = 10

const line = fc
  .array(
    fc.record({
      text: fc.constantFrom('a', 'bc', ' ', '1234', '…', '│', 'x y', '#'),
      style: fc.constantFrom('', '1', '2', '7', '38;5;110', '48;5;24;38;5;231'),
    }),
    { maxLength: 6 },
  )
  .map((parts) =>
    parts.map(({ text, style }) => (style === '' ? text : `\x1b[${style}m${text}\x1b[0m`)).join(''),
  )

/** Frames as a person makes them: lines that move, lines that change. */
const frames = fc
  .array(fc.array(line, { minLength: rows, maxLength: rows }), { minLength: 1, maxLength: 5 })
  .chain((made) =>
    fc
      .array(fc.tuple(fc.nat(made.length - 1), fc.integer({ min: -4, max: 4 })), {
        minLength: 1,
        maxLength: 8,
      })
      .map((steps) =>
        steps.map(([number, shift]) => {
          const frame = made[number] ?? []
          return frame.map((_, row) => frame[(row + shift + rows) % rows] ?? '')
        }),
      ),
  )

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with one
const bare = (text: string) => text.replace(/\x1b\[[0-9;]*m/g, '').trimEnd()

describe('FrameWriter', () => {
  it('brings a terminal from any frame to any other', () => {
    fc.assert(
      fc.property(frames, (all) => {
        const writer = new FrameWriter()
        const grid = new Grid(columns, rows)
        for (const frame of all) {
          grid.feed(writer.update(frame, rows))
          expect(grid.text).toEqual(frame.map(bare))
          // What a terminal shows that got the whole frame.
          const whole = new Grid(columns, rows)
          whole.feed(new FrameWriter().update(frame, rows))
          expect(
            grid.cells.map((cells) => cells.map(({ style }) => style.split(';').sort().join(';'))),
          ).toEqual(whole.cells.map((cells) => cells.map(({ style }) => style.split(';').sort().join(';'))))
        }
      }),
      { numRuns: 100 },
    )
  })

  it('sends nothing for a frame that is shown already', () => {
    const writer = new FrameWriter()
    writer.update(['one', 'two'], 4)
    expect(writer.update(['one', 'two'], 4)).toBe('')
  })

  it('sends only cells that changed', () => {
    const writer = new FrameWriter()
    writer.update(['counter: 10 of many words', 'two'], 2)
    expect(writer.update(['counter: 11 of many words', 'two'], 2)).toBe('\x1b[1;11H1')
  })

  it('has the terminal scroll what has only moved', () => {
    const lines = Array.from({ length: 40 }, (_, i) => `row ${i * 7919} with a text of its own ${i * 104729}`)
    const writer = new FrameWriter()
    writer.update(lines.slice(0, 30), 30)
    const update = writer.update(lines.slice(1, 31), 30)
    expect(update).toContain('\x1b[1S')
    expect(update.length).toBeLessThan(120)
  })

  it('writes lines with wide characters as a whole', () => {
    const writer = new FrameWriter()
    writer.update(['漢字 1'], 1)
    expect(writer.update(['漢字 2'], 1)).toContain('漢字 2')
  })
})
