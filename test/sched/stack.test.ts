import { describe, expect, it } from 'vitest'
import { orcRegister, orcType } from '../../src/sched/orc.js'
import { ReturnAddresses } from '../../src/sched/return-addresses.js'
import { Sched } from '../../src/sched/sched.js'
import { readStack, stackOfRegisters } from '../../src/sched/stack.js'
import { explain } from '../../src/sched/why.js'
import type { MemberValues } from '../support/object-writer.js'
import { writeList } from '../support/structures.js'
import { SchedGuest } from './sched-guest.js'
import type { Shape } from './sched-types.js'

const { bp, sp, previousSp } = orcRegister

/** Three functions, a table that says how each is left, and a task that was switched out in the innermost. */
function sleeping(
  tables: Partial<Record<'inner' | 'middle' | 'outer', MemberValues>> = {},
  shape: Shape = 'early',
  start = '__start_orc_unwind',
) {
  const guest = new SchedGuest(shape)
  const { objects } = guest
  const text = guest.guest.image(0x1000, 4096)
  const at = { inner: text + 0x100n, middle: text + 0x200n, outer: text + 0x300n }
  for (const [name, address] of Object.entries(at)) guest.guest.symbol(name, address, 't')
  guest.guest.symbol('_etext', text + 0x400n, 'T')

  const entries: Record<string, MemberValues> = {
    inner: { sp_offset: 16, sp_reg: sp, type: orcType.call },
    middle: { sp_offset: 16, sp_reg: bp, bp_offset: -16, bp_reg: previousSp, type: orcType.call },
    outer: { type: orcType.endOfStack },
    ...tables,
  }
  const count = Object.keys(at).length
  const ips = guest.guest.symbol('__start_orc_unwind_ip', guest.guest.image(count * 4))
  guest.guest.symbol('__stop_orc_unwind_ip', ips + BigInt(count * 4))
  const size = objects.sizeOf('orc_entry')
  const table = guest.guest.symbol(start, guest.guest.image(count * size))
  for (const [i, [name, address]] of Object.entries(at).entries()) {
    const place = ips + BigInt(i * 4)
    guest.guest.integer(place, address - place, 4)
    objects.set('orc_entry', table + BigInt(i * size), entries[name] ?? {})
  }

  const below = guest.guest.alloc(16_384, 16_384)
  const stack = guest.guest.alloc(16_384, 16_384)
  const frame = stack + 0x1000n
  const base = stack + 0x2000n
  objects.set('inactive_task_frame', frame, { bp: base, ret_addr: at.inner + 0x10n })
  guest.guest.u64(frame + BigInt(objects.sizeOf('inactive_task_frame')) + 8n, at.middle + 0x20n)
  guest.guest.u64(base + 8n, at.outer + 0x30n)
  const task = guest.addTask(9, { __state: 1, on_rq: 0, stack, 'thread.sp': frame })
  return { guest, task, below, stack, frame, base, at }
}

const symbols = ({ guest, task }: ReturnType<typeof sleeping>) => {
  const { method, frames, problem } = readStack(guest.kernel(), task)
  return {
    method,
    problem,
    frames: frames.map(({ symbol, isCertain }) => `${symbol}${isCertain ? '' : '?'}`),
  }
}

