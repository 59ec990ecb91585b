import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ContentCache, streamedFile, wholeFile } from '../../../src/ui/files/content.js'
import { EntryPages } from '../../../src/ui/files/entry-pages.js'
import type { File } from '../../../src/ui/files/node.js'

function readAt(file: ReturnType<File['open']>, offset: number, length: number): string {
  const target = Buffer.alloc(length)
  return target.toString('latin1', 0, file.read(target, offset))
}

describe('a whole file', () => {
  it('is made once, when it is first needed', () => {
    let made = 0
    const file = wholeFile(new ContentCache(), () => {
      made++
      return 'hällo'
    })
    expect(made).toBe(0)
    expect(file.size()).toBe(6)
    expect(readAt(file.open(), 3, 100)).toBe('llo')
    expect(readAt(file.open(), 6, 100)).toBe('')
    expect(made).toBe(1)
  })

  it('stays as it was opened when the cache is emptied', () => {
    const cache = new ContentCache()
    let text = 'before'
    const file = wholeFile(cache, () => text)
    const opened = file.open()
    text = 'after'
    cache.clear()
    expect(readAt(opened, 0, 10)).toBe('before')
    expect(readAt(file.open(), 0, 10)).toBe('after')
  })
})

describe('the cache', () => {
  it('lets go of what was not looked at for longest', () => {
    const cache = new ContentCache(1000)
    const made: number[] = []
    const files = Array.from({ length: 12 }, (_, i) =>
      wholeFile(cache, () => {
        made.push(i)
        return 'x'.repeat(100)
      }),
    )
    for (const file of files.slice(0, 10)) file.size()
    files[0]?.size()
    for (const file of files.slice(10)) file.size()
    expect(cache.size).toBeLessThanOrEqual(1000)
    made.length = 0
    files[0]?.size()
    expect(made).toEqual([])
    files[1]?.size()
    expect(made).toEqual([1])
  })

  it('does not keep what would push out everything else', () => {
    const cache = new ContentCache(1000)
    wholeFile(cache, () => 'x'.repeat(900)).size()
    expect(cache.size).toBe(0)
  })
})

describe('a streamed file', () => {
  const piece = 'x'.repeat(399_999)
  function* long(count: number): Generator<string> {
    for (let i = 0; i < count; i++) yield `${String(i % 10)}${piece}`
  }

  it('knows its size when it is small', () => {
    const file = streamedFile(new ContentCache(), () => ['ab', Uint8Array.of(0x63)])
    expect(file.size()).toBe(3)
    expect(readAt(file.open(), 1, 10)).toBe('bc')
  })

  it('knows the size of a large one only after it was read to the end', () => {
    const file = streamedFile(new ContentCache(), () => long(20))
    expect(file.size()).toBeUndefined()
    const opened = file.open()
    expect(opened.isOfOneStop).toBe(true)
    let at = 0
    for (;;) {
      const count = readAt(opened, at, 65_536).length
      if (count === 0) break
      at += count
    }
    expect(at).toBe(8_000_000)
    expect(file.size()).toBe(8_000_000)
  })

  it('is not made to tell its size when that is costly', () => {
    let made = 0
    const make = () => {
      made++
      return ['report']
    }
    const file = streamedFile(new ContentCache(), make, { isCostly: true })
    expect([file.size(), made]).toEqual([undefined, 0])
    expect(readAt(file.open(), 0, 10)).toBe('report')
    expect(readAt(file.open(), 0, 10)).toBe('report')
    expect([file.size(), made]).toEqual([6, 1])
  })

  it('holds no more of a large one than the piece at hand', () => {
    let live = 0
    function* counted(): Generator<string> {
      for (let i = 0; i < 1000; i++) {
        live = i
        yield piece
      }
    }
    const cache = new ContentCache()
    const opened = streamedFile(cache, counted).open()
    readAt(opened, 0, 10)
    expect(live).toBeLessThan(20)
    expect(cache.size).toBeLessThan(6 * 2 ** 20)
  })

  it('reads the same at any offset in any order', () => {
    const file = streamedFile(new ContentCache(), () => long(15))
    const whole = [...long(15)].join('')
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(6_400_000), fc.nat(200_000)), { maxLength: 6 }), (reads) => {
        const opened = file.open()
        for (const [offset, length] of reads) {
          expect(readAt(opened, offset, length) === whole.slice(offset, offset + length)).toBe(true)
        }
      }),
      { numRuns: 15 },
    )
  })
})

describe('pages of entries', () => {
  it('in order cost one walk', () => {
    let walks = 0
    const pages = new EntryPages(() => {
      walks++
      return ['a', 'b', 'c', 'd', 'e']
    }, 2)
    expect([0, 1, 2, 3].map((page) => pages.page(page))).toEqual([['a', 'b'], ['c', 'd'], ['e'], []])
    expect(walks).toBe(1)
  })

  it('are the same in any order', () => {
    const entries = Array.from({ length: 101 }, (_, i) => String(i))
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.nat(40), { maxLength: 20 }),
        (length, wanted) => {
          const pages = new EntryPages(() => entries, length)
          for (const page of wanted) {
            expect(pages.page(page)).toEqual(entries.slice(page * length, (page + 1) * length))
          }
        },
      ),
    )
  })
})
