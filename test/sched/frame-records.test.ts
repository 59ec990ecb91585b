import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { StructReader } from '../../src/kernel/struct-reader.js'
import { taskRecords, unwindFrameRecords } from '../../src/sched/frame-records.js'
import { SchedGuest } from './sched-guest.js'
import type { Shape } from './sched-types.js'

/** Two functions that called each other, and what a task left on its stack when it was switched out. */
function sleeping(shape: Shape = 'early') {
  const guest = new SchedGuest(shape)
  const text = guest.guest.image(0x1000, 4096)
  const inner = guest.guest.symbol('inner', text + 0x100n, 't')
  const outer = guest.guest.symbol('outer', text + 0x200n, 't')
  guest.guest.symbol('_etext', text + 0x400n, 'T')
  const handler = guest.guest.symbol('return_to_handler', text + 0x300n, 't')
  const address = guest.addTask(9)
  const stack = guest.guest.alloc(16_384, 16_384)
  const above = guest.guest.alloc(16_384, 16_384)
  const records = [stack + 0x1000n, stack + 0x1100n, stack + 0x3ff0n] as const
  const [first, second, last] = records
  guest.guest.u64(first, second)
  guest.guest.u64(first + 8n, outer + 0x20n)
  guest.guest.u64(second, last)
  guest.guest.u64(second + 8n, outer + 0x30n)
  const members: Record<string, bigint> = {
    'thread.cpu_context.pc': inner + 0x10n,
    'thread.cpu_context.sp': first - 0x40n,
    'thread.cpu_context.fp': first,
  }
  const task = { address, pointer: (name: string) => members[name] ?? 0n } as unknown as StructReader
  return {
    guest: guest.guest,
    objects: guest.objects,
    kernel: guest.kernel(),
    task,
    stack,
    above,
    records,
    members,
    inner,
    outer,
    handler,
    address,
  }
}

