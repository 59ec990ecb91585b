import { describe, expect, it } from 'vitest'
import { commonPrefix, suggestionLines } from '../../../src/ui/repl/completion-text.js'
import { oneLine } from '../../../src/ui/repl/preview.js'

describe('suggestionLines', () => {
  const members = [
    { name: 'pid', type: 'pid_t', preview: '1' },
    { name: 'parent', type: 'struct task_struct *', preview: '' },
  ]

  it('shows types and values while they fit', () => {
    expect(suggestionLines(members, { columns: 80, rows: 24 })).toEqual([
      'pid     = 1  pid_t',
      'parent       struct task_struct *',
    ])
  })

  it('shows names in columns where there are many', () => {
    const many = Array.from({ length: 200 }, (_, i) => ({ name: `member_${i}`, type: 'int', preview: '' }))
    const lines = suggestionLines(many, { columns: 80, rows: 10 })
    expect(lines).toHaveLength(8)
    expect(lines.at(-1)).toBe('… 200 in all; type more to see fewer')
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(80)
  })

  it('escapes names of a guest', () => {
    expect(
      suggestionLines([{ name: 'a\x1b[31m', type: '', preview: '' }], { columns: 80, rows: 24 }),
    ).toEqual(['a\\x1b[31m'])
  })
})

describe('commonPrefix', () => {
  it.each([
    [['scx', 'sched_class'], 'sc'],
    [['one'], 'one'],
    [['a', 'b'], ''],
    [[], ''],
  ])('of %j is %j', (names, prefix) => {
    expect(commonPrefix(names)).toBe(prefix)
  })
})

describe('oneLine', () => {
  it.each([
    [5, '5'],
    [2n ** 63n, '0x8000000000000000'],
    [7n, '7'],
    ['in\nit', '"in\\nit"'],
    [undefined, ''],
    [{ a: 1 }, ''],
    [{ $kind: 'pointer', $value: 0n }, 'NULL'],
    [{ $kind: 'pointer', $value: 1n, $symbol: 'init_task' }, 'init_task'],
  ])('of value %# is right', (value, text) => {
    expect(oneLine(value)).toBe(text)
  })
})
