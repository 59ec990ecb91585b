import { describe, expect, it } from 'vitest'
import { Btf } from '../../../src/btf/btf.js'
import { syntheticPointer } from '../../../src/btf/inflate.js'
import type { StructType } from '../../../src/btf/types.js'
import { hexdumpOfValue } from '../../../src/present/html/hexdump.js'
import { html } from '../../../src/present/html/markup.js'
import { valueTree } from '../../../src/present/html/value-tree.js'
import type { RecoveryDegree } from '../../../src/value/recovered.js'
import type { ObjectValue } from '../../../src/value/types.js'
import { makeValue } from '../../../src/value/value.js'
import { BtfBuilder } from '../../btf/builder.js'
import { base, FakeGuest } from '../../value/fake-guest.js'
import { aTask } from '../../value/task.js'

const plain = (text: string) =>
  text
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')

/** A struct whose integer holds a pointer to such a struct, to that degree. */
function withRecovered(degree: RecoveryDegree): string {
  const b = new BtfBuilder()
  b.struct('node', [{ name: 'next', type: b.int('unsigned long long', 8) }])
  const type = Btf.parse(b.build()).find('node', 'struct') as StructType
  const where = { function: 'put', instruction: 3, file: 'a<b.bpf.c', line: 7, lines: ['a<b.bpf.c:7'] }
  const pointer = {
    type: syntheticPointer(type),
    evidence: { ...where, degree, why: 'it is stored' },
    accepts: () => true,
  }
  const guest = new FakeGuest()
  guest.setPointer(0, base)
  return valueTree(
    makeValue(guest.context({ recoverPointer: () => pointer }), type, base, 'node') as ObjectValue,
  ).text
}

describe('valueTree', () => {
  const { task } = aTask()
  const value = task as unknown as ObjectValue

  it('has a line for every member, and opens structs and arrays', () => {
    const { text } = valueTree(value)
    for (const name of task.$members) expect(plain(text)).toContain(`.${name} =`)
    expect(text).toMatch(/<details><summary>[^\n]*\.se /)
    expect(plain(text)).toContain('.vruntime = 77')
  })

  it('spends its lines on the first level first, and counts what it leaves out', () => {
    const { text } = valueTree(value, { lines: 3 })
    expect(text.match(/class="leaf"/g)?.length).toBeLessThanOrEqual(4)
    expect(plain(text)).toMatch(/… \d+ more; browse\(…\) shows all/)
  })

  it('puts members that are zero behind one line, and loses none', () => {
    const { text } = valueTree(value)
    const zeros = task.$members.filter((name: string) => task[name] === 0 || task[name] === 0n)
    const folded = /<summary><span class="zero">(\d+) members are zero<\/span>/.exec(text)
    if (zeros.length >= 6) expect(Number(folded?.[1])).toBeGreaterThanOrEqual(zeros.length)
    else expect(folded).toBeNull()
  })

  it('asks for what a pointer leads to, in live views', () => {
    const { text } = valueTree(value, { action: (path) => html` data-go="${path.join('/')}"` })
    const pointers = task.$members.filter((name: string) => {
      const member = task[name]
      return typeof member === 'object' && member.$kind === 'pointer' && !member.$isNull
    })
    for (const name of pointers) expect(text).toContain(`data-go="${name}"`)
  })

  it('marks pointers that C declares as integers, the supported ones with their line', () => {
    expect(withRecovered('proven')).toMatch(/<span class="d" title="it is stored">recovered, proven<\/span>/)
    expect(withRecovered('supported')).toMatch(
      /<span class="d" title="it is stored">recovered, supported, a&lt;b\.bpf\.c:7<\/span>/,
    )
  })

  it('names members beside their bytes', () => {
    const text = plain(hexdumpOfValue(value).text)
    expect(text).toContain('pid')
    expect(text.split('\n').length).toBeGreaterThan(value.$size / 16 - 1)
  })
})
