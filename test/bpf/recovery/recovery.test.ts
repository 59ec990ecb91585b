import { describe, expect, test } from 'vitest'
import type { CastObject } from '../../../src/bpf/cast/report.js'
import type { Instruction } from '../../../src/bpf/programs/instruction.js'
import { type Recovered, Recovery } from '../../../src/bpf/recovery/recovery.js'
import { Kernel } from '../../../src/kernel/kernel.js'
import { Problems } from '../../../src/problems.js'
import { BtfBuilder } from '../../btf/builder.js'
import { addArray, addBtf } from '../../support/bpf-objects.js'
import { HoledMemory } from '../../support/holed-memory.js'
import { KernelGuest } from '../../support/kernel-guest.js'
import type { MemberValues } from '../../support/object-writer.js'
import { addCode, addTable, instruction } from '../../support/program-objects.js'
import { integers } from '../../value/types.js'

process.env.XDG_CACHE_HOME = '/nonexistent'

const exit = instruction(0x95)
const nop = instruction(0x05)
const currentTask = 64
const clock = 128

interface World {
  readonly guest: KernelGuest
  readonly btf: bigint
  readonly map: bigint
  /** `r1 = map; r2 = key on the stack` and the lookup as the verifier inlines it; the value is in r6 afterwards. */
  readonly lookup: readonly Instruction[]
}

/** A program's types: struct value { u64 flags, u64 task } in an array, and functions with one parameter. */
function world(
  functions: readonly string[] = ['program'],
): World & { readonly ids: readonly number[]; readonly text: (text: string) => number } {
  const guest = new KernelGuest()
  const base = guest.symbol('__bpf_call_base', guest.image(256), 'T')
  guest.symbol('bpf_get_current_task_btf', base + BigInt(currentTask), 'T')
  guest.symbol('bpf_ktime_get_ns', base + BigInt(clock), 'T')
  const b = new BtfBuilder()
  const { u32, u64, s32 } = integers(b)
  const value = b.struct('value', [
    { name: 'flags', type: u64 },
    { name: 'task', type: u64 },
  ])
  b.struct('task_struct', [{ name: 'pid', type: s32 }])
  const definition = b.struct('', [
    { name: 'type', type: b.pointer(b.array(s32, 2)) },
    { name: 'key', type: b.pointer(u32), offset: 8 },
    { name: 'value', type: b.pointer(value), offset: 16 },
  ])
  b.section('.maps', [{ type: b.variable('values', definition), offset: 0, size: 24 }])
  const prototype = b.prototype(s32, [{ name: 'ctx', type: b.pointer(u64) }])
  const ids = functions.map((name) => b.function(name, prototype, 'global'))
  const texts = new Map(
    ['src/one.bpf.c', 'value->task = bpf_get_current_task_btf();'].map((text) => [text, b.string(text)]),
  )
  const btf = addBtf(guest, 3, b.build())
  const map = addArray(guest, {
    id: 40,
    name: 'values',
    valueSize: 16,
    maxEntries: 1,
    members: { btf, btf_value_type_id: value },
  })
  const load = [
    instruction(0x18, { destination: 1, immediate: Number(BigInt.asIntN(32, map)) }),
    instruction(0, { immediate: Number(BigInt.asIntN(32, map >> 32n)) }),
  ]
  const lookup = [
    instruction(0x62, { destination: 10, offset: -4 }),
    instruction(0xbf, { destination: 2, source: 10 }),
    instruction(0x07, { destination: 2, immediate: -4 }),
    ...load,
    instruction(0x07, { destination: 1, immediate: 248 }),
    instruction(0x61, { destination: 0, source: 2 }),
    instruction(0x35, { destination: 0, immediate: 1, offset: 3 }),
    instruction(0x67, { destination: 0, immediate: 4 }),
    instruction(0x0f, { destination: 0, source: 1 }),
    instruction(0x05, { offset: 1 }),
    instruction(0xb7, { destination: 0 }),
    instruction(0xbf, { destination: 6, source: 0 }),
  ]
  return { guest, btf, map, lookup, ids, text: (text) => texts.get(text) as number }
}

