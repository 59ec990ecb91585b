import { describe, expect, it } from 'vitest'
import type { Session } from '../../src/session/session.js'
import { BtfBuilder } from '../btf/builder.js'
import { ArenaGuest } from '../support/arena-guest.js'
import { addArray, addBtf, addProgram } from '../support/bpf-objects.js'
import type { KernelGuest } from '../support/kernel-guest.js'
import { openedOn, sessionWith } from './support/sessions.js'

const wild = 0xffff800000001000n

/** An arena with a bump allocator, a topology and a hash map of its program; `make` adds what else there is. */
function withArena(make: (guest: KernelGuest) => void = () => {}) {
  const test = new ArenaGuest()
  const section = test.section('.bss', { pool: 'bump', count: 'u64' })
  const region = test.pages(2)
  test.setAt('bump', section.pool?.at ?? 0n, {
    max_contig_bytes: 8192,
    memory: test.user(region),
    off: 64,
    lim_memusage: 16_384,
    cur_memusage: 8192,
  })
  test.hash('contexts', 'u64', 4, [
    { key: Uint8Array.of(7, 0, 0, 0), value: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
  ])
  make(test.guest)
  test.build()
  return { ...openedOn(test.guest), test }
}

describe('arenas of a session', () => {
  it('are found by name and id, and have their allocators', () => {
    const { vm } = withArena()
    expect(vm.arenas.map(({ id, name }) => [id, name])).toEqual([[3, 'arena']])
    const [arena] = vm.arenas
    for (const asked of ['arena', 3, '3']) expect(vm.arena(asked)).toBe(arena)
    expect(() => vm.arena('other')).toThrow('there is no arena other; there are arena')
    expect(() => vm.arena(4)).toThrow('there is no arena 4; there are arena')
    expect(vm.arenas).toBe(vm.arenas)
    expect(vm.allocators.map(({ name }) => name)).toEqual(['pool'])
    for (const name of ['pool', '3/pool']) expect(vm.allocator(name).kind).toBe('bump')
    expect(() => vm.allocator('none')).toThrow('there is no allocator none; there are pool')
    expect(vm.problems).toEqual([])
  })

  it('are missed with what could not be listed, which may have them', () => {
    const { vm } = withArena((guest) => {
      guest.maps.set(99, wild)
      guest.programs.set(98, wild)
    })
    expect(() => vm.allocator('none')).toThrow(
      /^allocator none is not among those that could be read, of which there are pool; not all could: map 99: page not present/,
    )
    expect(() => vm.container('none')).toThrow(
      /^container none is not among those that could be read; not all could: map 99: /,
    )
    expect(vm.problems.slice(0, 2)).toEqual([
      expect.stringMatching(/^map 99: /),
      expect.stringMatching(/^program 98: /),
    ])
  })

  it('are listed anew when the guest has run', () => {
    const { vm, control } = withArena()
    const before = vm.arenas
    expect(vm.arenas).toBe(before)
    control.epoch++
    expect(vm.arenas).not.toBe(before)
    expect(vm.arenas.map(({ id }) => id)).toEqual([3])
  })

  it('without any say so', () => {
    const { vm } = sessionWith()
    expect([...vm.arenas, ...vm.allocators, ...vm.containers]).toEqual([])
    expect(() => vm.arena('x')).toThrow('there is no arena x; there are no arenas at all')
    expect(() => vm.allocator('x')).toThrow('no program with an arena has an allocator that is known')
    expect(() => vm.container('x')).toThrow('there is no container x; ')
  })
})

describe('values of a map', () => {
  const read = (vm: Session, name: string) => [...vm.map(name).entries()].length

  it('have pointers that lead into the arena of its programs', () => {
    const { vm } = withArena()
    expect(vm.map('contexts').context).toBe(vm.arena(3).context)
    expect(read(vm, 'contexts')).toBe(1)
    expect(vm.problems).toEqual([])
  })

  it('lead into an arena that is known for certain while there is one, whatever else is not listed', () => {
    const { vm } = withArena((guest) => guest.programs.set(98, wild))
    read(vm, 'contexts')
    expect(vm.problems).toEqual([expect.stringMatching(/^program 98: /)])
  })

  it('may lead anywhere where no arena is known and not all could be listed, which is said of values that hold one', () => {
    const values = (size: number, typed: boolean) => {
      const { vm } = sessionWith((guest) => {
        const own = new BtfBuilder()
        const word = own.int('word', size)
        const btf = addBtf(guest, 40, own.build())
        const members = typed ? { btf, btf_value_type_id: word } : {}
        addArray(guest, { id: 4, name: 'stats', valueSize: size, maxEntries: 1, members })
        guest.maps.set(99, wild)
      })
      read(vm, 'stats')
      return vm.problems.filter((sentence) => sentence.startsWith('map 4'))
    }
    expect(values(8, true)).toEqual([
      expect.stringMatching(
        /^map 4: which arena its pointers lead into is not known for certain: map 99: page not present/,
      ),
    ])
    expect(values(4, true)).toEqual([])
    expect(values(8, false)).toEqual([])
  })

  it('are written by the session where they are global variables, under the name of their map', () => {
    const { vm } = withArena()
    const variables = vm.map('test.bss').variables as Record<string, unknown>
    expect(variables.count).toBe(0n)
    variables.count = 5n
    expect((vm.map('test.bss').variables as Record<string, unknown>).count).toBe(5n)
    expect(vm.written).toMatchObject([{ place: 'test.bss.count', before: 0, after: 5 }])
    const other = vm.map('contexts').get(7)
    expect(other).toBe(0x0807060504030201n)
  })
})

describe('programs of a session', () => {
  it('have their JSON, and links none where there are none', () => {
    const { vm } = sessionWith((guest) => {
      addProgram(guest, { id: 6, name: 'demo_enqueue' })
      addProgram(guest, { id: 7, name: '8' })
      addProgram(guest, { id: 8, name: 'demo_dispatch' })
    })
    expect(JSON.parse(JSON.stringify(vm.progs))).toMatchObject([
      { id: 6, name: 'demo_enqueue' },
      { id: 7, name: '8' },
      { id: 8, name: 'demo_dispatch' },
    ])
    // Digits are an id before they are a name.
    expect(vm.prog('8')).toMatchObject({ id: 8, name: 'demo_dispatch' })
    expect([...vm.links]).toEqual([])
  })

  it('are analysed anew when only what is proven is to count, and not when nothing changes', () => {
    const { vm } = sessionWith()
    const first = vm.recovery
    expect(vm.onlyProven).toBe(false)
    vm.onlyProven = false
    expect(vm.recovery).toBe(first)
    vm.onlyProven = true
    expect(vm.onlyProven).toBe(true)
    expect(vm.recovery).not.toBe(first)
    expect(vm.closestObject('/never/added')).toBeUndefined()
  })
})
