import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { chooseAccelerator, probeKvm } from '../../src/machine/accelerator.js'
import { findQemu } from '../../src/machine/qemu.js'

describe('accelerators', () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cs-acc-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  /** A QEMU that does nothing but what the shell text says. */
  function fakeQemu(text: string): string {
    const path = join(directory, 'qemu')
    writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 })
    return path
  }

  it('the probe firmware succeeds on a CPU that works', async () => {
    // Emulation stands in for hardware: same firmware, same exit.
    expect(await probeKvm(findQemu(), 'tcg', directory, 20_000)).toEqual({
      usable: true,
      why: 'a test program ran on it',
    })
    expect(readdirSync(directory)).toEqual([])
  })

  it('a probe ends when its time is over', async () => {
    // Longer than the test may take.
    const verdict = await probeKvm(fakeQemu('exec sleep 600'), 'kvm', directory, 100)
    expect(verdict).toMatchObject({
      usable: false,
      why: expect.stringContaining('took more than two seconds'),
    })
  })

  it('a probe ends at once when KVM reports an internal error', async () => {
    const verdict = await probeKvm(
      fakeQemu('echo "KVM internal error. Suberror: 1" >&2; exec sleep 600'),
      'kvm',
      directory,
      600_000,
    )
    expect(verdict).toMatchObject({
      usable: false,
      why: expect.stringContaining('KVM internal error. Suberror: 1'),
    })
  })

  it('a probe that exits otherwise has failed', async () => {
    for (const text of ['exit 0', 'exit 43', 'kill -6 $$']) {
      expect((await probeKvm(fakeQemu(text), 'kvm', directory)).usable, text).toBe(false)
    }
    await expect(probeKvm(join(directory, 'none'), 'kvm', directory)).rejects.toThrow('cannot start')
  })

  it('auto always ends with one that works here, and says why', async () => {
    const choice = await chooseAccelerator('auto', { qemu: findQemu(), cacheDirectory: directory })
    expect(choice.reason).toMatch(
      choice.kind === 'kvm'
        ? /^using KVM(, nested: .*)?$/
        : /^using TCG \(emulation\): KVM cannot be used here, ./,
    )
    const ran = join(directory, 'ran')
    const again = fakeQemu(`touch '${ran}'; exit 85`)
    expect(await chooseAccelerator('auto', { qemu: again, cacheDirectory: directory })).toEqual(choice)
    expect(existsSync(ran)).toBe(false)
  })

  it('says of KVM that it is nested where this machine is a guest itself', async () => {
    const host = { kvm: join(directory, 'kvm'), cpuinfo: join(directory, 'cpuinfo') }
    const choose = (cpuinfo: string) => {
      writeFileSync(host.cpuinfo, cpuinfo)
      return chooseAccelerator('auto', { qemu: fakeQemu('exit 85'), cacheDirectory: directory, host })
    }
    expect(await choose('flags : fpu vmx\n')).toEqual({
      kind: 'tcg',
      reason: 'using TCG (emulation): KVM cannot be used here, there is no /dev/kvm',
    })
    writeFileSync(host.kvm, '')
    expect(await choose('flags\t\t: fpu vmx\n')).toEqual({ kind: 'kvm', reason: 'using KVM' })
    expect(await choose('model : hypervisor\nflags\t\t: fpu vmx hypervisor lahf_lm\n')).toEqual({
      kind: 'kvm',
      reason: 'using KVM, nested: this machine is a guest itself',
    })
  })

  it('kvm is an error where it does not work, and tcg is never in doubt', async () => {
    const options = { qemu: fakeQemu('exit 1'), cacheDirectory: directory }
    await expect(chooseAccelerator('kvm', options)).rejects.toThrow(
      /^KVM cannot be used here: .*; use TCG \(--accel tcg\)$/,
    )
    expect(await chooseAccelerator('tcg', options)).toEqual({
      kind: 'tcg',
      reason: 'using TCG (emulation), as asked',
    })
  })
})