/** A loaded program of one function. */
function load(
  { guest, btf, map, ids }: ReturnType<typeof world>,
  code: readonly Instruction[],
  {
    id = 7,
    n = 0,
    type = 26,
    maps = [map],
    aux = {},
  }: { id?: number; n?: number; type?: number; maps?: bigint[]; aux?: MemberValues } = {},
): void {
  const info = addTable(guest, 'bpf_func_info', [{ insn_off: 0, type_id: ids[n] as number }])
  addCode(guest, code, {
    id,
    name: `prog_${id}`,
    maps,
    program: { type },
    aux: { btf, func_info: info, func_info_cnt: 1, ...aux },
  })
}

/** After the lookup: stores what a helper returns at an offset of the value. */
const store = (helper: number, offset = 8): Instruction[] => [
  instruction(0x15, { destination: 6, offset: 2 }),
  instruction(0x85, { immediate: helper }),
  instruction(0x7b, { destination: 6, source: 0, offset }),
  instruction(0xb7, { destination: 0 }),
  exit,
]

function recovered({ guest }: World): Recovered {
  const recovery = new Recovery(guest.kernel(), [], () => [], new Problems())
  const [first] = recovery.loaded()
  if (first === undefined) throw new Error('no program is loaded')
  return recovery.of(first.types)
}

const textsOf = (object: CastObject | undefined): string[] =>
  (object?.findings ?? []).map(
    ({ place, target, addressSpace }) => `${place.type}.${place.member} -> ${target?.type} ${addressSpace}`,
  )

describe('loaded programs', () => {
  test('show pointers through a lookup that the verifier has inlined', () => {
    const made = world()
    load(made, [...made.lookup, ...store(currentTask)])
    const { object, reason } = recovered(made)
    expect(reason).toBeUndefined()
    expect(textsOf(object)).toEqual(['struct value.task -> struct task_struct kernel'])
    expect(object?.findings[0]?.evidence[0]).toMatchObject({ rule: 'store', site: { function: 'program' } })
  })

  test('show none where another of them stores a number', () => {
    const made = world(['program', 'other'])
    load(made, [...made.lookup, ...store(currentTask)])
    load(made, [...made.lookup, ...store(clock)], { id: 8, n: 1 })
    const { object } = recovered(made)
    expect(textsOf(object)).toEqual([])
    expect(object?.withheld.map(({ place }) => place.member)).toEqual(['task'])
  })

  test('show none where a helper is not known', () => {
    const made = world()
    load(made, [...made.lookup, ...store(999)])
    expect(textsOf(recovered(made).object)).toEqual([])
  })

  test('show nothing when a program of the object is not loaded: it may have run before', () => {
    const made = world(['program', 'gone'])
    load(made, [...made.lookup, ...store(currentTask)])
    const { object, reason } = recovered(made)
    expect(object).toBeUndefined()
    expect(reason).toBe(
      "gone is not loaded and may be a program of the same object that ran before; give the object's file to recover pointers from that",
    )
  })

  test('show nothing when the kernel rewrites what they access', () => {
    const made = world(['program', 'filter'])
    load(made, [...made.lookup, ...store(currentTask)])
    load(made, [instruction(0xb7), exit], { id: 8, n: 1, type: 6 })
    expect(recovered(made).reason).toBe('the kernel rewrites the accesses of xdp programs, such as prog_8')
  })

  test('show nothing of values that programs of other objects write', () => {
    const made = world()
    load(made, [...made.lookup, ...store(currentTask)])
    addCode(made.guest, [exit], { id: 9, maps: [made.map], program: { type: 26 } })
    const { object, reason } = recovered(made)
    expect(reason).toBeUndefined()
    expect(textsOf(object)).toEqual([])
  })

  test.each([
    [
      'jumps to where a register says',
      [instruction(0x0d, { destination: 1 }), exit],
      /jumps to where a register says/,
    ],
    [
      'calls no function',
      [instruction(0x85, { source: 1, immediate: 3, offset: 5 }), exit],
      /which function instruction 0 calls/,
    ],
    [
      'loads the address of no function',
      [instruction(0x18, { source: 4, immediate: 7 }), nop, exit],
      /which function instruction 0 means/,
    ],
    ['is cut off', [instruction(0x18)], /cut off/],
    ['makes a call of another kind', [instruction(0x85, { source: 9 }), exit], /of a kind that is not known/],
  ])('show nothing when one %s', (_what, code, expected) => {
    const made = world()
    load(made, code)
    const { object, reason } = recovered(made)
    expect(object).toBeUndefined()
    expect(reason).toMatch(expected)
  })

  test('are not taken for a lookup where something jumps into it', () => {
    const made = world()
    // The program's own jump leads to the middle: what looks like a lookup is not one.
    const into = instruction(0x15, { destination: 7, immediate: 5, offset: made.lookup.length - 4 })
    load(made, [instruction(0xb7, { destination: 7 }), into, ...made.lookup, ...store(currentTask)])
    const { object } = recovered(made)
    expect(textsOf(object)).toEqual([])
  })
})

