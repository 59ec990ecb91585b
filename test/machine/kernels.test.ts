import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

  it('says that a cached one is damaged', async () => {
    const damaged = join(scratch, 'cryoscope/kernels/6.99')
    mkdirSync(damaged)
    writeFileSync(join(damaged, 'vmlinuz'), 'image')
    writeFileSync(join(damaged, 'release'), '6.99.1-test\n')
    expect(await resolveKernel('6.99.1-test')).toMatchObject({ release: '6.99.1-test' })
    writeFileSync(join(damaged, 'vmlinuz'), 'imagx')
    await expect(resolveKernel('6.99.1-test')).rejects.toThrow(
      'kernel 6.99.1-test is damaged in the cache; name its version (6.99), which fetches it again',
    )
    rmSync(damaged, { recursive: true })
  })

  it('takes a path', async () => {
    expect(await resolveKernel(inCache.path)).toEqual({ path: inCache.path, release: undefined })
  })

  it('takes a build tree, and says what to make where nothing was built', async () => {
    const tree = join(scratch, 'linux')
    mkdirSync(join(tree, 'arch/x86/boot'), { recursive: true })
    await expect(resolveKernel(tree)).rejects.toThrow(/has no built kernel .*make bzImage there first/)
    mkdirSync(join(tree, 'include/config'), { recursive: true })
    writeFileSync(join(tree, 'arch/x86/boot/bzImage'), '')
    writeFileSync(join(tree, 'include/config/kernel.release'), '7.4.0-rc1\n')
    expect(await resolveKernel(tree)).toEqual({
      path: join(tree, 'arch/x86/boot/bzImage'),
      release: '7.4.0-rc1',
    })
  })

  it('lists what it knows when it does not know', async () => {
    await expect(resolveKernel('5.4')).rejects.toThrow(
      /^kernel 5\.4 is not a known one; choose 6\.12, 6\.16, .*7\.3, or give/,
    )
    await expect(resolveKernel('7.0.14-other')).rejects.toThrow('not in the cache (7.0.13-test)')
    await expect(resolveKernel('bzImage')).rejects.toThrow(
      'bzImage is neither a kernel image, package or build tree on this machine nor',
    )
    await expect(resolveKernel('/no/such')).rejects.toThrow('/no/such is neither')
  })

  it('takes a package, once', async () => {
    const root = join(scratch, 'root')
    mkdirSync(join(root, 'usr/lib/modules/7.0.3-arch1-1'), { recursive: true })
    writeFileSync(join(root, 'usr/lib/modules/7.0.3-arch1-1/vmlinuz'), 'image')
    const file = join(scratch, 'linux-7.0.3-1-x86_64.pkg.tar.gz')
    execFileSync('tar', ['-czf', file, '-C', root, 'usr'])
    const found = await resolveKernel(file)
    expect(found.release).toBe('7.0.3-arch1-1')
    expect(readFileSync(found.path, 'utf8')).toBe('image')
    expect(await resolveKernel(file)).toEqual(found)
  })

  it('has a default that is in its table', () => {
    const table = knownKernels()
    expect(table.kernels.map(({ minor }) => minor)).toContain(table.default)
  })
})