describe('the stack of a task that was switched out', () => {
  it('is unwound by the tables, over stack and frame pointers', () => {
    expect(symbols(sleeping())).toEqual({
      method: 'orc',
      problem: undefined,
      frames: ['inner+0x10', 'middle+0x20', 'outer+0x30'],
    })
  })

  it('is a marked guess where the kernel is built without tables', () => {
    const { method, problem, frames } = symbols(sleeping({}, 'early', '__start_of_none'))
    expect(method).toBe('guess')
    expect(problem).toContain('__start_orc_unwind')
    expect(frames).toEqual(['inner+0x10', 'middle+0x20?', 'outer+0x30?'])
  })

  it('is unwound by entries whose registers are numbered as since Linux 7.1', () => {
    const later = { sp: 3, bp: 4, previousSp: 8 }
    const made = sleeping({
      inner: { sp_offset: 16, sp_reg: later.sp, type: orcType.call },
      middle: {
        sp_offset: 16,
        sp_reg: later.bp,
        bp_offset: -16,
        bp_reg: later.previousSp,
        type: orcType.call,
      },
    })
    expect(symbols(made)).toEqual({
      method: 'orc',
      problem: undefined,
      frames: ['inner+0x10', 'middle+0x20', 'outer+0x30'],
    })
  })

  it('says so where an entry names a register that is not known', () => {
    expect(symbols(sleeping({ middle: { sp_reg: 15, type: orcType.call } })).problem).toMatch(
      /needs a register that was not kept/,
    )
  })

  it('ends where an interrupt came from user code', () => {
    const made = sleeping({ outer: { sp_reg: bp, sp_offset: 0x40, type: orcType.registers } })
    // `middle` took the outer frame pointer from its own frame.
    made.guest.guest.u64(made.base, made.base)
    made.guest.objects.set('pt_regs', made.base + 0x40n, { cs: 0x33, ip: 0x400000, sp: 0x7ff000 })
    expect(symbols(made)).toMatchObject({ method: 'orc', problem: undefined, frames: { length: 3 } })
  })

  it('goes on below an interrupt of kernel code', () => {
    const made = sleeping({ outer: { sp_reg: bp, sp_offset: 0x40, type: orcType.registers, signal: 1 } })
    made.guest.guest.u64(made.base, made.base)
    const { base, at } = made
    const interrupted = { cs: 0x10, ip: at.inner, sp: base + 0x200n, bp: base + 0x300n }
    made.guest.objects.set('pt_regs', base + 0x40n, interrupted)
    made.guest.guest.u64(base + 0x208n, at.middle + 0x44n)
    const { frames } = symbols(made)
    expect(frames.slice(0, 5)).toEqual(['inner+0x10', 'middle+0x20', 'outer+0x30', 'inner', 'middle+0x44'])
  })

  it('goes on from the stack of an interrupt to the one that it interrupted, though that lies lower', () => {
    const made = sleeping({ middle: { sp_reg: orcRegister.spIndirect, sp_offset: 8, type: orcType.call } })
    const { guest, frame, below, at } = made
    const size = BigInt(guest.objects.sizeOf('inactive_task_frame'))
    guest.guest.u64(frame + size + 16n, below + 0x800n)
    guest.guest.u64(below + 0x800n, at.outer + 0x30n)
    expect(symbols(made)).toEqual({
      method: 'orc',
      problem: undefined,
      frames: ['inner+0x10', 'middle+0x20', 'outer+0x30'],
    })
  })

  it('goes on below a call of a pointer to no function', () => {
    const made = sleeping({ middle: { sp_reg: sp, sp_offset: 0x40, type: orcType.registers, signal: 1 } })
    const { guest, frame, base, at } = made
    const size = BigInt(guest.objects.sizeOf('inactive_task_frame'))
    guest.objects.set('pt_regs', frame + size + 0x50n, { cs: 0x10, ip: 0, sp: base + 0x400n, bp: base })
    guest.guest.u64(base + 0x400n, at.outer + 0x30n)
    expect(symbols(made)).toEqual({
      method: 'orc',
      problem: undefined,
      frames: ['inner+0x10', 'middle+0x20', 'undefined', 'outer+0x30'],
    })
  })

  it('does not go on from a return address that is zero', () => {
    const made = sleeping()
    made.guest.guest.u64(made.base + 8n, 0n)
    expect(symbols(made).problem).toBe('a return address is zero')
    const { guest } = made
    expect(new Sched(guest.kernel()).stack(9)).toMatchObject({ problem: 'a return address is zero' })
  })

  it('is a marked guess where the tables say nothing', () => {
    const made = sleeping()
    made.guest.objects.set('inactive_task_frame', made.frame, { ret_addr: 0x230 })
    // Starts of functions are no return addresses.
    made.guest.guest.u64(made.base + 0x18n, made.at.outer)
    expect(symbols(made)).toEqual({
      method: 'guess',
      problem: 'no unwind information for 0x230',
      frames: ['undefined', 'middle+0x20?', 'outer+0x30?'],
    })
  })

  it('that goes round ends, and says so', () => {
    const made = sleeping()
    made.guest.guest.u64(made.base, made.base)
    made.guest.guest.u64(made.base + 8n, made.at.middle + 0x30n)
    const { problem, frames } = symbols(made)
    expect(problem).toMatch(/the stack does not grow/)
    expect(frames.length).toBeLessThan(8)
  })

  it('that leads out of memory ends with the reason', () => {
    const made = sleeping()
    made.guest.objects.set('inactive_task_frame', made.frame, { bp: 0xffff800000001000n })
    expect(symbols(made)).toMatchObject({ method: 'orc', problem: expect.stringMatching(/not present/) })
  })

  it('is gone after the task has ended', () => {
    const { guest, task } = sleeping()
    guest.objects.set('task_struct', task, { stack: 0 })
    expect(readStack(guest.kernel(), task)).toMatchObject({
      frames: [],
      problem: expect.stringMatching(/freed/),
    })
  })

  it('of a task that runs is refused', () => {
    const { guest, task } = sleeping()
    guest.objects.set('task_struct', task, { on_cpu: 1 })
    expect(() => readStack(guest.kernel(), task)).toThrow(/registers of its vCPU/)
  })

  it('says where user space goes on', () => {
    const made = sleeping({ outer: { sp_reg: bp, sp_offset: 0x40, type: orcType.registers } })
    made.guest.guest.u64(made.base, made.base)
    made.guest.objects.set('pt_regs', made.base + 0x40n, { cs: 0x33, ip: 0x401234, sp: 0x7ff000 })
    expect(readStack(made.guest.kernel(), made.task).userAddress).toBe(0x401234n)
    expect(readStack(sleeping().guest.kernel(), sleeping().task).userAddress).toBeUndefined()
  })
})