describe('values', () => {
  test('have programs analysed when one with their types is asked about, and once', () => {
    const made = world()
    load(made, [...made.lookup, ...store(currentTask)])
    const kernel = made.guest.kernel()
    let analysed = 0
    const recovery = new Recovery(
      kernel,
      [],
      () => {
        analysed++
        return []
      },
      new Problems(),
    )
    const [{ types } = { types: kernel.types }] = recovery.loaded()
    const [type, task] = [types.find('value', 'struct'), kernel.types.find('task_struct', 'struct')]
    expect(task && recovery.pointerAt(task, 0)).toBeUndefined()
    expect(analysed).toBe(0)
    for (let n = 0; n < 3; n++) expect(type && recovery.pointerAt(type, 8)).toBeDefined()
    expect(analysed).toBe(1)
  })

  test('have evidence with the lines of the source, as far as they are known', () => {
    const evidence = (lines: readonly (readonly [instruction: number, line: number])[]) => {
      const made = world()
      const { lookup, guest, text } = made
      const records = lines.map(([insn_off, line]) => ({
        insn_off,
        file_name_off: text('src/one.bpf.c'),
        line_off: text('value->task = bpf_get_current_task_btf();'),
        line_col: line << 10,
      }))
      const aux = { linfo: addTable(guest, 'bpf_line_info', records), nr_linfo: records.length }
      load(made, [...lookup, ...store(currentTask)], { aux })
      const recovery = new Recovery(guest.kernel(), [], () => [], new Problems())
      const type = recovery.loaded()[0]?.types.find('value', 'struct')
      return type && recovery.pointerAt(type, 8)?.evidence
    }
    const at = 13 + 2
    expect(evidence([[at, 77]])).toMatchObject({
      degree: 'proven',
      function: 'program',
      lines: ['one.bpf.c:77'],
      file: 'src/one.bpf.c',
      line: 77,
      why: 'a pointer is stored there: value->task = bpf_get_current_task_btf();',
    })
    expect(evidence([[at, 0]])?.lines).toEqual([])
    expect(evidence([])).toMatchObject({ lines: [], file: '', line: 0, why: 'a pointer is stored there' })
  })

  test('are asked about by type and offset, and checked', () => {
    const made = world()
    load(made, [...made.lookup, ...store(currentTask)])
    const kernel = made.guest.kernel()
    const recovery = new Recovery(kernel, [], () => [], new Problems())
    const [{ types } = { types: kernel.types }] = recovery.loaded()
    const type = types.find('value', 'struct')
    if (type === undefined) throw new Error('no struct value')
    expect(recovery.pointerAt(type, 0)).toBeUndefined()
    const pointer = recovery.pointerAt(type, 8)
    // The kernel's own struct, not what the program has of it.
    expect(pointer?.type.target.btf).toBe(kernel.types)
    expect(pointer?.evidence).toMatchObject({ function: 'program', why: 'a pointer is stored there' })
    const accepted = [0n, 0xffff888000000000n, 0xff30b43b412a0000n]
    const refused = [1n, 12345n, 2n ** 44n, 0xffffffffffffffffn, 0xfffffffffffff001n, 2n ** 63n]
    expect(accepted.map((value) => pointer?.accepts(value))).toEqual(accepted.map(() => true))
    expect(refused.map((value) => pointer?.accepts(value))).toEqual(refused.map(() => false))
    // Nothing of the kernel's own structs is claimed, and nothing is analysed for them.
    const task = kernel.types.find('task_struct', 'struct')
    expect(task && recovery.pointerAt(task, 0)).toBeUndefined()
  })
})

