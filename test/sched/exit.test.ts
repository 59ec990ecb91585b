import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { Problems } from '../../src/problems.js'
import { schedContext } from '../../src/sched/context.js'
import { exitText, readExit } from '../../src/sched/exit.js'
import { readNumbers } from '../../src/sched/numbers.js'
import { KernelGuest } from '../support/kernel-guest.js'
import { Types } from '../support/kernel-types.js'
import { ObjectWriter } from '../support/object-writer.js'
import { addText } from '../support/program-objects.js'

const wild = 0xffff_dead_0000_0000n

function world(memory?: number) {
  const t = new Types()
  const { s32, u32, s64, pointer } = t
  t.struct('scx_exit_info', {
    kind: s32,
    exit_code: s64,
    reason: pointer,
    bt: pointer,
    bt_len: u32,
    msg: pointer,
    dump: pointer,
  })
  t.b.enum('scx_exit_kind', { SCX_EXIT_NONE: 0, SCX_EXIT_DONE: 1, SCX_EXIT_UNREG: 64, SCX_EXIT_ERROR: 1024 })
  t.b.enum('scx_exit_code', { SCX_ECODE_RSN_HOTPLUG: 2n ** 32n, SCX_ECODE_ACT_RESTART: 2n ** 48n })
  t.struct('numbers', {
    bytes: t.b.array(t.u8, 2),
    words: t.b.array(t.u64, 2),
    halves: t.b.array(t.b.int('unsigned short', 2), 2),
    ints: t.b.array(s32, 2),
    atomics: t.b.array(t.struct('atomic_4', { counter: s32 }), 2),
    odd: t.b.array(t.struct('odd', { a: u32, b: u32, c: u32 }), 2),
    one: u32,
  })
  const types = Btf.parse(t.b.build())
  const guest = new KernelGuest({ btf: types.bytes, ...(memory !== undefined && { memory }) })
  return { guest, objects: new ObjectWriter(guest, types) }
}

/** What is read of a scheduler's end; `kind` is its own. */
function exit(kind: number, members: (guest: KernelGuest) => Record<string, number | bigint>) {
  const { guest, objects } = world()
  const symbol = guest.symbol('scx_fail', guest.image(64), 'T')
  const bt = guest.alloc(16)
  guest.u64(bt, symbol + 4n)
  const own = members(guest)
  const address = objects.make('scx_exit_info', { bt, bt_len: 1, ...own })
  const problems = new Problems()
  const context = schedContext(guest.kernel(), problems)
  return { ...readExit(context, kind, address), said: problems.sentences, symbol }
}

