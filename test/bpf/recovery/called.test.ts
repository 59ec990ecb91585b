import { describe, expect, it, test } from 'vitest'
import { Called } from '../../../src/bpf/recovery/called.js'
import { unloadedPrograms } from '../../../src/bpf/recovery/missing-programs.js'
import type { ProgramCode } from '../../../src/bpf/recovery/program-code.js'
import { Btf } from '../../../src/btf/btf.js'
import { BtfBuilder } from '../../btf/builder.js'
import { addArray } from '../../support/bpf-objects.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import { integers } from '../../value/types.js'

/** What a call by so many bytes from __bpf_call_base is. */
function world() {
  const guest = new KernelGuest()
  const base = guest.symbol('__bpf_call_base', guest.image(4096), 'T')
  const functions = [
    'bpf_ktime_get_ns',
    'bpf_map_lookup_elem',
    'bpf_unspec',
    'array_map_lookup_elem',
    'array_map_pop_elem',
    '__htab_map_lookup_elem',
    'scx_bpf_kick_cpu',
    'bpf_cast_rdonly',
    'bpf_iter_new_sleepable',
    'bpf_twice',
    'bpf_flavored',
    'bpf_not_declared',
  ] as const
  const at = Object.fromEntries(functions.map((name, n) => [name, 64 * (n + 1)])) as Record<
    (typeof functions)[number],
    number
  >
  for (const name of functions) guest.symbol(name, base + BigInt(at[name]), 'T')
  const b = new BtfBuilder()
  const { s32, u64 } = integers(b)
  const [one, two] = [b.prototype(s32), b.prototype(s32, [{ name: 'x', type: u64 }])]
  const ids = {
    scx_bpf_kick_cpu: b.function('scx_bpf_kick_cpu', one, 'extern'),
    bpf_cast: b.function('bpf_cast', one, 'extern'),
    bpf_iter_new: b.function('bpf_iter_new', one, 'extern'),
    bpf_iter_new_sleepable: b.function('bpf_iter_new_sleepable', one, 'extern'),
    bpf_flavored: b.function('bpf_flavored___old', one, 'extern'),
  }
  b.function('bpf_twice___a', one, 'extern')
  b.function('bpf_twice___b', two, 'extern')
  const types = Btf.parse(b.build())
  const maps = [1, 2].map((id) => addArray(guest, { id, name: `m${id}`, valueSize: 8, maxEntries: 1 }))
  const ops = guest.objects.make('bpf_map_ops', {
    map_lookup_elem: base + BigInt(at.array_map_lookup_elem),
    map_pop_elem: base + BigInt(at.array_map_pop_elem),
    // No operation of a helper.
    map_alloc: base + BigInt(at.bpf_not_declared),
  })
  guest.objects.set('bpf_map', maps[1] ?? 0n, { ops })
  return { called: new Called(guest.kernel(), types, maps), at, ids }
}

describe('what loaded programs call', () => {
  const { called, at, ids } = world()

  it('are helpers by the names of their functions, or by the operations of maps', () => {
    const helper = (immediate: number) => {
      const found = called.helper(immediate)
      return found.kind === 'helper' ? found.helper : found.kind
    }
    expect(helper(at.bpf_ktime_get_ns)).toBe(5)
    expect(helper(at.bpf_map_lookup_elem)).toBe(1)
    expect(helper(at.array_map_lookup_elem)).toBe(1)
    expect(helper(at.array_map_pop_elem)).toBe(88)
    // No helper, the middle of one, nothing at all.
    expect(helper(at.bpf_unspec)).toBe('other')
    expect(helper(at.bpf_ktime_get_ns + 4)).toBe('other')
    expect(helper(at.bpf_not_declared)).toBe('other')
    expect(helper(-4096)).toBe('other')
    expect(called.helper(at.bpf_ktime_get_ns)).toBe(called.helper(at.bpf_ktime_get_ns))
  })

  it('are kernel functions by what the programs declare', () => {
    const named = (immediate: number) => called.kernelFunction(immediate)
    const kernel = (name: string, typeId: number) => ({ kind: 'kernel function', name, typeId })
    expect(named(at.scx_bpf_kick_cpu)).toEqual(kernel('scx_bpf_kick_cpu', ids.scx_bpf_kick_cpu))
    // A variant that the verifier calls in place of what is declared, unless it is declared itself.
    expect(named(at.bpf_cast_rdonly)).toEqual(kernel('bpf_cast', ids.bpf_cast))
    expect(named(at.bpf_iter_new_sleepable)).toEqual(
      kernel('bpf_iter_new_sleepable', ids.bpf_iter_new_sleepable),
    )
    expect(named(at.bpf_flavored)).toEqual(kernel('bpf_flavored', ids.bpf_flavored))
    // Declared twice in different ways, and not at all.
    expect(named(at.bpf_twice)).toEqual(kernel('bpf_twice', 0))
    expect(named(at.bpf_not_declared)).toEqual(kernel('bpf_not_declared', 0))
    expect(named(at.scx_bpf_kick_cpu + 1)).toEqual({ kind: 'other' })
  })

  it('may be the lookup of a hash table', () => {
    expect([at.__htab_map_lookup_elem, at.bpf_map_lookup_elem].map((n) => called.isHashLookup(n))).toEqual([
      true,
      false,
    ])
  })
})

