import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { knownKernels, resolveKernel } from '../../src/machine/kernels.js'

describe('resolveKernel', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'cs-kernels-'))
  const before = process.env.XDG_CACHE_HOME
  const cached = join(scratch, 'cryoscope/kernels/7.0')

  beforeAll(() => {
    process.env.XDG_CACHE_HOME = scratch
    mkdirSync(cached, { recursive: true })
    writeFileSync(join(cached, 'vmlinuz'), '')
    writeFileSync(join(cached, 'release'), '7.0.13-test\n')
  })
  afterAll(() => {
    if (before === undefined) delete process.env.XDG_CACHE_HOME
    else process.env.XDG_CACHE_HOME = before
    rmSync(scratch, { recursive: true })
  })

  const inCache = { path: join(cached, 'vmlinuz'), release: '7.0.13-test' }

  it('finds a cached version by its number or its release', async () => {
    expect(await resolveKernel('7.0')).toEqual(inCache)
    expect(await resolveKernel('7.0.13-test')).toEqual(inCache)
  })

  it('takes a path', async () => {
    expect(await resolveKernel(inCache.path)).toEqual({ path: inCache.path, release: undefined })
  })

  it('lists what it knows when it does not know', async () => {
    await expect(resolveKernel('5.4')).rejects.toThrow(
      /^kernel 5\.4 is not a known one; choose 6\.12, 6\.16, .*7\.3, or give/,
    )
    await expect(resolveKernel('7.0.14-other')).rejects.toThrow('not in the cache (7.0.13-test)')
    await expect(resolveKernel('bzImage')).rejects.toThrow(
      'bzImage is neither a kernel image on this machine nor',
    )
    await expect(resolveKernel('/no/such')).rejects.toThrow('/no/such is neither')
  })

  it('has a default that is in its table', () => {
    const table = knownKernels()
    expect(table.kernels.map(({ minor }) => minor)).toContain(table.default)
  })
})
