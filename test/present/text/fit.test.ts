import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutText, fitWidths, textWidth } from '../../../src/present/text/fit.js'

const column = (natural: number, rigid = false) => ({ natural, rigid })
const sum = (widths: readonly number[]) => widths.reduce((total, width) => total + width, 0)

describe('widths', () => {
  it('are the natural ones where there is room', () => {
    expect(fitWidths([column(5), column(30), column(3, true)], 80)).toEqual([5, 30, 3])
  })

  it('are taken from the widest flexible column first', () => {
    expect(fitWidths([column(10), column(50), column(18, true)], 60)).toEqual([10, 32, 18])
    expect(fitWidths([column(40), column(50)], 60)).toEqual([30, 30])
  })

  it('leave numbers whole as long as anything else can give', () => {
    expect(fitWidths([column(30), column(18, true)], 25)).toEqual([7, 18])
    expect(fitWidths([column(30), column(18, true)], 10)).toEqual([1, 9])
  })

  it('add up to what there is, unless there are more columns than characters', () => {
    const columns = fc.array(fc.record({ natural: fc.nat(300), rigid: fc.boolean() }), {
      minLength: 1,
      maxLength: 20,
    })
    fc.assert(
      fc.property(columns, fc.integer({ min: 1, max: 250 }), (shape, available) => {
        const widths = fitWidths(shape, available)
        expect(
          widths.every((width, index) => width >= 1 && width <= Math.max(1, shape[index]?.natural ?? 0)),
        ).toBe(true)
        const natural = sum(shape.map(({ natural: width }) => Math.max(1, width)))
        if (natural <= available) expect(sum(widths)).toBe(natural)
        else expect(sum(widths)).toBe(Math.max(available, shape.length))
      }),
    )
  })
})

describe('text', () => {
  it('is measured in cells of a terminal', () => {
    expect(textWidth('abc')).toBe(3)
    expect(textWidth('日本')).toBe(4)
    expect(textWidth('e\u0301')).toBe(1)
  })

  it('is cut with … and never too wide', () => {
    expect(cutText('abcdef', 6)).toBe('abcdef')
    expect(cutText('abcdef', 4)).toBe('abc…')
    expect(cutText('日本語', 5)).toBe('日本…')
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, width) => {
        const cut = cutText(text, width)
        expect(textWidth(cut)).toBeLessThanOrEqual(width)
        if (textWidth(text) <= width) expect(cut).toBe(text)
      }),
    )
  })
})
