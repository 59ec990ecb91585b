import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { declare } from '../../src/btf/declaration.js'
import { sizeOf } from '../../src/btf/layout.js'
import { typeName } from '../../src/btf/type-name.js'
import type { CType, Member, StructType } from '../../src/btf/types.js'
import { sharedDemo, testedKernels } from './support/demo-guest.js'

const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
const bpftool = join(cache, 'cryoscope/tools/usr/sbin/bpftool')
const scratch = mkdtempSync(join(tmpdir(), 'cryoscope-btf-'))

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** The guest's own /sys/kernel/btf/vmlinux as a file, for tools. */
async function kernelFile(kernel: (typeof testedKernels)[number]['kernel']): Promise<string> {
  const file = join(scratch, kernel)
  if (!existsSync(file)) writeFileSync(file, (await sharedDemo(kernel)).truth.bytes('btf'))
  return file
}

const output = (command: string, args: readonly string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'ignore'] })

/** Each struct and union that pahole prints, by its first line. */
function paholeBlocks(file: string, args: readonly string[]): Map<string, string> {
  const text = output('pahole', ['-F', 'btf', ...args, file])
  const blocks = text.split(/^(?=(?:struct|union) \S+ \{$)/m).map((block) => block.trimEnd())
  return new Map(blocks.map((block) => [block.slice(0, block.indexOf('\n')), block]))
}

describe.each(testedKernels)('kernel $kernel, as pahole reads it', ({ kernel }) => {
  let btf: Btf
  let file: string
  const candidates = (head: string): StructType[] => {
    const [kind, name = ''] = head.split(' ')
    return kind === 'struct' ? btf.findAll(name, 'struct') : btf.findAll(name, 'union')
  }

  beforeAll(async () => {
    file = await kernelFile(kernel)
    btf = Btf.parse(readFileSync(file))
  })

  it('has every struct with the same offsets and sizes', { timeout: 120_000 }, () => {
    const places = (text: string): string =>
      [...text.matchAll(/\/\* +(\d+(?:: ?\d+)? +\d+) \*\/|size: (\d+)/g)].map(([all]) => all).join('\n')
    const blocks = paholeBlocks(file, [])
    const different = [...blocks].filter(
      ([head, block]) =>
        !candidates(head).some((type) => places(declare(type, { offsets: true })) === places(block)),
    )
    expect(blocks.size).toBeGreaterThan(5000)
    // pahole 1.24 prints the sums of a struct once too often where the struct is const and has no name.
    expect(different.map(([head]) => head).filter((head) => head !== 'struct vm_fault {')).toEqual([])
  })

  it.each([
    ['with offsets', true, []],
    ['without', false, ['-q']],
  ] as const)('is printed byte for byte, %s', { timeout: 120_000 }, (_, offsets, args) => {
    const blocks = paholeBlocks(file, args)
    const different = [...blocks].filter(
      ([head, block]) => !candidates(head).some((type) => declare(type, { offsets }) === block),
    )
    // What pahole prints depends on what it printed before, and it shows negative enum values as positive.
    expect(different.length / blocks.size).toBeLessThan(0.005)
  })
})

interface BpftoolType {
  readonly id: number
  readonly kind: string
  readonly name?: string
  readonly size?: number
  readonly type_id?: number
  readonly ret_type_id?: number
  readonly nr_elems?: number
  readonly linkage?: string
  readonly fwd_kind?: string
  readonly encoding?: string
  readonly component_idx?: number
  readonly members?: readonly { name: string; type_id: number; bits_offset: number; bitfield_size?: number }[]
  readonly values?: readonly { name: string; val: number }[]
  readonly params?: readonly { name: string; type_id: number }[]
  readonly vars?: readonly { type_id: number; offset: number; size: number }[]
}

const kindNames: Readonly<Record<string, string>> = {
  PTR: 'pointer',
  FWD: 'forward',
  FUNC: 'function',
  FUNC_PROTO: 'prototype',
  VAR: 'variable',
  DATASEC: 'section',
  ENUM64: 'enum',
}

describe.each(testedKernels)('kernel $kernel, as bpftool reads it', ({ kernel }) => {
  it('has the same types in every field', { timeout: 120_000 }, async () => {
    const file = await kernelFile(kernel)
    const btf = Btf.parse(readFileSync(file))
    const dump = JSON.parse(output(bpftool, ['-j', 'btf', 'dump', 'file', file])) as {
      types: BpftoolType[]
    }
    expect(btf.problems.list).toEqual([])
    expect(btf.typeCount).toBe(dump.types.length + 1)
    for (const theirs of dump.types) compare(btf.type(theirs.id), theirs)
  })
})

/** Cheaper than an assertion per field: there are some two million. */
function same(type: CType, field: string, ours: unknown, theirs: unknown): void {
  if (ours !== theirs) {
    throw new Error(`type ${type.id}, ${typeName(type)}: ${field} is ${ours}, bpftool has ${theirs}`)
  }
}

const text = (name: string | undefined): string => (name === '(anon)' ? '' : (name ?? ''))

function compare(type: CType, theirs: BpftoolType): void {
  same(type, 'kind', type.kind, kindNames[theirs.kind] ?? theirs.kind.toLowerCase())
  same(type, 'name', type.name, text(theirs.name))
  switch (type.kind) {
    case 'int':
    case 'float':
      same(type, 'size', type.size, theirs.size)
      break
    case 'array':
      same(type, 'length', type.length, theirs.nr_elems)
      same(type, 'element', type.element.id, theirs.type_id)
      break
    case 'struct':
    case 'union':
      same(type, 'size', type.size, theirs.size)
      same(type, 'sizeOf', sizeOf(type), theirs.size)
      same(type, 'members', type.members.length, theirs.members?.length)
      theirs.members?.forEach((member, n) => {
        compareMember(type, type.members[n], member)
      })
      break
    case 'enum':
      same(type, 'size', type.size, theirs.size)
      same(type, 'values', type.values.length, theirs.values?.length)
      theirs.values?.forEach(({ name, val }, n) => {
        same(type, `name ${n}`, type.values[n]?.name, name)
        // JSON numbers are doubles: only those that survive are compared.
        if (Number.isSafeInteger(val)) same(type, name, Number(type.values[n]?.value), val)
      })
      break
    case 'forward':
      same(type, 'of', type.of, theirs.fwd_kind)
      break
    case 'function':
      same(type, 'prototype', type.prototype.id, theirs.type_id)
      same(type, 'linkage', type.linkage, theirs.linkage)
      break
    case 'prototype':
      same(type, 'result', type.result.id, theirs.ret_type_id)
      same(type, 'parameters', type.parameters.length + (type.variadic ? 1 : 0), theirs.params?.length)
      type.parameters.forEach((parameter, n) => {
        same(type, `parameter ${n}`, parameter.name, text(theirs.params?.[n]?.name))
        same(type, `parameter ${n}`, parameter.type.id, theirs.params?.[n]?.type_id)
      })
      break
    case 'variable':
      same(type, 'type', type.type.id, theirs.type_id)
      break
    case 'section':
      same(type, 'variables', type.variables.length, theirs.vars?.length)
      type.variables.forEach(({ variable, offset, size }, n) => {
        same(type, `variable ${n}`, variable.id, theirs.vars?.[n]?.type_id)
        same(type, `offset of ${n}`, offset, theirs.vars?.[n]?.offset)
        same(type, `size of ${n}`, size, theirs.vars?.[n]?.size)
      })
      break
    case 'void':
    case 'unknown':
      throw new Error(`type ${type.id} is ${type.kind}`)
    default:
      same(type, 'target', type.target.id, theirs.type_id)
  }
}

function compareMember(
  type: StructType,
  ours: Member | undefined,
  theirs: NonNullable<BpftoolType['members']>[number],
): void {
  same(type, 'member', ours?.name, text(theirs.name))
  same(type, `type of ${theirs.name}`, ours?.type.id, theirs.type_id)
  same(type, `offset of ${theirs.name}`, ours?.bitOffset, theirs.bits_offset)
  same(type, `width of ${theirs.name}`, ours?.bitSize, theirs.bitfield_size ?? 0)
}
