import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../../../src/errors.js'
import { kvmCheck } from '../../../../src/ui/cli/health/kvm.js'
import { mirrorCheck } from '../../../../src/ui/cli/health/mirror.js'
import { programCheck } from '../../../../src/ui/cli/health/program.js'
import { roomChecks } from '../../../../src/ui/cli/health/room.js'
import { machine } from './support.js'

const mebibyte = 2 ** 20

describe('programs', () => {
  const xz = (around: Parameters<typeof machine>[0]) =>
    programCheck('xz', 'unpacks packages', 'xz-utils', machine(around))

  it('are where they are', () => {
    expect(xz({ programs: ['xz'] })).toEqual({
      name: 'xz',
      needed: false,
      state: 'ok',
      found: '/usr/bin/xz, unpacks packages',
    })
  })

  it('are missing, with the package that has them, in the words of the distribution', () => {
    expect(xz({ programs: ['zstd'] })).toEqual({
      name: 'xz',
      needed: false,
      state: 'missing',
      found: 'unpacks packages',
      fix: 'apt install xz-utils',
      remedy: { kind: 'package', name: 'xz-utils' },
    })
    expect(xz({ isDebian: false }).fix).toBe('install what Debian calls xz-utils')
    expect(xz({ usual: ['sudo'] }).fix).toBe('install what Debian calls xz-utils')
  })
})

describe('room', () => {
  const plenty = { disk: { '/': 10 ** 10 }, memory: 10 ** 10 }
  const room = (around: Parameters<typeof machine>[0]) =>
    Object.fromEntries(
      roomChecks('/home/me/.cache/cryoscope', machine(around)).map((check) => [check.name, check]),
    )

  it('is enough for what is fetched and for a guest', () => {
    const { disk, memory } = room({ disk: { '/home': 300 * mebibyte, '/': 0 }, memory: 768 * mebibyte })
    expect(disk).toMatchObject({ state: 'ok', found: '300 MiB free in /home' })
    expect(memory).toMatchObject({
      state: 'ok',
      found: '768 MiB available; a guest takes 512 MiB unless told',
    })
  })

  it('is short, each apart, with what to do', () => {
    const little = room({ ...plenty, disk: { '/home/me/.cache/cryoscope': 299 * mebibyte, '/': 10 ** 10 } })
    expect(little.disk).toEqual({
      name: 'disk',
      needed: false,
      state: 'missing',
      found: '299 MiB free in /home/me/.cache/cryoscope',
      fix: 'free 300 MiB there, or set XDG_CACHE_HOME',
    })
    expect(little.memory?.state).toBe('ok')
    const { disk, memory } = room({ ...plenty, memory: 767 * mebibyte })
    expect(disk?.state).toBe('ok')
    expect(memory).toMatchObject({ state: 'missing', fix: expect.stringContaining('--memory 256M') })
  })

  it('is not said to be none where nobody can tell', () => {
    expect(room({ memory: 10 ** 10 }).disk).toEqual({
      name: 'disk',
      needed: false,
      state: 'missing',
      found: 'nobody says how much is free in /home/me/.cache/cryoscope',
    })
  })
})

describe('KVM', () => {
  const nested = async () =>
    ({ kind: 'kvm', reason: 'using KVM, nested: this machine is a guest itself' }) as const
  const emulated = async () =>
    ({ kind: 'tcg', reason: 'using TCG (emulation): there is no /dev/kvm' }) as const

  it('is used, and it is said how', async () => {
    expect(await kvmCheck(machine({}), nested)).toEqual({
      name: 'kvm',
      needed: false,
      state: 'ok',
      found: 'using KVM, nested: this machine is a guest itself',
    })
  })

  it('is there for others: who may not open it is told how, and nothing is tried', async () => {
    const check = await kvmCheck(machine({ device: 'closed' }), () => expect.fail('it was tried'))
    expect(check).toMatchObject({
      state: 'missing',
      found: '/dev/kvm is there, but this user may not open it; guests are emulated',
      fix: 'sudo usermod -aG kvm "$USER", then log in again',
    })
    const bare = await kvmCheck(machine({ device: 'closed', usual: [] }), () => expect.fail('it was tried'))
    expect(bare).toMatchObject({ fix: 'as root: usermod -aG kvm YOU, then log in again' })
  })

  it('is not there, or cannot be tried', async () => {
    const absent = await kvmCheck(machine({ device: 'absent' }), emulated)
    expect(absent).toMatchObject({ state: 'missing', found: 'using TCG (emulation): there is no /dev/kvm' })
    expect(absent).not.toHaveProperty('fix')
    const untried = await kvmCheck(machine({}), async () => {
      throw new CryoscopeError('environment', 'qemu-system-x86_64 is not installed')
    })
    expect(untried).toMatchObject({
      state: 'missing',
      found: 'cannot be tried: qemu-system-x86_64 is not installed',
    })
    await expect(kvmCheck(machine({}), () => Promise.reject(new TypeError('ours')))).rejects.toThrow('ours')
  })
})

describe('the mirror', () => {
  it('is there, or it is said why nothing can be fetched and what helps', async () => {
    expect(await mirrorCheck(async () => 'linux-image-6.18.15 of sid')).toEqual({
      name: 'kernel mirror',
      needed: false,
      state: 'ok',
      found: 'linux-image-6.18.15 of sid',
    })
    const check = await mirrorCheck(async () => {
      throw new CryoscopeError('environment', 'gpgv is not installed')
    })
    expect(check).toMatchObject({
      state: 'missing',
      found: 'gpgv is not installed',
      fix: expect.stringContaining('CRYOSCOPE_DEBIAN_MIRROR'),
    })
  })

  it('is said not to answer when nobody waits any longer, as fetch tells it', async () => {
    const late = AbortSignal.abort(new DOMException('timed out', 'TimeoutError'))
    expect(await mirrorCheck(async (signal) => signal.throwIfAborted() as never, late)).toMatchObject({
      state: 'missing',
      found: 'it does not answer within 60 seconds',
    })
    await expect(mirrorCheck(() => Promise.reject(new TypeError('ours')), late)).rejects.toThrow('ours')
  })
})
