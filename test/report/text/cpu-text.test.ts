import { describe, expect, it } from 'vitest'
import { cpuLines } from '../../../src/report/text/cpu-text.js'

/** Three CPUs of which as many members differ. */
const values = (differing: number, cpus = 3) =>
  Array.from({ length: cpus }, (_, cpu) => ({
    cpu,
    hex: '',
    value: {
      same: 5,
      ...Object.fromEntries(Array.from({ length: differing }, (_, n) => [`m${n}`, cpu + n])),
    },
  })) as unknown as Parameters<typeof cpuLines>[1]

describe('values of CPUs', () => {
  it('are a table of what differs, beside what all have in common', () => {
    expect(cpuLines('[1]', values(2), 80, '')).toEqual([
      '[1]',
      '  all: .same = 5',
      expect.stringMatching(/^ {2}CPU +\.?m0 +\.?m1$/),
      expect.stringMatching(/^ {4}0 +0 +1$/),
      expect.stringMatching(/^ {4}1 +1 +2$/),
      expect.stringMatching(/^ {4}2 +2 +3$/),
    ])
  })

  it('are one by one where more than seven members differ', () => {
    const isTable = (differing: number): boolean =>
      cpuLines('[1]', values(differing), 200, '').some((line) => line.trimStart().startsWith('CPU  '))
    const first = cpuLines('[1]', values(8), 400, '')
    expect(first.filter((line) => /^ {2}CPU \d: /.test(line))).toHaveLength(3)
    expect(cpuLines('[1]', values(7), 400, '').filter((line) => /^ {2}CPU \d: /.test(line))).toHaveLength(0)
    expect(isTable(7)).toBe(true)
  })

  it('are told once where all agree', () => {
    expect(cpuLines('[1]', values(0), 80, '')).toEqual(['[1]', '  all CPUs: { .same = 5 }'])
    expect(cpuLines('[1]', values(0, 1), 80, '')).toEqual(['[1]', '  CPU 0: { .same = 5 }'])
  })
})
