import { beforeAll, expect, test } from 'vitest'
import { ObjectFile } from '../../../src/bpf/recovery/object-file.js'
import { Recovery, type RecoveryOptions } from '../../../src/bpf/recovery/recovery.js'
import { Btf } from '../../../src/btf/btf.js'
import type { CType } from '../../../src/btf/types.js'
import { Problems } from '../../../src/problems.js'
import { BtfBuilder } from '../../btf/builder.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { buildCases, objectOf } from '../cast/support.js'

process.env.XDG_CACHE_HOME = '/nonexistent'

const name = 'allocator-wrapper'
const anything = { isAddress: () => true, isInUse: () => true }

beforeAll(() => buildCases([name, 'supported-slots']), 60_000)

function recoveryFrom(file: ObjectFile, options: RecoveryOptions = {}): Recovery {
  const guest = new KernelGuest()
  guest.symbol('__bpf_call_base', guest.image(256), 'T')
  return new Recovery(guest.kernel(), [file], () => [], new Problems(), options)
}

test('an object file has its types, and says how large an allocation is and what takes as much', () => {
  const file = new ObjectFile(objectOf(name))
  expect(file.contents).toHaveLength(1)
  const types = (file.contents[0] as { types: Btf }).types
  const recovery = recoveryFrom(file)
  for (const [struct, size] of [
    ['first', 48],
    ['second', 64],
  ] as const) {
    const type = types.find(struct, 'struct')
    const member = type?.members.find((one) => one.name === 'context')
    const pointer = type && recovery.pointerAt(type, (member?.bitOffset ?? 0) / 8, anything)
    expect(pointer?.evidence).toMatchObject({ file: expect.stringContaining(name) })
    expect(pointer?.evidence.why).toMatch(new RegExp(`; ${size} bytes are allocated(, as .* takes)?$`))
    expect(pointer?.accepts(1n)).toBe(true)
  }
})

test('a forward declaration is completed from an object file', () => {
  const types = (new ObjectFile(objectOf(name)).contents[0] as { types: Btf }).types
  const struct = types.find('first', 'struct')
  const b = new BtfBuilder()
  b.forward('first')
  b.forward('of no file')
  const declared = Btf.parse(b.build())
  const recovery = recoveryFrom(new ObjectFile(objectOf(name)))
  const complete = (what: string) => {
    const forward = declared.find(what, 'forward')
    return forward && recovery.complete(forward)
  }
  expect(complete('first')).toMatchObject({ kind: 'struct', name: 'first', size: struct?.size })
  expect(complete('of no file')).toBeUndefined()
})

test('a file that holds no object says what to give instead', () => {
  expect(() => new ObjectFile('/nonexistent/scheduler')).toThrow(/cannot read .*\(ENOENT\); check the path/)
  expect(() => new ObjectFile('/bin/sh')).toThrow(
    /holds no BPF object with types; give a scheduler's executable/,
  )
})

test('what is supported counts where the checks pass, and not at all where only proven pointers are wanted', () => {
  const file = new ObjectFile(objectOf('supported-slots'))
  const { types } = file.contents[0] as { types: Btf }
  const section = types.find('.bss', 'section')
  if (section === undefined) throw new Error('there is no .bss')
  const asked: (string | undefined)[] = []
  const probe = {
    isAddress: () => true,
    isInUse: (value: bigint, type: CType | undefined) => {
      asked.push(type?.name)
      return value === 4096n
    },
  }
  const pointer = recoveryFrom(file).pointerAt(section, 8, probe)
  expect(pointer?.evidence).toMatchObject({
    degree: 'supported',
    lines: [expect.stringMatching(/^supported-slots\.bpf\.c:\d+$/)],
  })
  expect([0n, 4096n, 8192n].map((value) => pointer?.accepts(value))).toEqual([true, true, false])
  expect(new Set(asked)).toEqual(new Set(['queue']))
  expect(recoveryFrom(file).pointerAt(section, 8)?.accepts(4096n)).toBe(false)
  expect(recoveryFrom(file, { onlyProven: true }).pointerAt(section, 8, probe)).toBeUndefined()
})