describe('why a scheduler left', () => {
  const whole = (guest: KernelGuest) => ({
    kind: 64,
    exit_code: 2n ** 48n + 2n ** 32n + 7n,
    reason: addText(guest, 'unregistered'),
    msg: addText(guest, 'by user'),
    dump: addText(guest, 'the dump'),
  })

  it('is what it said, with names', () => {
    const { symbol, said, ...found } = exit(1024, whole)
    expect(found).toEqual({
      kind: 'ERROR',
      kindValue: 1024,
      code: 2n ** 48n + 2n ** 32n + 7n,
      codeFlags: expect.arrayContaining([
        expect.stringContaining('HOTPLUG'),
        expect.stringContaining('RESTART'),
      ]),
      reason: 'unregistered',
      message: 'by user',
      backtrace: [{ address: symbol + 4n, symbol: 'scx_fail+0x4' }],
      dump: 'the dump',
    })
    // The low half is the scheduler's own.
    expect(found.codeFlags).toHaveLength(2)
    expect(said).toEqual([])
  })

  it('is kept in the details, once all is over', () => {
    expect(exit(1, whole)).toMatchObject({ kind: 'UNREG', kindValue: 64 })
    expect(exit(1, () => ({ kind: 0 }))).toMatchObject({ kind: 'DONE', kindValue: 1 })
    expect(exit(64, () => ({ kind: 1024 }))).toMatchObject({ kind: 'UNREG', kindValue: 64 })
    expect(exit(5, () => ({}))).toMatchObject({ kind: '5', kindValue: 5 })
  })

  it('is empty where nothing was said, and unknown where it cannot be read', () => {
    expect(exit(0, () => ({ bt: 0n }))).toMatchObject({
      reason: '',
      message: '',
      dump: '',
      backtrace: [],
      code: 0n,
      codeFlags: [],
      said: [],
    })
    expect(exit(0, () => ({ bt_len: 0 }))).toMatchObject({ backtrace: [], said: [] })
    const lost = exit(0, () => ({ reason: wild, bt: wild }))
    expect(lost).toMatchObject({ reason: undefined, message: '', backtrace: undefined })
    expect(lost.said).toEqual([
      expect.stringMatching(/^scx_exit_info at 0x[0-9a-f]+, reason: /),
      expect.stringMatching(/^scx_exit_info at 0x[0-9a-f]+, bt: /),
    ])
    expect(exit(0, () => ({ bt_len: 1025 })).said).toEqual([
      expect.stringContaining('bt: 1025 frames cannot be'),
    ])
    const { guest } = world()
    const none = readExit(schedContext(guest.kernel(), new Problems()), 0, 0n)
    expect(none).toEqual({
      kind: 'NONE',
      kindValue: 0,
      code: 0n,
      codeFlags: [],
      reason: '',
      message: '',
      backtrace: [],
      dump: '',
    })
  })

  it('is told as far as the kernel itself can have written it', () => {
    const longest = 4 * 2 ** 20
    const { guest, objects } = world(16 * 2 ** 20)
    const text = (length: number): bigint => {
      const at = guest.alloc(length + 16)
      guest.write(at, Buffer.alloc(length, 'x'))
      return at
    }
    const symbol = guest.symbol('scx_fail', guest.image(64), 'T')
    const bt = guest.alloc(8 * 1024)
    for (let i = 0; i < 1024; i++) guest.u64(bt + BigInt(8 * i), symbol)
    const members = { bt, bt_len: 1024, reason: text(4097), msg: text(5000), dump: text(longest + 1) }
    const address = objects.make('scx_exit_info', members)
    const problems = new Problems()
    const found = readExit(schedContext(guest.kernel(), problems), 1024, address)
    expect(problems.sentences).toEqual([])
    expect([found.reason?.length, found.message?.length, found.dump?.length]).toEqual([4096, 4096, longest])
    expect(found.backtrace).toHaveLength(1024)
    expect(found.backtrace?.at(-1)).toEqual({ address: symbol, symbol: 'scx_fail' })
  })

  it('is a sentence, as far as it was said', () => {
    const text = (reason: string | undefined, message: string | undefined) => exitText({ reason, message })
    expect(text('stall', 'task 7')).toBe('stall: task 7')
    expect([text('stall', ''), text('', 'task 7'), text('', '')]).toEqual(['stall', 'task 7', ''])
    expect([text('stall', undefined), text(undefined, 'task 7')]).toEqual([
      'stall (the rest could not be read)',
      'task 7 (the rest could not be read)',
    ])
    expect([text(undefined, undefined), text('', undefined)]).toEqual(Array(2).fill('why could not be read'))
  })
})

describe('arrays of numbers', () => {
  const { guest, objects } = world()
  const at = objects.make('numbers', {
    'bytes[0]': 255,
    'bytes[1]': 1,
    'words[0]': 2n ** 63n,
    'words[1]': 5,
    'halves[0]': 65535,
    'halves[1]': 7,
    'ints[0]': -1,
    'ints[1]': 9,
  })
  objects.set('numbers', at, { 'atomics[1].counter': 3 })
  const kernel = guest.kernel()
  const numbers = (member: string) => readNumbers(kernel, 'numbers', at, member)

  it('are unsigned, whatever their size', () => {
    expect(numbers('bytes')).toEqual([255n, 1n])
    expect(numbers('words')).toEqual([2n ** 63n, 5n])
    expect(numbers('halves')).toEqual([65535n, 7n])
    expect(numbers('ints')).toEqual([2n ** 32n - 1n, 9n])
    expect(numbers('atomics')).toEqual([0n, 3n])
  })

  it('are none of what has no such size', () => {
    for (const member of ['odd', 'one'])
      expect(() => numbers(member)).toThrow(`numbers.${member} is no array of integers in this kernel`)
  })
})