describe('frame records', () => {
  it('lead to the last, which is of zeros', () => {
    const { kernel, task, stack } = sleeping()
    const { method, frames, problem } = taskRecords(kernel, task, stack)
    expect([method, problem]).toEqual(['frame-records', undefined])
    expect(frames.map(({ symbol }) => symbol)).toEqual(['inner+0x10', 'outer+0x20', 'outer+0x30'])
  })

  it.each([
    ['of user space', 0x60001000n, 0x401234n, 0x401234n],
    ['of the kernel', 0x60001005n, 0x401234n, undefined],
    ['of a kernel thread, of zeros', 0n, 0n, undefined],
  ])('end in registers %s', (_, pstate, pc, userAddress) => {
    for (const shape of ['early', 'late'] as const) {
      const { kernel, task, stack, records, guest, objects } = sleeping(shape)
      const [, second] = records
      const last = stack + 0x3000n
      guest.u64(second, last)
      objects.set('pt_regs', last - BigInt(objects.offsetOf('pt_regs', 'stackframe')), { pstate, pc })
      if (shape === 'late') objects.set('frame_record_meta', last, { type: 1 })
      expect(taskRecords(kernel, task, stack)).toMatchObject({ problem: undefined, userAddress })
    }
  })

  it('give what a tracer replaced, by the frame that it returns to', () => {
    const { kernel, task, stack, records, guest, objects, handler, address, outer } = sleeping()
    const [first, second] = records
    guest.u64(first + 8n, handler)
    expect(taskRecords(kernel, task, stack).frames.map(({ symbol }) => symbol)).toEqual([
      'inner+0x10',
      'return_to_handler',
      'outer+0x30',
    ])
    const held = guest.alloc(objects.sizeOf('ftrace_ret_stack'))
    objects.set('ftrace_ret_stack', held, { ret: outer + 0x20n, retp: second })
    objects.set('task_struct', address, { ret_stack: held, curr_ret_stack: 0 })
    expect(taskRecords(kernel, task, stack).frames.map(({ symbol }) => symbol)).toEqual([
      'inner+0x10',
      'outer+0x20',
      'outer+0x30',
    ])
  })

  it('that lead back, or off the stack, end with a reason', () => {
    for (const wrong of ['first', 'before', 'behind', 'crooked'] as const) {
      const { guest, kernel, task, stack, records } = sleeping()
      const [first, second] = records
      const places = { first, before: stack - 64n, behind: stack + 16_384n, crooked: second + 0x21n }
      guest.u64(second, places[wrong])
      const { frames, problem } = taskRecords(kernel, task, stack)
      expect(problem, wrong).toBe(
        `the frame record at 0x${places[wrong].toString(16)} is not where one can be`,
      )
      expect(frames).toHaveLength(3)
    }
  })

  it('of any words end', () => {
    const { guest, kernel, task, stack, members } = sleeping()
    const word = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.integer({ min: 0, max: 2048 }).map((at) => stack + BigInt(at * 8)),
    )
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 2047 }), word), { maxLength: 100 }), word, (writes, fp) => {
        for (const [at, value] of writes) guest.u64(stack + BigInt(at * 8), value)
        members['thread.cpu_context.fp'] = fp
        const { frames, problem } = taskRecords(kernel, task, stack)
        expect(frames.length).toBeLessThanOrEqual(512)
        expect(frames.length === 512 || problem === undefined || problem.length > 10).toBe(true)
      }),
      { numRuns: 100 },
    )
  })

  it('go on below an exception in the kernel, and end where one came from user space', () => {
    const { guest, objects, kernel, task, stack, records, inner } = sleeping('late')
    const [, second, last] = records
    const member = (name: string): bigint => BigInt(objects.offsetOf('pt_regs', name))
    // The second record is of zeros, and in front of it are the registers of what was interrupted.
    guest.u64(second, 0n)
    guest.u64(second + 8n, 0n)
    guest.u64(second + 16n, 2n)
    const registers = second - member('stackframe')
    guest.u64(registers + member('pc'), inner)
    guest.u64(registers + member('regs') + 29n * 8n, last - 64n)
    guest.u64(last - 64n, 0n)
    guest.u64(last - 48n, 1n)
    const { frames, problem } = taskRecords(kernel, task, stack)
    expect(problem).toBeUndefined()
    expect(frames.map(({ symbol }) => symbol)).toEqual(['inner+0x10', 'outer+0x20', 'inner'])
    guest.u64(last - 48n, 7n)
    expect(taskRecords(kernel, task, stack).problem).toMatch(/is of kind 7/)
  })

  it('of a vCPU may lead from the stack of an interrupt to one that lies lower', () => {
    const { guest, kernel, above: other, records, inner } = sleeping()
    const [, second] = records
    const above = other + 0x3000n
    guest.u64(above, second)
    guest.u64(above + 8n, inner + 0x44n)
    const start = { pc: inner, sp: above - 16n, fp: above }
    const symbols = (lr?: bigint) => {
      const { frames, problem } = unwindFrameRecords(kernel, {
        ...start,
        ...(lr === undefined ? {} : { lr }),
      })
      expect(problem).toBeUndefined()
      return frames.map(({ symbol, isCertain }) => `${symbol}${isCertain ? '' : '?'}`)
    }
    expect(symbols()).toEqual(['inner', 'inner+0x44', 'outer+0x30'])
    guest.u64(above, above)
    expect(unwindFrameRecords(kernel, start).problem).toMatch(/is not where one can be/)
  })

  it('of a vCPU have the caller in lr where its function has made none, marked', () => {
    const { kernel, records, inner, outer } = sleeping()
    const [first] = records
    const walk = (lr: bigint) =>
      unwindFrameRecords(kernel, { pc: inner, sp: first - 64n, fp: first, lr }).frames.map(
        ({ symbol, isCertain }) => `${symbol}${isCertain ? '' : '?'}`,
      )
    const rest = ['outer+0x20', 'outer+0x30']
    expect(walk(outer + 0x8n)).toEqual(['inner', 'outer+0x8?', ...rest])
    // What its record says already, a place in itself after a call of its own, and no code at all.
    for (const lr of [outer + 0x20n, inner + 0x8n, 0n]) expect(walk(lr)).toEqual(['inner', ...rest])
  })

  it('have signed return addresses, and places of exceptions as they are', () => {
    const { guest, kernel, task, stack, records, inner, objects } = sleeping('late')
    const [first, second, last] = records
    const signature = 0x007f_0000_0000_0000n
    vi.spyOn(kernel.info, 'number').mockImplementation((name) =>
      name === 'KERNELPACMASK' ? signature : undefined,
    )
    // The caller's address with other bits where the signature lies, then a call of address 0 that an exception ended.
    guest.u64(first + 8n, (inner + 0x44n) & ~signature)
    guest.u64(second, 0n)
    guest.u64(second + 8n, 0n)
    guest.u64(second + 16n, 2n)
    const registers = second - BigInt(objects.offsetOf('pt_regs', 'stackframe'))
    guest.u64(registers + BigInt(objects.offsetOf('pt_regs', 'pc')), 0n)
    guest.u64(registers + BigInt(objects.offsetOf('pt_regs', 'regs')) + 29n * 8n, last - 64n)
    guest.u64(last - 48n, 1n)
    const { frames, problem } = taskRecords(kernel, task, stack)
    expect(problem).toBeUndefined()
    expect(frames.map(({ address }) => address)).toEqual([inner + 0x10n, inner + 0x44n, 0n])
  })
})
