import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Problems } from '../../src/problems.js'
import { describeEnvironment, type Fact } from '../../src/session/environment.js'
import { Session } from '../../src/session/session.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { Types } from '../support/kernel-types.js'

/** BTF with what facts are read by, and nothing else. */
const t = new Types()
const utsname = t.struct('new_utsname', { sysname: t.text(65), version: t.text(65), machine: t.text(65) })
t.struct('uts_namespace', { pad: t.u64, name: utsname })
t.struct('taint_flag', { pad: t.char, c_true: t.char, c_false: t.char, module: t.bool })
const btf = t.b.build()
const taintSize = 4

interface Spec {
  readonly taints?: bigint
  readonly commandLine?: string | null
}

function facts({ taints, commandLine }: Spec, hashed = false) {
  const guest = new KernelGuest({ btf })
  const uts = guest.global('init_uts_ns', 8 + 65 * 3)
  guest.write(uts + 8n + 65n, Buffer.from('#7 SMP\0'))
  guest.write(uts + 8n + 130n, Buffer.from('x86_64\0'))
  if (taints !== undefined) {
    guest.u64(guest.global('tainted_mask', 8), taints)
    const flags = guest.global('taint_flags', 64 * taintSize)
    // "A" for bit 0, "B" for bit 1, and a byte that is no letter for bit 5.
    for (let bit = 0; bit < 64; bit++)
      guest.write(flags + BigInt(bit * taintSize + 1), Uint8Array.of(bit === 5 ? 7 : 0x41 + (bit % 26), 0x20))
  }
  if (commandLine !== undefined) {
    const pointer = guest.global('saved_command_line', 8)
    if (commandLine === null) guest.u64(pointer, 0xffff888123456000n)
    else {
      const at = guest.alloc(commandLine.length + 1, 8)
      guest.write(at, Buffer.from(`${commandLine}\0`))
      guest.u64(pointer, at)
    }
  }
  guest.finish()
  const vm = new Session({
    name: 'vmcore',
    memory: guest.memory,
    control: undefined,
    vcpus: () => [],
    problems: [],
    facts: {},
  })
  const problems = new Problems()
  const { release, facts: all } = describeEnvironment(vm, hashed, problems)
  return {
    release,
    problems,
    guest,
    fact: (name: string): Fact | undefined => all.find((each) => each.fact === name),
  }
}

describe('facts of a target', () => {
  it('are what the kernel says, each with where it says so', () => {
    const { release, fact, guest } = facts({ commandLine: 'quiet nokaslr' })
    expect(release).toBe('6.99.0-test')
    const note = `VMCOREINFO, a page of guest memory at 0x${guest.notePhysical.toString(16)}`
    expect(fact('release')).toEqual({ fact: 'release', value: '6.99.0-test', how: `OSRELEASE in ${note}` })
    expect(fact('kernelOffset')).toMatchObject({ value: '0x3200000' })
    expect(fact('version')).toEqual({ fact: 'version', value: '#7 SMP', how: 'init_uts_ns.name.version' })
    expect(fact('machine')?.value).toBe('x86_64')
    expect(fact('commandLine')).toEqual({
      fact: 'commandLine',
      value: 'quiet nokaslr',
      how: 'saved_command_line',
    })
    expect(fact('cpus')).toEqual({ fact: 'cpus', value: 2, how: '__cpu_possible_mask' })
    expect(fact('vcpus')).toEqual({ fact: 'vcpus', value: 0, how: 'register notes of the dump' })
    expect(fact('memoryBytes')?.value).toBe(guest.memory.bytes.length)
    expect(fact('symbols')?.value).toBe(guest.symbols.length)
    expect(fact('modules')).toEqual({ fact: 'modules', value: [], how: 'the list "modules"' })
    // What this kernel does not have is left out; it is no fact and no problem.
    expect(fact('tainted')).toBeUndefined()
    expect(fact('buildId')).toBeUndefined()
  })

  it.each<[bigint, string]>([
    [0n, '0'],
    [1n, '1 (A)'],
    [0b10010n, '18 (B E)'],
    [0b100000n, '32 (bit 5)'],
    [(1n << 63n) | 1n, '9223372036854775809 (A L)'],
  ])('have taints %s as the kernel shows them: %s', (taints, text) => {
    const { fact } = facts({ taints })
    expect(fact('tainted')).toEqual({
      fact: 'tainted',
      value: text,
      how: 'tainted_mask, letters as in taint_flags',
    })
  })

  it('have as much of a command line as the kernel takes', () => {
    const fact = (length: number) => facts({ commandLine: 'x'.repeat(length) }).fact('commandLine')?.value
    expect([fact(4095), fact(4097)]).toEqual(['x'.repeat(4095), 'x'.repeat(4096)])
  })

  it('that cannot be read are null, and problems by their names', () => {
    const { fact, problems } = facts({ commandLine: null })
    expect(fact('commandLine')).toMatchObject({ value: null, how: expect.stringMatching(/^not read: /) })
    expect(problems.sentences).toEqual([expect.stringMatching(/^commandLine: .*0xffff888123456000/)])
    expect(fact('version')?.value).toBe('#7 SMP')
  })

  it('have the digest of BTF only where it is asked for', () => {
    expect(facts({}).fact('btfSha256')).toBeUndefined()
    expect(facts({}, true).fact('btfSha256')?.value).toBe(createHash('sha256').update(btf).digest('hex'))
  })
})
