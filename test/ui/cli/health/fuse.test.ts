import { describe, expect, it } from 'vitest'
import { fuseChecks } from '../../../../src/ui/cli/health/fuse.js'
import { machine } from './support.js'

const loads = async () => {}
const absent = async () => {
  throw new Error("Cannot find package 'fuse-native' imported from here")
}
const without = async () => {
  throw new Error('libfuse.so.2: cannot open shared object file: No such file or directory')
}

async function said(around: Parameters<typeof machine>[0], load: () => Promise<void> = loads) {
  const checks = await fuseChecks(machine(around), load)
  return Object.fromEntries(checks.map(({ name, state, found, fix }) => [name, { state, found, fix }]))
}

const whole = { programs: ['fusermount3'], asRoot: ['fusermount3'] }

describe('what mounting needs', () => {
  it('is there', async () => {
    const found = await said(whole)
    expect(Object.values(found).map(({ state, fix }) => [state, fix])).toEqual([
      ['ok', undefined],
      ['ok', undefined],
      ['ok', undefined],
    ])
  })

  it.each([
    ['absent', 'the kernel has no FUSE loaded', 'sudo modprobe fuse'],
    ['dead', '/dev/fuse is there, but the kernel has no FUSE loaded', 'sudo modprobe fuse'],
    ['closed', 'this user may not open /dev/fuse', 'sudo chmod 666 /dev/fuse'],
  ] as const)('is told apart: the device is %s', async (device, sentence, fix) => {
    const { fuse, ...others } = await said({ ...whole, device })
    expect(fuse).toEqual({ state: 'missing', found: sentence, fix })
    expect(Object.values(others).map(({ state }) => state)).toEqual(['ok', 'ok'])
    const root = { ...whole, device, isRoot: true, usual: [] }
    expect((await said(root)).fuse).toMatchObject({ fix: fix.replace('sudo ', '') })
    const { fuse: bare } = await said({ ...whole, device, usual: [] })
    expect(bare).toMatchObject({ fix: fix.replace('sudo ', 'as root: ') })
  })

  it('is told apart: the helper is not installed, or may not mount', async () => {
    expect((await said({})).fusermount3).toMatchObject({ state: 'missing', fix: 'apt install fuse3' })
    expect((await said({ isDebian: false })).fusermount3).toMatchObject({
      fix: 'install what Debian calls fuse3',
    })
    expect((await said({ programs: ['fusermount3'] })).fusermount3).toEqual({
      state: 'missing',
      found: '/usr/bin/fusermount3 does not run as root, so it may not mount for ordinary users',
      fix: 'sudo chown root /usr/bin/fusermount3 && sudo chmod u+s /usr/bin/fusermount3',
    })
    expect((await said({ programs: ['fusermount3'], usual: ['apt'] })).fusermount3).toMatchObject({
      fix: 'as root: chown root /usr/bin/fusermount3 && chmod u+s /usr/bin/fusermount3',
    })
    // Root mounts without it.
    expect((await said({ programs: ['fusermount3'], isRoot: true })).fusermount3).toMatchObject({
      state: 'ok',
    })
  })

  it('is told apart: the library is not installed, which nothing needs, or lacks libfuse 2', async () => {
    const { 'fuse-native': none, ...others } = await said(whole, absent)
    expect(none).toMatchObject({ state: 'missing', found: expect.stringContaining('nothing else needs it') })
    expect(none).not.toMatchObject({ fix: expect.anything() })
    expect(Object.values(others).map(({ state }) => state)).toEqual(['ok', 'ok'])
    expect((await said(whole, without))['fuse-native']).toMatchObject({
      found: expect.stringContaining('libfuse 2 is not installed'),
      fix: 'apt install libfuse2',
    })
  })
})
