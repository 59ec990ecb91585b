import { describe, expect, it } from 'vitest'
import { sampleOverTime } from '../../src/session/sampling.js'
import { sessionWith } from './support/sessions.js'

const every = { ms: 5 }
const rowsOf = async (looking: ReturnType<typeof sampleOverTime>) =>
  JSON.parse(JSON.stringify([...(await looking)])) as unknown[]

describe('looks at a guest over time', () => {
  it('are rows with how long it has run, and how long it really was', async () => {
    const { vm, control } = sessionWith()
    control.stops.push({ elapsedMicroseconds: 5250 }, {}, { elapsedMicroseconds: 4999.9999 })
    let looks = 0
    const rows = await rowsOf(sampleOverTime(vm, { every, for: { ms: 15 } }, () => ({ look: ++looks })))
    expect(rows).toEqual([
      { ms: 0, sliceMs: null, overMs: null, look: 1 },
      { ms: 5.25, sliceMs: 5.25, overMs: 0.25, look: 2 },
      { ms: 10.25, sliceMs: 5, overMs: 0, look: 3 },
      { ms: 15.25, sliceMs: 5, overMs: 0, look: 4 },
    ])
    expect(control.calls).toEqual([1, 2, 3].map(() => ['advance', every, {}]))
  })

  it('may be nearer than a millisecond', async () => {
    const { vm, control } = sessionWith()
    await sampleOverTime(vm, { every: { ms: 0.5 }, for: { ms: 1 } }, () => ({}))
    expect(control.calls).toHaveLength(2)
  })

  it('may give several rows of one moment, and none', async () => {
    const { vm } = sessionWith()
    const rows = await rowsOf(sampleOverTime(vm, { every, for: every }, () => [{ cpu: 0 }, { cpu: 1 }]))
    expect(rows).toEqual([
      { ms: 0, sliceMs: null, overMs: null, cpu: 0 },
      { ms: 0, sliceMs: null, overMs: null, cpu: 1 },
      { ms: 5, sliceMs: 5, overMs: 0, cpu: 0 },
      { ms: 5, sliceMs: 5, overMs: 0, cpu: 1 },
    ])
  })

  it('begin with a guest that stands still; a signal is handed on and ends them', async () => {
    const { vm, control } = sessionWith()
    control.state = 'running'
    control.stops.push({}, { reason: 'interrupted' })
    const { signal } = new AbortController()
    await expect(sampleOverTime(vm, { every, for: { ms: 20 }, signal }, () => ({}))).rejects.toThrow(
      expect.objectContaining({ code: 'guest', message: 'interrupted after 2 looks; the guest is frozen' }),
    )
    expect(control.calls).toEqual([
      ['freeze', { signal }],
      ['advance', every, { signal }],
      ['advance', every, { signal }],
    ])
    const plain = sessionWith()
    plain.control.state = 'running'
    await sampleOverTime(plain.vm, { every, for: every }, () => ({}))
    expect(plain.control.calls[0]).toEqual(['freeze', {}])
  })

  it.each([
    [{ every: { ms: 0 }, for: { ms: 5 } }],
    [{ every: { ms: -1 }, for: { ms: 5 } }],
    [{ every: { ms: 5 }, for: { ms: 4 } }],
    [{ every: { ms: 1 }, for: { ms: 1_000_001 } }],
    [{ every: { ms: Number.NaN }, for: { ms: 5 } }],
    [{ every: { ms: 5 } }],
    [{ for: { ms: 5 } }],
  ])('are refused with a sentence: %j', async (sampling) => {
    const { vm, control } = sessionWith()
    await expect(sampleOverTime(vm, sampling as never, () => ({}))).rejects.toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining('at most 1000000 times') }),
    )
    expect(control.calls).toEqual([])
  })

  it('need what runs', async () => {
    const { vm } = sessionWith(() => undefined, { control: undefined, name: 'vmcore' })
    await expect(sampleOverTime(vm, { every, for: every }, () => ({}))).rejects.toThrow(
      'vmcore is a dump and does not run',
    )
  })
})
