import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ContentCache, streamedFile, wholeFile } from '../../src/ui/files/content.js'
import { directory, link } from '../../src/ui/files/node.js'
import { section } from '../../src/ui/files/section.js'
import type { Binding, BindingOptions } from '../../src/ui/fuse/binding.js'
import { bindDevice } from '../../src/ui/fuse/device/bind.js'
import { FileSystem } from '../../src/ui/fuse/file-system.js'
import { bindNative, loadFuse } from '../../src/ui/fuse/fuse-native.js'
import { mountedOn } from '../../src/ui/fuse/mount-table.js'
import { output, run, said, scratch, shell, whyNoFuse } from './support.js'

const whyNoNative = await loadFuse().then(
  () => undefined,
  (error: Error) => error.message,
)
const pieces = Array.from({ length: 70 }, (_, index) => `${String(index).padEnd(65_535, 'y')}\n`)

/** Half a thousand files, some of which have no length before they are made. */
function files(isFixed: boolean): FileSystem {
  const cache = new ContentCache()
  const many = directory({
    about: 'Many.',
    entries: () =>
      Array.from({ length: 500 }, (_, index) => [
        `${index}.txt`,
        wholeFile(cache, () => `number ${index}\n`),
      ]),
  })
  const root = section({
    title: 'Test',
    about: 'A tree.',
    commands: ['maps'],
    cache,
    entries: () => [
      ['hello', wholeFile(cache, () => 'hello\n', { attributes: { 'cryoscope.type': 'int' } })],
      ['link', link('hello')],
      ['stream', streamedFile(cache, () => pieces)],
      ['many', many],
    ],
  })
  return new FileSystem({
    root,
    generation: 1,
    time: new Date(0),
    isFixed,
    writable: false,
    ready: () => undefined,
    during: (work) => work(),
  })
}

describe.each<[string, (options: BindingOptions) => Promise<Binding>, string | undefined]>([
  ['/dev/fuse', bindDevice, undefined],
  ['fuse-native', bindNative, whyNoNative],
])('a mount through %s', (_, bind, whyNot) => {
  describe.skipIf(said(whyNoFuse() ?? whyNot)).each([
    ['what never changes', true],
    ['a guest', false],
  ])('of %s', (__, isFixed) => {
    let place: ReturnType<typeof scratch>
    let mounted: string
    let binding: Binding
    let served: FileSystem

    beforeEach(async () => {
      place = scratch()
      mounted = join(place.path, 'a mount $(x)')
      mkdirSync(mounted)
      served = files(isFixed)
      const options = { directory: mounted, files: served, attributes: true, name: 'test', readOnly: true }
      binding = await bind({ ...options, forAll: false, namesHold: isFixed ? 3600 : 60, isFixed })
    })
    afterEach(async () => {
      if (mountedOn(mounted)?.type === 'fuse.cryoscope') await binding.unmount()
      place.remove()
    })

    it('is listed, read and searched, also by many at once', async () => {
      expect((await output('ls', mounted)).split('\n')).toEqual([
        'README.md',
        'hello',
        'link',
        'many',
        'stream',
        '',
      ])
      expect(await output('cat', join(mounted, 'hello'), join(mounted, 'link'))).toBe('hello\nhello\n')
      expect(await output('cat', join(mounted, 'stream'))).toBe(pieces.join(''))
      expect(await output('stat', '-c', '%A %s', join(mounted, 'hello'))).toBe('-r-------- 6\n')
      const readers = Array.from({ length: 16 }, async (_, index) => {
        const found = await output('grep', '-rl', `number ${index}$`, join(mounted, 'many'))
        expect(found).toBe(`${join(mounted, 'many', `${index}.txt`)}\n`)
        const counted = await output('wc', '-c', join(mounted, 'stream'))
        expect(counted.split(' ')[0]).toBe(String(70 * 65_536))
      })
      await Promise.all(readers)
      const { code, stderr } = await run('cat', [join(mounted, 'nothing')])
      expect([code, stderr]).toEqual([1, expect.stringContaining('No such file')])
      expect((await shell(`echo x >'${mounted}/hello'`)).stderr).toContain('Read-only file system')
      // close(2) does not wait for it.
      await expect.poll(() => served.openCount).toBe(0)
    })

    it('ends when told, also with a file open, and leaves nothing mounted', async () => {
      const reader = spawn('tail', ['-f', join(mounted, 'hello')], { stdio: ['ignore', 'pipe', 'ignore'] })
      try {
        await new Promise((resolve) => reader.stdout.once('data', resolve))
        expect(served.openCount).toBe(1)
        await binding.unmount()
      } finally {
        reader.kill('SIGKILL')
      }
      expect(mountedOn(mounted)?.type).not.toBe('fuse.cryoscope')
      expect(readdirSync(mounted)).toEqual([])
    })
  })
})
