import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { analyzeFile, analyzeObject } from '../../../../src/bpf/cast/analyze.js'
import { CastIndex } from '../../../../src/bpf/cast/cast-index.js'
import { btfIdentity } from '../../../../src/bpf/cast/object/identity.js'
import { readObjectCode } from '../../../../src/bpf/cast/object/object-code.js'
import type { CastObject, CastReport } from '../../../../src/bpf/cast/report.js'
import { ObjectFile } from '../../../../src/bpf/recovery/object-file.js'
import { buildCases, compileBpf, findingsOf, objectOf } from '../support.js'

const directory = mkdtempSync(join(tmpdir(), 'cryoscope-embedded-'))
const inside = (name: string): string => join(directory, name)
const compiler = process.env.CLANG ?? 'clang-19'

const task = 'struct value.task -> struct task_struct kernel'

/** A host's object with sections as an assembler source says; BPF objects are brought in by .incbin. */
function assemble(name: string, source: string): string {
  writeFileSync(inside(`${name}.s`), source)
  execFileSync(compiler, ['-c', inside(`${name}.s`), '-o', inside(`${name}.o`)], { cwd: directory })
  return inside(`${name}.o`)
}

function link(name: string, ...objects: string[]): string {
  execFileSync('ld', ['--no-warn-mismatch', '-e', '0', '-o', inside(name), ...objects])
  return inside(name)
}

const delimited = (symbol: string, file: string): string =>
  `.globl ${symbol}\n.type ${symbol}, @object\n.balign 8\n${symbol}:\n.incbin "${file}"\n.size ${symbol}, .-${symbol}\n`

const analyze = (path: string): CastReport => analyzeFile(path, { cache: null })
const names = ({ objects }: CastReport): string[] => objects.map(({ name }) => name)

beforeAll(async () => {
  await buildCases(['store-task', 'arena-cast'])
  copyFileSync(objectOf('store-task'), inside('task.bpf.o'))
  copyFileSync(objectOf('arena-cast'), inside('arena.bpf.o'))
}, 60_000)

afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

function expectBoth({ objects: [first, second] }: CastReport): void {
  expect(findingsOf(first as CastObject)).toEqual([task])
  const alone = analyze(inside('arena.bpf.o')).objects[0] as CastObject
  expect(findingsOf(second as CastObject)).toEqual(findingsOf(alone))
  expect(findingsOf(alone).length).toBeGreaterThan(0)
}

