import { createHash } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ContentCache, streamedFile } from '../../src/ui/files/content.js'
import { section } from '../../src/ui/files/section.js'
import { bindDevice } from '../../src/ui/fuse/device/bind.js'
import { FileSystem } from '../../src/ui/fuse/file-system.js'
import { output, said, scratch, whyNoFuse } from './support.js'

const piece = 'A line of a file that is long, in 64 bytes with what ends it.  \n'
const pieces = 100_000

describe.skipIf(said(whyNoFuse()))('a long file that never changes', () => {
  const place = scratch()
  afterAll(() => place.remove())

  // A kernel may drop any page that it keeps, and asks for it then.
  it('is made once: the kernel is handed what was made to count it', { retry: 3 }, async () => {
    const cache = new ContentCache()
    let made = 0
    const large = streamedFile(cache, function* () {
      for (let line = 0; line < pieces; line++) {
        made++
        yield piece
      }
    })
    const files = new FileSystem({
      root: section({ title: 'Test', about: '', cache, entries: () => [['large', large]] }),
      generation: 1,
      time: new Date(0),
      isFixed: true,
      writable: false,
      ready: () => undefined,
      during: (work) => work(),
    })
    const directory = mkdtempSync(join(place.path, 'mount-'))
    const binding = await bindDevice({
      directory,
      files,
      name: 'test',
      attributes: true,
      readOnly: true,
      forAll: false,
      namesHold: 3600,
      isFixed: true,
    })
    try {
      const file = join(directory, 'large')
      expect(await output('stat', '-c', '%s', file)).toBe('0\n')
      // To see that it is large takes its beginning.
      const before = made
      const expected = createHash('sha256').update(piece.repeat(pieces)).digest('hex')
      expect(await output('sha256sum', file)).toBe(`${expected}  ${file}\n`)
      expect(made - before).toBe(pieces)
      expect(await output('stat', '-c', '%s', file)).toBe(`${pieces * 64}\n`)
      expect(await output('sha256sum', file)).toBe(`${expected}  ${file}\n`)
      expect(made - before).toBe(pieces)
    } finally {
      await binding.unmount()
    }
  })
})
