import { readdirSync, readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EntryStore } from '../../src/report/entry-store.js'

const files = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('cryoscope-report-'))

describe('a store of entries', () => {
  it('gives back what it was given, in memory and beyond it', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.array(
            fc.json({ maxDepth: 1 }).map((text) => JSON.stringify(JSON.parse(text))),
            { maxLength: 20 },
          ),
        ),
        fc.constantFrom(0, 100, 2 ** 20),
        (lists, limit) => {
          const store = new EntryStore(limit)
          const spans = lists.map((list) => store.add(list))
          expect(spans.map(({ count }) => count)).toEqual(lists.map(({ length }) => length))
          expect(spans.map((span) => [...store.lines(span)])).toEqual(lists)
          store.close()
        },
      ),
      { numRuns: 50 },
    )
  })

  it('takes a file only for what memory may not hold', () => {
    const open = (): number => readdirSync('/proc/self/fd').length
    const before = open()
    // Four bytes each, with the end of the line.
    const store = new EntryStore(12)
    const spans = ['abc', 'def', 'ghi'].map((line) => store.add([line]))
    expect(open()).toBe(before)
    const more = store.add(['x'])
    expect(open()).toBe(before + 1)
    expect([...spans, more].flatMap((span) => [...store.lines(span)])).toEqual(['abc', 'def', 'ghi', 'x'])
    store.close()
    expect(open()).toBe(before)
  })

  it('leaves no name behind while it holds more than memory may, and no file when it is closed', () => {
    const before = files()
    const store = new EntryStore(0)
    const span = store.add(['"kept"'])
    expect(files()).toEqual(before)
    const open = (): string[] =>
      readdirSync('/proc/self/fd').flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/self/fd/${fd}`)]
        } catch {
          return []
        }
      })
    const ours = open().filter((path) => path.includes('cryoscope-report-'))
    expect(ours.length).toBeGreaterThan(0)
    expect([...store.lines(span)]).toEqual(['"kept"'])
    store.close()
    expect(open().filter((path) => path.includes('cryoscope-report-')).length).toBe(ours.length - 1)
  })
})