describe('objects in an executable', () => {
  test('in .bpf.objs are those that symbols delimit', () => {
    const object = assemble(
      'objs',
      `.section .bpf.objs,"a",@progbits\n${delimited('one', 'task.bpf.o')}.zero 24\n${delimited('two', 'arena.bpf.o')}`,
    )
    for (const path of [object, link('objs', object)]) {
      const report = analyze(path)
      expect(names(report)).toEqual(['one', 'two'])
      expectBoth(report)
    }
  })

  test('in .bpf.objs without symbols are found by their headers', () => {
    const object = assemble(
      'bare',
      `.section .bpf.objs,"a",@progbits\n.incbin "task.bpf.o"\n.balign 16\n.incbin "arena.bpf.o"\n`,
    )
    const report = analyze(link('bare', object))
    expect(names(report)[0]).toBe('.bpf.objs+0x0')
    expect(report.objects).toHaveLength(2)
    expectBoth(report)
  })

  test('are found in whatever data they lie, as skeletons have them', () => {
    const object = assemble(
      'data',
      `.section .rodata,"a",@progbits\n.ascii "text before"\n${delimited('skeleton', 'task.bpf.o')}.data\n.zero 100\n.incbin "arena.bpf.o"\n`,
    )
    const report = analyze(link('data', object))
    expect(names(report)[0]).toBe('skeleton')
    expect(names(report)[1]).toMatch(/^\.data\+0x/)
    expectBoth(report)
  })

  test('that objcopy has made of a file have a name and are found', () => {
    execFileSync('objcopy', ['-I', 'binary', '-O', 'elf64-x86-64', 'task.bpf.o', 'copied.o'], {
      cwd: directory,
    })
    const report = analyze(link('copied', inside('copied.o')))
    expect(report.objects).toHaveLength(1)
    expect(findingsOf(report.objects[0] as CastObject)).toEqual([task])
  })

  test('none is a sentence, and so is what is no ELF file', () => {
    const plain = link('plain', assemble('plain', '.text\nnop\n'))
    expect(() => analyze(plain)).toThrow(/holds no BPF object; give a scheduler's executable/)
    expect(() => analyzeObject(Buffer.from('#!/bin/sh\n'), { name: 'script', cache: null })).toThrow(
      /script is no 64-bit ELF file/,
    )
    expect(() => analyze(inside('missing'))).toThrow(/cannot read .*missing \(ENOENT\); check the path/)
  })

  test('broken ones are named, and cost the others nothing', () => {
    const broken = readFileSync(inside('task.bpf.o'))
    broken.write('.FTB', broken.indexOf('.BTF\0'))
    writeFileSync(inside('broken.bpf.o'), broken)
    const object = assemble(
      'mixed',
      `.section .bpf.objs,"a",@progbits\n${delimited('bad', 'broken.bpf.o')}${delimited('good', 'task.bpf.o')}`,
    )
    const report = analyze(link('mixed', object))
    expect(names(report)).toEqual(['good'])
    expect(report.problems).toEqual(['bad has no .BTF section; compile it with -g'])
    expect(findingsOf(report.objects[0] as CastObject)).toEqual([task])
  })

  test('are the files that programs were loaded from', () => {
    const file = new ObjectFile(inside('objs'))
    expect([...file.objects.values()]).toEqual(['one', 'two'])
    const own = readObjectCode(readFileSync(inside('task.bpf.o')), 'task')
    expect(file.objects.get(btfIdentity(own.btf))).toBe('one')
    expect(() => new ObjectFile(inside('plain'))).toThrow(/holds no BPF object with types/)
    expect(() => new ObjectFile(inside('missing'))).toThrow(/cannot read .*\(ENOENT\)/)
  })
})

describe('several objects', () => {
  const source = (name: string): string => `#include "case.bpf.h"
struct value { u64 flags; u64 task; };
${name === 'wide' ? 'struct other { u64 a, b, c; } *some_other;' : ''}
VALUE_MAP(value, struct value)
PROGRAM(program)
{
	struct value *v = value_at(0);

	if (v)
		v->task = ${name === 'number' ? 'bpf_ktime_get_ns()' : '(u64)bpf_get_current_task_btf()'};
	return 0;
}
`

  beforeAll(async () => {
    for (const name of ['pointer', 'number', 'wide']) {
      writeFileSync(inside(`${name}.bpf.c`), source(name))
      await compileBpf(inside(`${name}.bpf.c`), inside(`${name}.bpf.o`))
    }
  }, 60_000)

  const codeOf = (name: string) => readObjectCode(readFileSync(inside(`${name}.bpf.o`)), name)
  const castIn = (index: CastIndex, name: string) => {
    const { btf } = codeOf(name)
    const type = btf.find('value', 'struct')
    return type && index.castAt(btf, type, 8)
  }

  test('of different types are kept apart by which BTF they have', () => {
    const index = new CastIndex(['pointer', 'wide'].map((name) => analyze(inside(`${name}.bpf.o`))))
    expect(btfIdentity(codeOf('pointer').btf)).not.toBe(btfIdentity(codeOf('wide').btf))
    expect(castIn(index, 'pointer')?.object).toMatch(/pointer\.bpf\.o$/)
    expect(castIn(index, 'wide')?.object).toMatch(/wide\.bpf\.o$/)
  })

  test('of the same types that disagree prove nothing', () => {
    // The kernel's function and types are the same; only what is stored differs.
    const [pointer, number] = ['pointer', 'number'].map((name) => analyze(inside(`${name}.bpf.o`)))
    expect(findingsOf(pointer?.objects[0] as CastObject)).toEqual([task])
    expect(findingsOf(number?.objects[0] as CastObject)).toEqual([])
    const finding = pointer?.objects[0]?.findings[0]
    const doubt = { ...(number as CastReport) }
    const withheld = [{ place: finding?.place, reasons: [] }]
    const objects = doubt.objects.map((one) => ({ ...one, btf: pointer?.objects[0]?.btf, withheld }))
    const index = new CastIndex([pointer as CastReport, { ...doubt, objects } as CastReport])
    expect(castIn(index, 'pointer')).toBeUndefined()
    const other = {
      ...(pointer as CastReport),
      objects: pointer?.objects.map((one) => ({
        ...one,
        findings: one.findings.map((found) => ({ ...found, target: { ...found.target, typeId: 1 } })),
      })),
    }
    expect(castIn(new CastIndex([pointer as CastReport, other as CastReport]), 'pointer')).toBeUndefined()
  })

  test('are asked by offset, and by the types that they are about', () => {
    const { btf } = codeOf('pointer')
    const index = new CastIndex([analyze(inside('pointer.bpf.o'))])
    const type = btf.find('value', 'struct')
    expect(type && index.castAt(btf, type, 0)).toBeUndefined()
    expect(index.has(btf)).toBe(true)
    expect(index.has(codeOf('wide').btf)).toBe(false)
  })
})
