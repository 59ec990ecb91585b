import { describe, expect, it } from 'vitest'
import { claims } from '../../fuzz/compare.js'
import { reportOf } from '../../fuzz/kinds/absent.js'
import { Overlay } from '../../fuzz/overlay.js'
import { arenaWorld, everyWorld } from '../../fuzz/worlds.js'
import { CryoscopeError } from '../../src/errors.js'

describe.each(everyWorld())('$name', ({ guest }) => {
  it('claims nothing that is not so, whichever page is missing', async () => {
    const overlay = new Overlay(guest.memory)
    const whole = reportOf(overlay)
    const frames = overlay.held()
    let read = 0
    for (const frame of frames) {
      overlay.damage({ patches: [], absent: [frame] })
      // So that the runner hears that it goes on.
      await new Promise((resolve) => setImmediate(resolve))
      try {
        expect(claims(whole, reportOf(overlay)), `without frame 0x${frame.toString(16)}`).toEqual([])
        read++
      } catch (error) {
        // What the kernel is found by lies on a few pages.
        if (!(error instanceof CryoscopeError)) throw error
        expect(error.message).toMatch(/no Linux kernel found/)
      }
    }
    expect(read).toBeGreaterThan(frames.length / 4)
  }, 120_000)
})

interface ArenaParts {
  readonly maps: readonly {
    readonly name: string
    readonly problems: readonly unknown[]
    readonly entries: readonly unknown[]
  }[]
  readonly arenas: readonly {
    readonly presentPages: unknown
    readonly problems: readonly { readonly why: string }[]
    readonly strays: readonly unknown[]
  }[]
  readonly allocators: readonly {
    readonly name: string
    readonly kind: string
    readonly counts: { readonly live: unknown }
    readonly state: { readonly descriptors?: unknown }
    readonly leaks: readonly unknown[]
    readonly dangling: readonly unknown[]
    readonly unreadRoots: readonly string[]
    readonly elements: readonly {
      readonly index: number
      readonly state: string
      readonly unreadable?: string
    }[]
  }[]
}

describe('an arena that lacks a page', () => {
  const { guest } = arenaWorld()
  const kernelStart = 0xffffd90000009000n
  const overlay = new Overlay(guest.memory)
  const without = (address?: bigint): ArenaParts => {
    const absent = address === undefined ? [] : [Math.floor(guest.physicalOf(address) / 4096)]
    overlay.damage({ patches: [], absent })
    return reportOf(overlay) as unknown as ArenaParts
  }
  const tree = ({ allocators }: ArenaParts) => allocators.find(({ kind }) => kind === 'sdt')
  const whole = without()

  it('counts what it has when it is whole', () => {
    expect(whole.arenas[0]).toMatchObject({ presentPages: 33, strays: [] })
    expect(tree(whole)).toMatchObject({ counts: { live: 6 }, state: { descriptors: 6 }, unreadRoots: [] })
  })

  it('says of each pointer and list that the only program could not be read, where it is missing', () => {
    const parts = without(guest.programs.get(5) as bigint)
    const said = /program 5: 0xffff.* which this memory does not hold/
    const [arena] = parts.arenas
    expect(arena).toMatchObject({ programs: [], allocators: [] })
    expect(arena?.problems.map(({ why }) => why).join()).toMatch(said)
    expect(whole.maps[1]?.entries).toMatchObject([
      { value: { value: { first_cpu: { pointer: '0x100000000000', to: 'scx_static' } } } },
    ])
    expect(parts.maps[1]).toMatchObject({
      status: 'partial',
      problems: [{ where: 'map 10', why: expect.stringMatching(said) }],
    })
    // What is stored there is read all the same.
    const [{ value } = { value: undefined }] = (parts.maps[1]?.entries ?? []) as { value: unknown }[]
    expect(value).toMatchObject({ value: { first_cpu: { pointer: '0x100000000000' } } })
  })

  it('keeps its elements, and says that what only they refer to seems unreferenced', () => {
    const found = tree(without(kernelStart + 0x4000n))
    expect(found?.counts.live).toMatchObject({ atLeast: 0 })
    expect(found?.elements.map(({ state }) => state)).toEqual(Array(6).fill('unreadable'))
    expect(found?.unreadRoots.join()).toMatch(
      /elements of scx_task_allocator that are not known: element 0: .* does not hold/,
    )
    expect(found?.dangling).toEqual([])
  })
})
