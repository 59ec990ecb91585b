import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Pager } from '../../../../src/ui/jupyter/live/pager.js'

function counted(length: number) {
  const read = { rows: 0 }
  function* source() {
    for (let row = 0; row < length; row++) {
      read.rows++
      yield row
    }
  }
  return { read, source }
}

describe('Pager', () => {
  it('walks only as far as somebody looks', async () => {
    const { read, source } = counted(1_000_000)
    const pager = new Pager(source, 25)
    expect(await pager.page(0)).toEqual({ number: 0, rows: [...Array(25).keys()], more: true })
    expect(read.rows).toBe(26)
    await pager.page(1)
    await pager.page(0)
    expect(read.rows).toBe(51)
  })

  it('goes to the last page and back', async () => {
    const { source } = counted(1_000_007)
    const pager = new Pager(source, 25)
    const last = await pager.last()
    expect(last).toEqual({
      number: 40_000,
      rows: [0, 1, 2, 3, 4, 5, 6].map((n) => 1_000_000 + n),
      more: false,
    })
    expect(pager.walked).toEqual({ rows: 1_000_007, all: true })
    expect((await pager.page(39_999)).rows[0]).toBe(999_975)
    expect((await pager.page(3)).rows[0]).toBe(75)
  })

  it('shows what passes a filter', async () => {
    const pager = new Pager(counted(1000).source, 10)
    pager.filter((row) => row % 100 === 0)
    expect(await pager.page(0)).toEqual({
      number: 0,
      rows: [0, 100, 200, 300, 400, 500, 600, 700, 800, 900],
      more: false,
    })
    pager.filter(() => false)
    expect(await pager.page(5)).toEqual({ number: 0, rows: [], more: false })
  })

  it('gives any page of anything, in any order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 9000 }),
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.integer({ min: -1, max: 400 }), { maxLength: 8 }),
        async (length, size, pages) => {
          const pager = new Pager(counted(length).source, size)
          for (const wanted of pages) {
            const { number, rows, more } = await pager.page(wanted)
            expect(number).toBe(Math.max(0, Math.min(wanted, Math.ceil(length / size) - 1)))
            const first = number * size
            expect(rows).toEqual([...Array(Math.min(size, length - first)).keys()].map((n) => first + n))
            expect(more).toBe(first + rows.length < length)
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})
