import { describe, expect, test } from 'vitest'
import { type Doc, type Item, layOut } from '../../../src/value/render/lines.js'

const item = (label: string, doc: Doc): Item => ({ label, doc })
const stack = (prefix: string, ...items: Item[]): Doc => ({ prefix, items, flow: false })
const flow = (...texts: string[]): Doc => ({
  prefix: '',
  items: texts.map((text) => item('', text)),
  flow: true,
})

describe('what fits', () => {
  test('is one line, to the last column', () => {
    const doc = stack('struct a ', item('.x', '1'), item('.yy', stack('', item('.z', '2'))), item('', '…'))
    const line = 'struct a { .x = 1, .yy = { .z = 2 }, … }'
    expect(layOut(doc, line.length)).toBe(line)
    expect(layOut(doc, 1000)).toBe(line)
    expect(layOut(doc, line.length - 1)).toBe(`struct a {
  .x  = 1,
  .yy = { .z = 2 },
  …,
}`)
  })

  test('is so without any item', () => {
    expect(layOut(stack('union '), 3)).toBe('union {}')
    expect(layOut('text that cannot be broken', 4)).toBe('text that cannot be broken')
  })
})

describe('what does not fit', () => {
  test('is broken from the outside, each level where its own line is too long', () => {
    const inner = stack('', item('.first', '12345'), item('.second', '67890'))
    const doc = stack('', item('.a', inner), item('.member', '1'))
    // With its label, the comma and the indentation `inner` takes 46 columns.
    const whole = '{ .first = 12345, .second = 67890 }'
    expect(layOut(doc, 2 + '.member = '.length + whole.length + 1)).toBe(`{
  .a      = ${whole},
  .member = 1,
}`)
    expect(layOut(doc, 2 + '.member = '.length + whole.length)).toBe(`{
  .a = {
    .first  = 12345,
    .second = 67890,
  },
  .member = 1,
}`)
  })

  test('has its equals signs in one column, but for names that are too long', () => {
    const long = `.${'n'.repeat(23)}`
    const longer = `.${'n'.repeat(24)}`
    expect(layOut(stack('', item('.a', '1'), item(long, '2'), item(longer, '3')), 10)).toBe(
      ['{', `  .a${' '.repeat(22)} = 1,`, `  ${long} = 2,`, `  ${longer} = 3,`, '}'].join('\n'),
    )
  })

  test('has parts without a name on lines of their own, broken by their own width', () => {
    const inner = stack('', item('.a', '1'), item('.b', '2'))
    const doc = stack('', item('', inner), item('', inner))
    const whole = '{ .a = 1, .b = 2 }'
    expect(layOut(doc, whole.length + 3)).toBe(`{\n  ${whole},\n  ${whole},\n}`)
    expect(layOut(doc, whole.length + 2)).toBe(
      `{\n  {\n    .a = 1,\n    .b = 2,\n  },\n  {\n    .a = 1,\n    .b = 2,\n  },\n}`,
    )
  })
})

describe('what flows', () => {
  test('fills lines to the last column', () => {
    const doc = flow('100', '200', '300', '400', '500')
    expect(layOut(doc, 16)).toBe('{\n  100, 200, 300,\n  400, 500,\n}')
    expect(layOut(doc, 15)).toBe('{\n  100, 200,\n  300, 400,\n  500,\n}')
    expect(layOut(doc, 2)).toBe('{\n  100,\n  200,\n  300,\n  400,\n  500,\n}')
  })

  test('has parts of several things whole where they fit a line of their own, else broken', () => {
    const inner = stack('', item('.a', '1'), item('.b', '2'))
    const doc: Doc = { prefix: '', items: [item('', inner), item('', '3')], flow: true }
    const whole = '{ .a = 1, .b = 2 }'
    expect(layOut(doc, whole.length + 3)).toBe(`{\n  ${whole},\n  3,\n}`)
    expect(layOut(doc, whole.length + 2)).toBe('{\n  {\n    .a = 1,\n    .b = 2,\n  },\n  3,\n}')
  })

  test('has labels before some parts', () => {
    const doc: Doc = { prefix: '', items: [item('', '1'), item('[1 ... 9]', '0')], flow: true }
    expect(layOut(doc, 40)).toBe('{ 1, [1 ... 9] = 0 }')
    expect(layOut(doc, 20)).toBe('{ 1, [1 ... 9] = 0 }')
    expect(layOut(doc, 19)).toBe('{\n  1, [1 ... 9] = 0,\n}')
    expect(layOut(doc, 18)).toBe('{\n  1,\n  [1 ... 9] = 0,\n}')
  })
})