describe('where a task sleeps', () => {
  const told = (method: 'orc' | 'guess') => {
    const made = sleeping({}, 'early', method === 'orc' ? '__start_orc_unwind' : '__start_of_none')
    const { guest, at } = made
    // Of the scheduler is what lies from the first to before the second.
    guest.guest.symbol('__sched_text_start', at.inner + 0x10n, 'T')
    guest.guest.symbol('__sched_text_end', at.middle + 0x20n, 'T')
    const [reason] = explain(guest.kernel(), 9).reasons
    return { sentence: reason?.sentence, facts: reason?.facts }
  }

  it('is the innermost function that is not of the scheduler', () => {
    expect(told('orc')).toMatchObject({
      sentence: expect.stringMatching(/: it sleeps in middle \(state S\)\. No scheduler is to blame\.$/),
      facts: { waitingIn: 'middle', on_rq: 0, __state: '0x1' },
    })
  })

  it('is not told by a stack that is a guess', () => {
    const { sentence, facts } = told('guess')
    expect(sentence).toMatch(/: it sleeps, in what could not be read \(state S\)/)
    expect(facts).not.toHaveProperty('waitingIn')
  })
})

describe('a function of a module', () => {
  /** Two modules, of which each says how its only function is left; a task is switched out in that of the second. */
  const inModule = (shape: Shape, own: MemberValues, members: MemberValues = {}) => {
    const made = sleeping({}, shape)
    const { guest, objects } = { guest: made.guest.guest, objects: made.guest.objects }
    const makeModule = (name: string, start: bigint, entry: MemberValues, more: MemberValues): bigint => {
      const symtab = guest.alloc(24)
      guest.u64(symtab + 8n, start)
      guest.u64(symtab + 16n, 0x100n)
      const text = guest.alloc(64)
      guest.text(text, `${name}_work`)
      const kallsyms = objects.make('mod_kallsyms', { symtab, num_symtab: 1, strtab: text, typetab: text })
      const ips = guest.image(8)
      guest.integer(ips, start - ips, 4)
      const table = objects.make('orc_entry', entry)
      const arch = { 'arch.num_orcs': 1, 'arch.orc_unwind_ip': ips, 'arch.orc_unwind': table }
      return objects.make('module', { name, kallsyms, ...(shape === 'late' && arch), ...more })
    }
    const start = 0xffffffffc0a00000n
    const modules = [
      makeModule('other', start - 0x1000n, { type: orcType.endOfStack }, {}),
      makeModule('driver', start, own, members),
    ]
    const link = BigInt(objects.offsetOf('module', 'list'))
    writeList(
      guest,
      guest.global('modules', 16),
      modules.map((module) => module + link),
    )
    objects.set('inactive_task_frame', made.frame, { ret_addr: start + 0x10n })
    return symbols(made)
  }
  const usual = { sp_offset: 16, sp_reg: sp, type: orcType.call }

  it('is left as the table of its module says', () => {
    expect(inModule('late', usual)).toEqual({
      method: 'orc',
      problem: undefined,
      frames: ['driver_work+0x10 [driver]', 'middle+0x20', 'outer+0x30'],
    })
    expect(inModule('late', { type: orcType.endOfStack }).frames).toEqual(['driver_work+0x10 [driver]'])
  })

  it.each([
    ['whose module has no entries', 'late', { 'arch.num_orcs': 0 }],
    ['of a kernel whose modules have no tables', 'early', {}],
  ] as const)('%s is left by its frame pointer, of which nobody can be sure', (_, shape, members) => {
    expect(inModule(shape, usual, members)).toEqual({
      method: 'orc',
      problem: undefined,
      frames: ['driver_work+0x10 [driver]', 'outer+0x30?'],
    })
  })
})

