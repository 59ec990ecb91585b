import { createHash } from 'node:crypto'
import { expect } from 'vitest'
import { Problems } from '../../../src/problems.js'
import { describeEnvironment } from '../../../src/session/environment.js'
import type { Comparison, GroundTruth, Truth } from './demo-guest.js'

/** What is said of the kernel as a whole, against the files in which the guest says it. */
export const environmentComparisons: readonly Comparison[] = [
  ['states the facts of the kernel that the guest states, and how each was found', facts],
]

function facts({ session, truth }: Truth): void {
  const problems = new Problems()
  const { facts: stated } = describeEnvironment(session, true, problems)
  expect(problems.list).toEqual([])
  const value = Object.fromEntries(stated.map(({ fact, value }) => [fact, value]))
  expect(stated.filter(({ how }) => how === '' || how.startsWith('not read'))).toEqual([])
  const cpus = truth.text('cpuinfo').match(/^processor\s*:/gm)?.length
  expect(value).toMatchObject({
    machine: 'x86_64',
    buildId: buildId(truth.bytes('notes')),
    kernelOffset: `0x${kernelOffset(truth).toString(16)}`,
    commandLine: truth.text('cmdline').trimEnd(),
    btfSha256: createHash('sha256').update(truth.bytes('btf')).digest('hex'),
    symbols: truth.text('kallsyms').match(/^\S+ \S \S+$/gm)?.length,
    tainted: expect.stringMatching(new RegExp(`^${truth.text('tainted').trimEnd()}( \\([A-Z ]+\\))?$`)),
    vcpus: cpus,
    cpus,
  })
  const version = truth.text('version').trimEnd()
  expect(version).toContain(`Linux version ${value.release} (`)
  expect(version.endsWith(` ${value.version}`)).toBe(true)
  const modules = [...truth.text('modules').matchAll(/^\S+/gm)].map(([name]) => name)
  expect([...(value.modules as string[])].sort()).toEqual(modules.sort())
  // The firmware keeps some pages of it.
  const ram = [...truth.text('iomem').matchAll(/^([0-9a-f]+)-([0-9a-f]+) : System RAM/gm)]
  const bytes = ram.reduce(
    (sum, [, from = '', to = '']) => sum + Number(`0x${to}`) + 1 - Number(`0x${from}`),
    0,
  )
  expect(bytes).toBeGreaterThan(2 ** 28)
  expect(value.memoryBytes).toBeGreaterThanOrEqual(bytes)
  expect(value.memoryBytes).toBeLessThan(bytes + 2 ** 21)
}

/** How far KASLR moved the image: it is linked at 0xffffffff81000000. */
function kernelOffset(truth: GroundTruth): bigint {
  const start = /^([0-9a-f]+) T _text$/m.exec(truth.text('kallsyms'))?.[1]
  return BigInt(`0x${start}`) - 0xffffffff81000000n
}

/** The note GNU of type 3 (NT_GNU_BUILD_ID, elf.h). */
function buildId(notes: Buffer): string {
  const padded = (length: number): number => (length + 3) & ~3
  for (let at = 0; at + 12 <= notes.length; ) {
    const [name, length, type] = [0, 4, 8].map((offset) => notes.readUInt32LE(at + offset)) as [
      number,
      number,
      number,
    ]
    const data = at + 12 + padded(name)
    if (type === 3 && notes.toString('latin1', at + 12, at + 15) === 'GNU')
      return notes.toString('hex', data, data + length)
    at = data + padded(length)
  }
  throw new Error('the kernel has no build id')
}
