import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { identify } from '../../../src/machine/host-process.js'
import { sweepMounts } from '../../../src/ui/fuse/records.js'

const root = mkdtempSync(join(tmpdir(), 'cs-mounts-'))
const place = join(root, '.mounts')
afterEach(() => rmSync(place, { recursive: true, force: true }))

function note(name: string, record: unknown): void {
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, name), JSON.stringify(record))
}

it('forgets mounts of dead processes, and leaves those of living ones', async () => {
  note('dead.json', {
    directory: '/no/such/mount',
    target: '@x',
    process: { pid: 2 ** 22 + 1, startTime: '1' },
  })
  note('living.json', { directory: '/no/such/mount', target: '@x', process: identify(process.pid) })
  expect(await sweepMounts(root)).toEqual([])
  expect(readdirSync(place)).toEqual(['living.json'])
})

it('leaves what is no record alone, and is content without any', async () => {
  expect(await sweepMounts(root)).toEqual([])
  note('broken.json', 'no record')
  note('group.json', { directory: '/x', target: '@x', process: { pid: -1, startTime: '1' } })
  expect(await sweepMounts(root)).toEqual([])
})