describe('return addresses that tracers replaced', () => {
  /** The place on the stack from which the innermost function returns, and the one behind it. */
  const placesOf = ({ guest, frame, base }: ReturnType<typeof sleeping>) => ({
    inner: frame + BigInt(guest.objects.sizeOf('inactive_task_frame')) + 8n,
    middle: base + 8n,
  })
  const traced = (shape: Shape) => {
    const made = sleeping({}, shape)
    const text = made.at.inner - 0x100n
    // Tracers' own code lies where the tables say nothing; it is named as what it is, not as what ends before it.
    const handler = made.guest.guest.symbol('return_to_handler', text + 0x600n, 't')
    const trampoline = made.guest.guest.symbol('arch_rethook_trampoline', text + 0x700n, 't')
    return { ...made, handler, trampoline, places: placesOf(made) }
  }
  const unwound = { method: 'orc', problem: undefined, frames: ['inner+0x10', 'middle+0x20', 'outer+0x30'] }

  it('are found in the stack of the function graph tracer, whose entries are of any length', () => {
    const made = traced('late')
    const { guest, task, places, handler, at } = made
    const stack = guest.guest.alloc(4096, 4096)
    const words = BigInt(guest.objects.sizeOf('ftrace_ret_stack') / 8)
    const enter = (start: bigint, more: bigint, ret: bigint, retp: bigint): bigint => {
      guest.objects.set('ftrace_ret_stack', stack + start * 8n, { ret, retp })
      const end = start + words + more
      // Bits above the length say what kind of entry it is.
      guest.guest.u64(stack + end * 8n, (1n << 10n) | (0xabn << 12n) | (words + more))
      return end + 1n
    }
    let top = enter(0n, 0n, at.outer + 0x30n, places.middle)
    top = enter(top, 3n, at.middle + 0x20n, places.inner)
    // A tail call: the same place again, of which the real address is in the entry before.
    top = enter(top, 0n, handler, places.inner)
    guest.objects.set('task_struct', task, { ret_stack: stack, curr_ret_stack: top })
    guest.guest.u64(places.inner, handler)
    guest.guest.u64(places.middle, handler)
    expect(symbols(made)).toEqual(unwound)
  })

  it('are found in the array that kernels before 6.11 kept', () => {
    const made = traced('early')
    const { guest, task, places, handler, at } = made
    const size = BigInt(guest.objects.sizeOf('ftrace_ret_stack'))
    const stack = guest.guest.alloc(Number(size) * 4)
    guest.objects.set('ftrace_ret_stack', stack, { ret: at.outer + 0x30n, retp: places.middle })
    guest.objects.set('ftrace_ret_stack', stack + size, { ret: at.middle + 0x20n, retp: places.inner })
    guest.objects.set('task_struct', task, { ret_stack: stack, curr_ret_stack: 1 })
    guest.guest.u64(places.inner, handler)
    guest.guest.u64(places.middle, handler)
    expect(symbols(made)).toEqual(unwound)
  })

  it('are found among those of kretprobes', () => {
    const made = traced('late')
    const { guest, task, places, trampoline, at } = made
    const link = BigInt(guest.objects.offsetOf('rethook_node', 'llist'))
    const node = (next: bigint, frame: bigint, ret: bigint): bigint =>
      guest.objects.make('rethook_node', { 'llist.next': next, frame, ret_addr: ret }) + link
    const outer = node(0n, places.middle, at.outer + 0x30n)
    const inner = node(outer, places.inner, at.middle + 0x20n)
    // A second probe of the same function.
    const second = node(inner, places.inner, trampoline)
    guest.objects.set('task_struct', task, { 'rethooks.first': second })
    guest.guest.u64(places.inner, trampoline)
    guest.guest.u64(places.middle, trampoline)
    expect(symbols(made)).toEqual(unwound)
  })

  it.each(['late', 'early'] as const)('that are kept nowhere end the stack, by their name, %s', (shape) => {
    const made = traced(shape)
    made.guest.guest.u64(made.places.inner, made.handler)
    const { frames, problem } = symbols(made)
    expect(frames).toEqual(['inner+0x10', 'return_to_handler'])
    expect(problem).toMatch(/a tracer replaced this return address/)
  })

  it('are looked for among 4096 at most', () => {
    const found = (count: number) => {
      const { guest, task, trampoline } = traced('late')
      const link = BigInt(guest.objects.offsetOf('rethook_node', 'llist'))
      let first = guest.objects.make('rethook_node', { frame: 0x7000, ret_addr: 0x1234 }) + link
      for (let i = 1; i < count; i++)
        first = guest.objects.make('rethook_node', { 'llist.next': first, frame: 1, ret_addr: 2 }) + link
      guest.objects.set('task_struct', task, { 'rethooks.first': first })
      return new ReturnAddresses(guest.kernel(), task).original(trampoline, 0x7000n) === 0x1234n
    }
    expect([found(1), found(4096), found(4097)]).toEqual([true, true, false])
  })

  it('of the function graph tracer lie in 4096 words at most, and each entry has a length', () => {
    const found = (top: number, length: number) => {
      const { guest, task, handler } = traced('late')
      const stack = guest.guest.alloc(8 * 4200, 4096)
      guest.objects.set('ftrace_ret_stack', stack + BigInt(8 * (top - 1 - length)), {
        ret: 0x1234,
        retp: 0x7000,
      })
      guest.guest.u64(stack + BigInt(8 * (top - 1)), BigInt(length))
      guest.objects.set('task_struct', task, { ret_stack: stack, curr_ret_stack: top })
      return new ReturnAddresses(guest.kernel(), task).original(handler, 0x7000n)
    }
    expect(found(4096, 3)).toBe(0x1234n)
    // From the bottom of the stack.
    expect(found(4, 3)).toBe(0x1234n)
    for (const [top, length] of [
      [4097, 3],
      [10, 0],
    ] as const)
      expect(found(top, length)).not.toBe(0x1234n)
  })

  it('of no task, or of an address that nobody replaced, are as they are', () => {
    const { guest, task, handler, trampoline, at } = traced('late')
    const kernel = guest.kernel()
    for (const [address, of] of [
      [handler, undefined],
      [trampoline, undefined],
      [handler, task],
      [trampoline, task],
      [at.inner, task],
    ] as const)
      expect(new ReturnAddresses(kernel, of).original(address, 0x7000n)).toBe(address)
    const returns = new ReturnAddresses(kernel, task)
    expect([handler, trampoline, at.inner].map((each) => returns.isReplacement(each))).toEqual([
      true,
      true,
      false,
    ])
  })

  it('that go round end', () => {
    const made = traced('late')
    const { guest, task, places, trampoline } = made
    const link = BigInt(guest.objects.offsetOf('rethook_node', 'llist'))
    const node = guest.objects.make('rethook_node', { frame: 1, ret_addr: 2 }) + link
    guest.guest.u64(node, node)
    const stack = guest.guest.alloc(4096, 4096)
    guest.guest.u64(stack + 8n * 99n, 0n)
    guest.objects.set('task_struct', task, { 'rethooks.first': node, ret_stack: stack, curr_ret_stack: 100 })
    guest.guest.u64(places.inner, trampoline)
    expect(symbols(made).frames).toEqual(['inner+0x10', 'arch_rethook_trampoline'])
  })
})

