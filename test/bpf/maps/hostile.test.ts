import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BpfMap } from '../../../src/bpf/map.js'
import { type MapInfo, readMap } from '../../../src/bpf/map-info.js'
import { CryoscopeError } from '../../../src/errors.js'
import { Problems } from '../../../src/problems.js'
import { everyMap } from '../../support/every-map.js'
import { ruinsOf } from '../../support/ruin.js'

/**
 * A guest with a small map of every family, whose memory is then ruined. What is asked of every reader: it ends, it has no
 * more entries than memory could hold, and it throws nothing but a sentence.
 */

/** More than any of these maps could have. */
const mostEntries = 200_000

const { guest, maps } = everyMap()
const { kernel, damage, near, ruin } = ruinsOf(guest)
const infos = maps.map((address) => readMap(kernel, address))
const nastyNumber = fc.constantFrom(0, 1, 3, 4097, 2 ** 22, 2 ** 31, 2 ** 32 - 1)

function readAll(info: MapInfo): void {
  const problems = new Problems()
  const map = new BpfMap(kernel, info, problems)
  map.state(problems)
  let count = 0
  try {
    for (const text of map.json(mostEntries, problems)) {
      count++
      JSON.parse(text)
    }
    for (const entry of map.entries(problems)) {
      if (++count > 2 * mostEntries) break
      void entry.value?.value
    }
    const key = new Uint8Array(info.keySize)
    map.entry(key, problems)
    if (info.type === 'bloom_filter') map.has(new Uint8Array(info.valueSize), problems)
  } catch (error) {
    // Arrays, hashes and queues refuse sizes that cannot be.
    if (!(error instanceof CryoscopeError)) throw error
  }
  expect(count, `${info.type} does not end`).toBeLessThan(mostEntries)
  for (const { why } of problems.list) expect(why.length).toBeGreaterThan(10)
}

describe.each(infos.map((info) => [info.type, info] as const))('a ruined %s', (_type, info) => {
  it('ends, with reasons', () => {
    // Half of the damage hits the map's own struct.
    fc.assert(
      fc.property(
        damage,
        near(info.address),
        fc.option(nastyNumber),
        fc.option(nastyNumber),
        (far, close, entries, size) => {
          ruin([...far, ...close])
          readAll({ ...info, maxEntries: entries ?? info.maxEntries, valueSize: size ?? info.valueSize })
        },
      ),
      { numRuns: 60, endOnFailure: true },
    )
  })

  it('is read in full when nothing is ruined', () => {
    ruin([])
    const problems = new Problems()
    const map = new BpfMap(kernel, info, problems)
    map.state(problems)
    for (const _ of map.json(mostEntries, problems)) {
      // Reading is the test.
    }
    const expected = ['cgroup_storage', 'percpu_cgroup_storage', 'inode_storage', 'cgrp_storage']
    if (!expected.includes(info.type)) expect(problems.list).toEqual([])
  })
})
