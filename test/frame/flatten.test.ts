import { describe, expect, it } from 'vitest'
import { frame } from '../../src/frame/list.js'
import type { StructValue } from '../../src/value/types.js'
import { makeValue } from '../../src/value/value.js'
import { base, FakeGuest } from '../value/fake-guest.js'
import { build } from '../value/types.js'

describe('rows of anything', () => {
  it('become columns by paths, and none is left out', () => {
    const made = frame([{ a: { b: 1, c: [1, 2] } }, { d: 'late' }, { a: { b: null } }])
    expect(made.names).toEqual(['a.b', 'a.c[0]', 'a.c[1]', 'd'])
    expect(made.column('a.c[1]')).toEqual([2, null, null])
    expect(made.column('d')).toEqual([null, 'late', null])
  })

  it('may be no objects at all', () => {
    expect(frame([3n, 'x', null]).rows()).toEqual([{ value: '3' }, { value: 'x' }, { value: null }])
    expect(frame([]).length).toBe(0)
  })

  it('have dates, bytes, sets and long lists as text', () => {
    const row = frame([
      {
        at: new Date(0),
        bytes: Uint8Array.of(0xab, 1),
        few: new Set([1, 2]),
        many: Array.from({ length: 17 }, (_, n) => n),
        objects: [{ x: 1n }],
        none: [],
        run: () => 1,
      },
    ]).at(0)
    expect(row).toMatchObject({
      at: '1970-01-01T00:00:00.000Z',
      bytes: 'ab01',
      'few[0]': 1,
      'few[1]': 2,
      none: null,
    })
    expect(JSON.parse(row?.many)).toHaveLength(17)
    expect(row?.objects).toContain('x')
    expect(row).not.toHaveProperty('run')
  })

  it('of nouns are what their JSON is', () => {
    class Noun {
      readonly #pid = 7
      toJSON() {
        return { pid: this.#pid }
      }
    }
    expect(frame([new Noun()]).rows()).toEqual([{ pid: 7 }])
  })

  it('are no deeper than can be gone, whatever refers to itself', () => {
    const loop: Record<string, unknown> = { n: 1 }
    loop.again = loop
    const made = frame([loop])
    expect(made.names.length).toBeLessThan(20)
    expect(made.column('n')).toEqual([1])
  })

  it('of C values have their members, addresses of what they point at, and say what could not be read', () => {
    const type = build((b, t) =>
      b.struct('task', (task) => [
        { name: 'pid', type: t.u32 },
        { name: 'next', type: b.pointer(task) },
        { name: 'name', type: b.array(t.char, 8) },
      ]),
    )
    const guest = new FakeGuest()
    guest.view.setUint32(0, 42, true)
    guest.setPointer(8, base + 64n)
    guest.setText(16, 'init')
    const context = guest.context()
    const here = makeValue(context, type, base) as StructValue
    const gone = makeValue(context, type, 0x1000n) as StructValue
    const made = frame([here, gone])
    expect(made.at(0)).toEqual({ $address: base, pid: 42, next: base + 64n, name: 'init' })
    expect(made.at(1)).toMatchObject({ pid: null, next: null, name: null })
    expect(made.unreadable).toBe(3)
  })
})
