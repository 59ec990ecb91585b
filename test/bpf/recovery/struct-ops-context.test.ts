import { describe, expect, it } from 'vitest'
import type { LoadedProgram } from '../../../src/bpf/recovery/loaded-programs.js'
import { structOpsContext } from '../../../src/bpf/recovery/struct-ops-context.js'
import { Btf } from '../../../src/btf/btf.js'
import type { Kernel } from '../../../src/kernel/kernel.js'
import { BtfBuilder } from '../../btf/builder.js'

type Parameters = (b: BtfBuilder, named: { readonly int: number; readonly long: number }) => readonly number[]

/** BTF with one table of operations: first a number, then a function of these parameters. */
function operations(
  name: string,
  members: Readonly<Record<string, Parameters>>,
  more?: (b: BtfBuilder) => void,
) {
  const b = new BtfBuilder()
  const int = b.int('int', 4, { signed: true })
  const long = b.int('long unsigned int', 8)
  more?.(b)
  const list = Object.entries(members).map(([member, parameters]) => {
    const types = parameters(b, { int, long })
    const prototype = b.prototype(
      int,
      types.map((type, i) => ({ name: `p${i}`, type })),
    )
    return { name: member, type: b.pointer(prototype) }
  })
  const id = b.struct(name, [{ name: 'flags', type: long }, ...list])
  return { btf: Btf.parse(b.build()), id }
}

const pointerTo =
  (name: string): Parameters =>
  (b, { int }) => [b.pointer(b.struct(name, [{ name: 'a', type: int }]))]

/** The context of a program that was loaded for a member of the kernel's operations; 1 is the first behind the number. */
function contextOf(
  kernels: ReturnType<typeof operations>,
  own: ReturnType<typeof operations>,
  { member = 1, attached = 0n, type = kernels.id } = {},
) {
  const parts: Record<string, object> = {
    bpf_prog_aux: { pointer: () => attached, number: () => type },
    bpf_prog: { number: () => member },
  }
  const kernel = {
    types: kernels.btf,
    btfObjects: { types: (at: bigint) => (at === 0x77n ? own.btf : undefined) },
    struct: (name: string) => parts[name],
  } as unknown as Kernel
  return structOpsContext(kernel, own.btf, { aux: 1n, address: 2n } as LoadedProgram)
}

/** Names of the parameters' targets, by the program's own BTF. */
const named = (own: ReturnType<typeof operations>, found: readonly (number | undefined)[] | undefined) =>
  found?.map((id) => {
    const type = id === undefined ? undefined : own.btf.type(id)
    return type?.kind === 'pointer' ? type.target.name : type?.name
  })

describe('the context of a struct_ops program', () => {
  it('has the parameters of the operation that it was loaded for, as types of its own', () => {
    const both: Readonly<Record<string, Parameters>> = {
      enqueue: (b, { long }) => [...pointerTo('task_struct')(b, { int: 1, long }), long],
      tick: pointerTo('rq'),
    }
    const kernels = operations('sched_ext_ops', both)
    const own = operations('sched_ext_ops', both, (b) => b.struct('another', []))
    expect(named(own, contextOf(kernels, own))).toEqual(['task_struct', 'long unsigned int'])
    expect(named(own, contextOf(kernels, own, { member: 2 }))).toEqual(['rq'])
    // A number is no function, and behind the last is nothing.
    expect(contextOf(kernels, own, { member: 0 })).toBeUndefined()
    expect(contextOf(kernels, own, { member: 3 })).toBeUndefined()
    expect(contextOf(kernels, own, { type: 1 })).toBeUndefined()
  })

  it('is found by the names of flavours, and not by those of other structs', () => {
    const kernels = operations('sched_ext_ops', { enqueue: pointerTo('task_struct') })
    const flavoured = operations('sched_ext_ops___v2', { enqueue: pointerTo('task_struct___old') })
    expect(named(flavoured, contextOf(kernels, flavoured))).toEqual(['task_struct___old'])
    const other = operations('tcp_congestion_ops', { enqueue: pointerTo('task_struct') })
    expect(contextOf(kernels, other)).toBeUndefined()
    const without = operations('sched_ext_ops', { dispatch: pointerTo('task_struct') })
    expect(contextOf(kernels, without)).toBeUndefined()
  })

  it('leaves out a parameter that the program declares otherwise', () => {
    const kernels = operations('ops', {
      run: (b, { int, long }) => [
        int,
        long,
        b.pointer(b.struct('task_struct', [])),
        b.pointer(0),
        b.pointer(int),
      ],
    })
    const own = operations('ops', {
      run: (b, { int, long }) => [long, long, b.pointer(b.struct('other', [])), b.pointer(0), b.pointer(int)],
    })
    expect(named(own, contextOf(kernels, own))).toEqual([
      undefined,
      'long unsigned int',
      undefined,
      undefined,
      undefined,
    ])
    const fewer = operations('ops', { run: (_, { int }) => [int] })
    expect(named(fewer, contextOf(kernels, fewer))).toEqual([
      'int',
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })

  it('leaves out a parameter that the stub of the operation marks as an address in an arena', () => {
    const both: Readonly<Record<string, Parameters>> = {
      set_cmask: (b, named) =>
        ['task_struct', 'scx_cmask', 'other'].flatMap((name) => pointerTo(name)(b, named)),
    }
    const contextWith = (operation: string, ...names: readonly string[]) => {
      const kernels = operations('ops', both, (b) => {
        const parameters = names.map((name) => ({ name, type: b.pointer(0) }))
        b.function(operation, b.prototype(0, parameters))
      })
      const own = operations('ops', both)
      return named(own, contextOf(kernels, own))
    }
    const stub = 'ops__set_cmask'
    expect(contextWith(stub, 'p', 'cmask__arena', 'x')).toEqual(['task_struct', undefined, 'other'])
    expect(contextWith(stub, 'p__nullable', 'x', 'y__arena__nullable')).toEqual([
      'task_struct',
      'scx_cmask',
      undefined,
    ])
    expect(contextWith(stub, 'arena', '__arena_x', 'y')).toEqual(['task_struct', 'scx_cmask', 'other'])
    expect(contextWith('ops__other', 'p__arena')).toEqual(['task_struct', 'scx_cmask', 'other'])
  })

  it('is not told where a struct goes by value: it takes several words', () => {
    const large: Parameters = (b, { long }) => [long, b.struct('by_value', [{ name: 'a', type: long }])]
    const one = operations('ops', { run: large })
    expect(contextOf(one, one)).toBeUndefined()
  })

  it('is told by the BTF of the module that it was attached through', () => {
    const own = operations('module_ops', { run: pointerTo('rq') })
    const kernels = operations('something_else', { run: pointerTo('task_struct') })
    expect(named(own, contextOf(kernels, own, { attached: 0x77n, type: own.id }))).toEqual(['rq'])
  })
})
