import { beforeAll, describe, expect, test } from 'vitest'
import { analyzeFile } from '../../../src/bpf/cast/analyze.js'
import type { CastObject } from '../../../src/bpf/cast/report.js'
import { buildCases, findingsOf, listCases, objectOf, withheldOf } from './support.js'

const cases = listCases()

function analyze(name: string): CastObject {
  const [object] = analyzeFile(objectOf(name), { cache: null }).objects
  if (object === undefined) throw new Error(`${name} has no object`)
  return object
}

beforeAll(async () => {
  await buildCases()
}, 600_000)

describe('hand-written cases: what is found is exactly what their comments say', () => {
  test('there are at least 40 of them, and some must prove nothing', () => {
    expect(cases.length).toBeGreaterThanOrEqual(40)
    expect(cases.filter(({ expected }) => expected.length === 0).length).toBeGreaterThanOrEqual(10)
  })

  test.each(cases)('$name', ({ name, expected, supported, withheld }) => {
    const object = analyze(name)
    expect(object.incomplete).toBeNull()
    expect(object.problems).toEqual([])
    expect(findingsOf(object)).toEqual(expected)
    expect(findingsOf(object, 'supported')).toEqual(supported)
    expect(withheldOf(object)).toEqual(withheld)
  })
})

describe('evidence', () => {
  test('names rule, function, instruction and source line of a store', () => {
    const [finding] = analyze('store-task').findings
    expect(finding?.evidence).toHaveLength(1)
    const [{ rule, site } = { rule: undefined, site: undefined }] = finding?.evidence ?? []
    expect(rule).toBe('store')
    expect(site).toMatchObject({ function: 'program', section: 'tp_btf/program' })
    expect(site?.file).toMatch(/store-task\.bpf\.c$/)
    expect(site?.source).toBe('v->task = (u64)bpf_get_current_task_btf();')
    expect(site?.line).toBeGreaterThan(10)
  })

  test('says which rules have spoken', () => {
    const rulesOf = (name: string): string[] =>
      analyze(name).findings.flatMap(({ evidence }) => evidence.map(({ rule }) => rule))
    expect(rulesOf('arena-cast')).toContain('arena cast')
    expect(rulesOf('arena-argument')).toContain('argument')
    expect(rulesOf('typed-store')).toContain('typed store')
    expect(rulesOf('typed-return')).toContain('return')
    expect(rulesOf('core-read')).toContain('CO-RE access')
    expect(rulesOf('core-read')).toContain('kernel read')
    expect(rulesOf('kernel-cast')).toContain('kernel cast')
    expect(rulesOf('map-update')).toContain('copy to map')
    expect(rulesOf('loop-context')).toContain('copy to callee')
    expect(rulesOf('exchange')).toContain('exchange')
  })

  test('what is supported says why it is not proven, and what a value must be', () => {
    const slots = analyze('supported-slots').findings.find(({ place }) => place.member === 'slots')
    expect(slots).toMatchObject({ recovered: 'supported', check: 'arena' })
    expect(slots?.doubts[0]).toMatchObject({
      why: 'a value of unknown origin is stored',
      site: { function: 'schedule' },
    })
    expect(slots?.evidence.map(({ rule }) => rule)).toContain('argument')
    const [proven] = analyze('store-task').findings
    expect(proven).toMatchObject({ recovered: 'proven', check: null, doubts: [] })
  })

  test('what is withheld says why, and where', () => {
    const [withheld] = analyze('conflict-number').withheld
    expect(withheld?.reasons).toEqual([
      expect.objectContaining({
        why: 'a number is stored',
        site: expect.objectContaining({ function: 'two', source: 'v->word = bpf_ktime_get_ns();' }),
      }),
    ])
  })
})
