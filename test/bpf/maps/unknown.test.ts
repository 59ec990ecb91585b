import { describe, expect, it } from 'vitest'
import { readMap } from '../../../src/bpf/map-info.js'
import { unknownReason, unknownState } from '../../../src/bpf/maps/unknown.js'
import { unreadName } from '../../../src/kernel/kernel.js'
import { Problems } from '../../../src/problems.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { kernelTypes } from '../../support/kernel-types.js'
import { addMap } from '../../support/map-objects.js'

const gone = 0xffff800000001000n
const idOf = (name: string, kind: 'struct' | 'enum' = 'struct'): number =>
  kernelTypes.find(name, kind)?.id ?? 0

/** What is said of a map whose operations name a struct by this id. */
function state(
  id: number | 'none',
  { ops = true, extra = 512 }: { ops?: boolean | bigint; extra?: number } = {},
) {
  const guest = new KernelGuest()
  const number = guest.alloc(4)
  if (id !== 'none') guest.u32(number, id)
  const table = guest.global('new_map_ops', guest.objects.sizeOf('bpf_map_ops'))
  guest.objects.set('bpf_map_ops', table, { map_btf_id: id === 'none' ? 0n : number })
  const map = addMap(guest, 'array', 'bpf_array', { extra })
  guest.objects.set('bpf_map', map, { ops: ops === true ? table : ops === false ? 0n : ops })
  const problems = new Problems()
  const kernel = guest.kernel()
  return { state: unknownState(kernel, readMap(kernel, map), problems), problems: problems.sentences }
}

const bytesOf = (found: Readonly<Record<string, unknown>>): number => String(found.hex).length / 2

describe('a map of a type that has no reader', () => {
  it('is the struct that its operations name, in full', () => {
    const { state: found, problems } = state(idOf('lpm_trie'))
    expect(found).toMatchObject({ structure: 'struct lpm_trie', operations: 'new_map_ops' })
    expect(bytesOf(found)).toBe(kernelTypes.findStruct('lpm_trie')?.size)
    expect(problems).toEqual([])
  })

  it.each<[string, number | 'none']>([
    ['no struct', 'none'],
    ['type 0', 0],
    ['a type behind the last', kernelTypes.typeCount],
    ['an enum', idOf('bpf_map_type', 'enum')],
  ])('is 512 bytes of something where they name %s', (_, id) => {
    const { state: found, problems } = state(id)
    expect(found).toMatchObject({ structure: undefined, operations: 'new_map_ops' })
    expect(bytesOf(found)).toBe(512)
    expect(problems).toEqual([])
  })

  it('is that too where it has no operations, or they cannot be read, which is said', () => {
    expect(state(5, { ops: false })).toMatchObject({
      state: { structure: undefined, operations: undefined },
      problems: [],
    })
    const lost = state(5, { ops: gone })
    expect(lost.problems).toEqual([expect.stringMatching(/^operations: page not present/)])
    expect(bytesOf(lost.state)).toBe(512)
  })

  it('is no more than 64 KiB of it', () => {
    expect(bytesOf(state(idOf('bpf_ringbuf'), { extra: 12_288 }).state)).toBe(12_288)
  })

  it('is as many bytes as can be read', () => {
    const { state: found, problems } = state(idOf('bpf_ringbuf'))
    expect(bytesOf(found)).toBeLessThan(12_288)
    expect(problems).toEqual([`map: ${bytesOf(found)} of its 12288 bytes can be read`])
  })

  it('says which type it is, as far as that is known', () => {
    const info = (type: string) => ({ type }) as Parameters<typeof unknownReason>[0]
    expect(unknownReason(info('type 36'))).toMatch(/^maps of type 36 are newer/)
    expect(unknownReason(info('future_map'))).toMatch(/^maps of type future_map are newer/)
    expect(unknownReason(info(`${unreadName}36`))).toMatch(
      /^which type of map it is could not be read: what 36 stands for /,
    )
  })
})