test('the operations of maps are the helpers that they stand for (enum bpf_func_id)', () => {
  const guest = new KernelGuest()
  const base = guest.symbol('__bpf_call_base', guest.image(4096), 'T')
  const helpers = {
    map_lookup_elem: 1,
    map_update_elem: 2,
    map_delete_elem: 3,
    map_push_elem: 87,
    map_pop_elem: 88,
    map_peek_elem: 89,
    map_for_each_callback: 164,
    map_lookup_percpu_elem: 195,
  }
  const names = Object.keys(helpers)
  const at = (n: number): number => 64 * (n + 1)
  const ops = guest.objects.make(
    'bpf_map_ops',
    Object.fromEntries(names.map((name, n) => [name, base + BigInt(at(n))])),
  )
  const map = addArray(guest, { id: 1, name: 'm', valueSize: 8, maxEntries: 1 })
  guest.objects.set('bpf_map', map, { ops })
  const called = new Called(guest.kernel(), Btf.parse(new BtfBuilder().build()), [map])
  expect(names.map((_, n) => called.helper(at(n)))).toEqual(
    Object.values(helpers).map((helper) => ({ kind: 'helper', helper })),
  )
})

describe('functions that are not loaded', () => {
  const b = new BtfBuilder()
  const { s32, u64 } = integers(b)
  const context = { name: 'ctx', type: b.pointer(u64) }
  const prototypes = {
    none: b.prototype(s32),
    context: b.prototype(s32, [context]),
    number: b.prototype(s32, [{ name: 'n', type: u64 }]),
    two: b.prototype(s32, [context, context]),
    dummy: b.prototype(s32, [{ name: 'dummy_ksym', type: b.pointer(u64) }]),
    unnamed: b.prototype(s32, [{ type: b.pointer(u64) }]),
  }
  b.function('program', prototypes.context, 'global')
  b.function('alone', prototypes.none, 'static')
  b.function('takes_number', prototypes.number, 'global')
  b.function('takes_two', prototypes.two, 'global')
  b.function('declared', prototypes.context, 'extern')
  b.function('kernel_dummy', prototypes.dummy, 'global')
  b.function('kernel_unnamed', prototypes.unnamed, 'global')
  b.function('bpf_weak___old', prototypes.none, 'global')
  b.function('scx_bpf_weak', prototypes.none, 'global')
  b.function('bpf_own', prototypes.context, 'global')
  // The running kernel has a function of that name.
  b.function('bpf_of_this_kernel___old', prototypes.context, 'global')
  const types = Btf.parse(b.build())
  const kernel = new KernelGuest().kernel()

  it('may be programs, where they take nothing but a pointer and are not the kernel’s', () => {
    expect(unloadedPrograms(kernel, types, [])).toEqual(['program', 'alone', 'bpf_own'])
    const type = types.find('program', 'function')
    const loaded = [{ functions: [{ start: 0, name: 'program', type }] }] as unknown as ProgramCode[]
    expect(unloadedPrograms(kernel, types, loaded)).toEqual(['alone', 'bpf_own'])
  })
})