describe('programs that cannot be read', () => {
  /** What is said of the value where the page of an object is missing: two programs, of which the second writes elsewhere. */
  function without(part: (made: World) => bigint): {
    pointer: unknown
    unread: readonly string[]
    said: string
  } {
    const made = world()
    const { guest } = made
    load(made, [...made.lookup, ...store(currentTask)])
    // On a page of its own.
    guest.alloc(4096, 4096)
    load(made, [exit], { id: 8 })
    guest.alloc(4096, 4096)
    guest.finish()
    const hole = Math.floor(guest.physicalOf(part(made)) / 4096)
    const kernel = Kernel.find(new HoledMemory(guest.memory, (frame) => frame === hole))
    const problems = new Problems()
    const recovery = new Recovery(kernel, [], () => [], problems)
    const [{ types } = { types: kernel.types }] = recovery.loaded()
    const type = types.find('value', 'struct')
    return {
      pointer: type && recovery.pointerAt(type, 8),
      unread: recovery.unread,
      said: problems.sentences.join('; '),
    }
  }

  test('leave it unknown what integers are, which is said', () => {
    const { pointer, unread, said } = without(({ guest }) => guest.programs.get(8) as bigint)
    expect(pointer).toBeUndefined()
    expect(unread).toEqual([
      expect.stringMatching(/^pointers in integers: program 8: 0xffff.* which this memory does not hold$/),
    ])
    expect(said).toBe(unread[0])
  })
})

describe('forward declarations', () => {
  /** A program whose BTF has a struct of that many members, and one that only declares it. */
  function declared(sizes: readonly number[]) {
    const { guest } = world()
    const add = (id: number, make: (b: BtfBuilder) => void): void => {
      const b = new BtfBuilder()
      make(b)
      const info = addTable(guest, 'bpf_func_info', [{ insn_off: 0, type_id: 1 }])
      const btf = addBtf(guest, id, b.build())
      addCode(guest, [exit], { id, program: { type: 26 }, aux: { btf, func_info: info, func_info_cnt: 1 } })
    }
    add(10, (b) => b.forward('shared'))
    for (const [n, size] of sizes.entries()) {
      add(11 + n, (b) => {
        const { u64 } = integers(b)
        b.struct(
          'shared',
          Array.from({ length: size }, (_, i) => ({ name: `m${i}`, type: u64 })),
        )
      })
    }
    const kernel = guest.kernel()
    const recovery = new Recovery(kernel, [], () => [], new Problems())
    const files = recovery.loaded().map(({ types }) => types)
    const forward = files.map((types) => types.find('shared', 'forward')).find((type) => type !== undefined)
    if (forward === undefined) throw new Error('nothing is declared')
    return recovery.complete(forward)
  }

  test('are completed from the types of other programs', () => {
    expect(declared([2])).toMatchObject({ kind: 'struct', name: 'shared', size: 16 })
    expect(declared([2, 2])).toMatchObject({ size: 16 })
  })

  test('stay as they are where others differ, or none has the struct', () => {
    expect(declared([2, 3])).toBeUndefined()
    expect(declared([])).toBeUndefined()
  })
})