describe('a function of which the kernel keeps no unwind entries', () => {
  const undefinedEntry = { inner: { type: orcType.undefined } }
  /** Stands in `inner`, with the return address that a call left some way up the stack. */
  const standing = (called: 'inner' | 'outer' | 'nothing') => {
    const made = sleeping(undefinedEntry)
    const { guest, at, frame, base, task } = made
    const returnTo = at.middle + 0x20n
    if (called !== 'nothing') {
      guest.guest.write(returnTo - 5n, Uint8Array.of(0xe8))
      guest.guest.integer(returnTo - 4n, at[called] - returnTo, 4)
    }
    // A pointer into the middle of a function that nothing calls from there lies before it.
    guest.guest.u64(frame + 0x10n, at.middle + 0x80n)
    guest.guest.u64(frame + 0x98n, returnTo)
    const { frames, problem, method } = stackOfRegisters(
      guest.kernel(),
      { rip: at.inner + 0x10n, rsp: frame, rbp: base },
      task,
    )
    return {
      method,
      problem,
      frames: frames.map(({ symbol, isCertain }) => `${symbol}${isCertain ? '' : '?'}`),
    }
  }

  it('is left where a call of it returns', () => {
    expect(standing('inner')).toEqual({
      method: 'orc',
      problem: undefined,
      frames: ['inner+0x10', 'middle+0x20', 'outer+0x30'],
    })
  })

  it.each(['outer', 'nothing'] as const)('is not left where a call of %s returns', (called) => {
    const { method, problem } = standing(called)
    expect(method).toBe('guess')
    expect(problem).toMatch(/cannot be unwound/)
  })

  it('is guessed at with return addresses behind the last call of a function, too', () => {
    const made = sleeping(undefinedEntry)
    const { guest, at, frame, base, task } = made
    // `middle` ends with a call that never returns: what follows is the start of `outer`.
    guest.guest.write(at.outer - 5n, Uint8Array.of(0xe8))
    guest.guest.u64(frame + 0x20n, at.outer)
    const { frames } = stackOfRegisters(guest.kernel(), { rip: at.inner + 4n, rsp: frame, rbp: base }, task)
    expect(frames.map(({ symbol }) => symbol)).toContain('middle+0x100')
  })
})
