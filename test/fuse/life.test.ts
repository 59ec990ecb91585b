import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAlive } from '../../src/machine/host-process.js'
import { mountedOn } from '../../src/ui/fuse/mount-table.js'
import { recordOf } from '../../src/ui/fuse/records.js'
import { sharedDemo } from '../integration/support/demo-guest.js'
import { cli, cryoscope, run, said, scratch, whyNoFuse } from './support.js'

const reason = await whyNoFuse()

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 60_000
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`)
    await sleep(20)
  }
}

describe.skipIf(said(reason))('the life of a mount', () => {
  const place = scratch()
  const dump = join(place.path, 'vmcore')
  const directory = join(place.path, 'a mount $(x)')

  beforeAll(async () => {
    mkdirSync(directory)
    await (await sharedDemo('6.18')).session.dump(dump)
  })

  afterAll(() => place.remove())

  const isMounted = (): boolean => mountedOn(directory)?.type === 'fuse.cryoscope'

  it('ends with unmount, also when a file is open', async () => {
    expect(await cryoscope('mount', dump, directory, '--detach')).toEqual({ code: 0, stdout: '', stderr: '' })
    const record = recordOf(directory)
    expect(record?.target).toBe('vmcore')
    expect((await run('cat', [join(directory, 'control')])).stdout).toMatch(/^dump\n/)
    const again = await cryoscope('mount', dump, directory)
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('is mounted on')])
    const reader = spawn('tail', ['-f', join(directory, 'info.json')], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    try {
      await new Promise((resolve) => reader.stdout.once('data', resolve))
      expect(await cryoscope('unmount', directory)).toEqual({ code: 0, stdout: '', stderr: '' })
    } finally {
      reader.kill('SIGKILL')
    }
    expect(isMounted()).toBe(false)
    expect(recordOf(directory)).toBeUndefined()
    expect(record !== undefined && isAlive(record.process)).toBe(false)
    expect((await cryoscope('unmount', directory)).code).toBe(1)
  })

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends with its process on %s', async (signal) => {
    const child = spawn(process.execPath, [cli, 'mount', dump, directory], { stdio: 'ignore' })
    await until(isMounted, 'it is mounted')
    await until(() => recordOf(directory) !== undefined, 'it is noted')
    child.kill(signal)
    await ended(child)
    expect(child.signalCode).toBe(signal)
    expect(isMounted()).toBe(false)
    expect(recordOf(directory)).toBeUndefined()
  })

  it('killed outright, fails those who look at once, and is cleaned up by the next command', async () => {
    await cryoscope('mount', dump, directory, '--detach')
    const pid = recordOf(directory)?.process.pid ?? 0
    const reader = spawn('cat', [join(directory, 'memory/physical')], { stdio: 'ignore' })
    process.kill(pid, 'SIGKILL')
    // Not one of them hangs.
    await ended(reader)
    const { stderr } = await run('ls', [directory])
    expect(stderr).toContain('not connected')
    expect(isMounted()).toBe(true)
    const ps = await cryoscope('ps')
    expect(ps.stderr).toContain(`cleaned up ${directory}: process ${pid}, which had vmcore mounted there`)
    expect(isMounted()).toBe(false)
    expect(readdirSync(directory)).toEqual([])
    expect((await cryoscope('ps')).stderr).not.toContain('cleaned up')
    expect(await cryoscope('mount', dump, directory, '--detach')).toEqual({ code: 0, stdout: '', stderr: '' })
    expect((await cryoscope('unmount', directory)).code).toBe(0)
  })

  it('unmounted by others, notices and ends', async () => {
    const child = spawn(process.execPath, [cli, 'mount', dump, directory], { stdio: 'ignore' })
    await until(isMounted, 'it is mounted')
    await run('fusermount3', ['-u', '-z', directory])
    await ended(child)
    expect(child.exitCode).toBe(0)
    expect(recordOf(directory)).toBeUndefined()
  })

  it('does not begin where it would hide files, or on what is no directory', async () => {
    const full = join(place.path, 'full')
    mkdirSync(full)
    writeFileSync(join(full, 'file'), 'x')
    const refused = async (where: string, ...words: string[]) => {
      const { code, stderr } = await cryoscope('mount', dump, where, ...words)
      return [code, stderr]
    }
    expect(await refused(full)).toEqual([2, expect.stringContaining('is not empty')])
    expect(await refused(join(full, 'file'))).toEqual([2, expect.stringContaining('is no directory')])
    expect(await refused(join(full, 'nothing'))).toEqual([1, expect.stringContaining('make it first: mkdir')])
    expect(await refused(directory, '--writable')).toEqual([
      2,
      expect.stringContaining('a dump cannot be written'),
    ])
    expect(await refused(directory, '--detach', '--writable')).toEqual([
      2,
      expect.stringContaining('a dump cannot'),
    ])
    expect(readFileSync(join(full, 'file'), 'utf8')).toBe('x')
  })

  it('leaves attributes out when asked', async () => {
    expect(await cryoscope('mount', dump, directory, '--detach', '--no-attributes')).toMatchObject({
      code: 0,
    })
    const maps = join(directory, 'maps/by-id')
    expect((await run('ls', ['-l', maps])).code).toBe(0)
    const { stdout, stderr } = await run('getfattr', ['-d', join(maps, readdirSync(maps).at(-1) ?? '')])
    expect([stdout, stderr]).toEqual(['', expect.stringContaining('not supported')])
    expect((await cryoscope('unmount', directory)).code).toBe(0)
  })

  it('lets nobody else look unless asked', async (context) => {
    const asNobody = async (...words: string[]) =>
      await run('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', ...words])
    if (said(process.getuid?.() === 0 ? undefined : 'only root can try it as somebody else'))
      return context.skip()
    await run('chmod', ['755', place.path])
    await cryoscope('mount', dump, directory, '--detach')
    expect((await asNobody('ls', directory)).stderr).toContain('Permission denied')
    await cryoscope('unmount', directory)
    await cryoscope('mount', dump, directory, '--detach', '--allow-other')
    expect((await asNobody('cat', join(directory, 'control'))).stdout).toMatch(/^dump\n/)
    await cryoscope('unmount', directory)
  })
})

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    await new Promise((resolve) => child.once('exit', resolve))
  }
}
