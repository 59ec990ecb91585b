import { describe, expect, it } from 'vitest'
import { hexdumpOfValue } from '../../../src/present/html/hexdump.js'
import { html } from '../../../src/present/html/markup.js'
import { valueTree } from '../../../src/present/html/value-tree.js'
import type { ObjectValue } from '../../../src/value/types.js'
import { aTask } from '../../value/task.js'

const plain = (text: string) =>
  text
    .replace(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')

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

  it('names members beside their bytes', () => {
    const text = plain(hexdumpOfValue(value).text)
    expect(text).toContain('pid')
    expect(text.split('\n').length).toBeGreaterThan(value.$size / 16 - 1)
  })
})
