import { CryoscopeError } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'
import { modules } from '../kernel/modules.js'
import { isOnCpu } from '../kernel/tasks.js'
import { isReturnAddress, placeOfCaller } from './calls.js'
import { hex } from './context.js'
import { hasFrameRecords, taskRecords, unwindFrameRecords } from './frame-records.js'
import { framePointerEntry, nullCallEntry, type OrcEntry, OrcTable, orcRegister, orcType } from './orc.js'
import { ReturnAddresses } from './return-addresses.js'
import { frameLimit, frameOf, Growth, type KernelStack, type StackFrame, stackSize } from './stack-frame.js'

export type { KernelStack, StackFrame }

/** Where to start: what a vCPU holds, or a task left behind when it was switched out. */
export interface StackStart {
  readonly ip: bigint
  readonly sp: bigint
  readonly bp: bigint
  /** Other registers, by their names without r (ax, dx, di), and r10 and r13. */
  readonly others?: {
    readonly ax?: bigint
    readonly dx?: bigint
    readonly di?: bigint
    readonly r10?: bigint
    readonly r13?: bigint
  }
  /** `ip` is where the code stands, not where it will return to. */
  readonly isExact: boolean
  /** Where the stack ends, for guessing. */
  readonly end?: bigint
  /** Address of the task whose stack it is: it knows which return addresses tracers replaced. */
  readonly task?: bigint | undefined
}

/** Stack of a task that does not run. On x86-64 struct inactive_task_frame lies at thread.sp (arch/x86/include/asm/switch_to.h). */
export function readStack(kernel: Kernel, task: bigint): KernelStack {
  const reader = kernel.struct('task_struct', task)
  if (isOnCpu(kernel, reader))
    throw new CryoscopeError('state', 'this task runs: its stack is in the registers of its vCPU')
  const stack = reader.pointer('stack')
  if (stack === 0n) {
    const problem = 'its stack was freed: the task has ended'
    return { method: 'orc', frames: [], problem, userAddress: undefined }
  }
  if (hasFrameRecords(reader)) return taskRecords(kernel, reader, stack)
  const sp = reader.pointer('thread.sp')
  const frame = kernel.struct('inactive_task_frame', sp)
  return unwind(kernel, {
    ip: frame.pointer('ret_addr'),
    sp: sp + BigInt(frame.layout.size),
    bp: frame.pointer('bp'),
    isExact: false,
    end: stack + BigInt(stackSize),
    task,
  })
}

/** Stack of a vCPU that is in the kernel, by its registers; `task` is the address of what it runs. */
export function stackOfRegisters(
  kernel: Kernel,
  registers: Readonly<Record<string, bigint | undefined>>,
  task: bigint | undefined,
): KernelStack {
  const { pc, sp, x29, x30 } = registers
  if (pc !== undefined && sp !== undefined && x29 !== undefined) {
    return unwindFrameRecords(kernel, { pc, sp, fp: x29, lr: x30, task })
  }
  const { rip, rsp, rbp = 0n, rax: ax = 0n, rdx: dx = 0n, rdi: di = 0n, r10 = 0n, r13 = 0n } = registers
  if (rip === undefined || rsp === undefined) {
    throw new CryoscopeError('unreadable', 'the target does not say where its stack is')
  }
  return unwind(kernel, { ip: rip, sp: rsp, bp: rbp, others: { ax, dx, di, r10, r13 }, isExact: true, task })
}

/** Unwinds by ORC; where the first step already fails, lists what looks like return addresses. */
export function unwind(kernel: Kernel, start: StackStart): KernelStack {
  const frames: StackFrame[] = []
  let walk: Unwinder | undefined
  let problem: string | undefined
  try {
    // Kernels built with frame pointers have no tables.
    walk = new Unwinder(kernel, start)
    problem = walk.run(frames)
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    problem = error.message
  }
  const userAddress = walk?.userAddress
  if (frames.length > 1 || problem === undefined) return { method: 'orc', frames, problem, userAddress }
  return { method: 'guess', frames: guess(kernel, start), problem, userAddress }
}

class Unwinder {
  readonly #kernel: Kernel
  readonly #orc: OrcTable
  #ip: bigint
  #sp: bigint
  #bp: bigint
  #others: StackStart['others']
  /** struct pt_regs that bp may be taken from. */
  #registers: bigint | undefined
  #isExact: boolean
  #isCertain = true
  readonly #returns: ReturnAddresses
  /** Where user space goes on, once the walk has come there. */
  userAddress: bigint | undefined

  constructor(kernel: Kernel, { ip, sp, bp, others, isExact, task }: StackStart) {
    this.#returns = new ReturnAddresses(kernel, task)
    this.#kernel = kernel
    this.#orc = OrcTable.of(kernel)
    this.#ip = ip
    this.#sp = sp
    this.#bp = bp
    this.#others = others
    this.#isExact = isExact
  }

  /** Undefined when the stack ended as it should; else why it could not be followed. */
  run(frames: StackFrame[]): string | undefined {
    const growth = new Growth()
    while (frames.length < frameLimit) {
      // What a tracer put there starts where nothing called it.
      const isExact = this.#isExact || this.#returns.isReplacement(this.#ip)
      frames.push(frameOf(this.#kernel, this.#ip, isExact, this.#isCertain))
      if (isExact && !this.#isExact)
        return 'a tracer replaced this return address, and what it was is not found'
      const before = this.#sp
      const end = this.#step()
      if (end !== 'goes on') return end
      if (this.#registers === undefined && !growth.allows(before, this.#sp)) {
        return `the stack does not grow at ${hex(this.#sp)}`
      }
    }
    return `there are more than ${frameLimit} frames`
  }

  /** arch/x86/kernel/unwind_orc.c, unwind_next_frame. */
  #step(): string | undefined | 'goes on' {
    const { space } = this.#kernel
    const entry = this.#entry(this.#isExact ? this.#ip : this.#ip - 1n)
    if (entry === undefined) return `no unwind information for ${hex(this.#ip)}`
    if (entry.type === orcType.endOfStack) return undefined
    if (entry.type === orcType.undefined) return this.#toCaller()
    const frame = this.#frame(entry)
    if (frame === undefined) return `the frame of ${hex(this.#ip)} needs a register that was not kept`
    const previousBp = this.#previousBp(entry, frame)
    if (entry.type === orcType.call) {
      this.#ip = this.#returns.original(space.u64(frame - 8n), frame - 8n)
      this.#sp = frame
      this.#registers = undefined
    } else {
      const registers = this.#kernel.layouts.get('pt_regs')
      const partial = entry.type === orcType.partialRegisters
      const base = partial ? frame - BigInt(registers.offset('ip')) : frame
      const saved = this.#kernel.struct('pt_regs', base)
      if ((saved.integer('cs') & 3n) !== 0n) {
        this.userAddress = saved.pointer('ip')
        return undefined
      }
      this.#ip = saved.pointer('ip')
      this.#sp = saved.pointer('sp')
      this.#registers = partial ? undefined : base
    }
    this.#bp = previousBp ?? (this.#registers === undefined ? this.#bp : this.#saved('bp', this.#registers))
    this.#isExact = entry.isSignal
    this.#others = undefined
    // A pointer to no function was called: registers have its zero, a return address must not.
    if (this.#ip === 0n && entry.type === orcType.call) return 'a return address is zero'
    return 'goes on'
  }

  /** Out of a function without unwind entries, where its caller can be told: the registers are those of the function itself. */
  #toCaller(): string | 'goes on' {
    const place = this.#isExact ? placeOfCaller(this.#kernel, this.#ip, this.#sp) : undefined
    if (place === undefined) return `the kernel says that ${hex(this.#ip)} cannot be unwound`
    this.#ip = this.#returns.original(this.#kernel.space.u64(place), place)
    this.#sp = place + 8n
    this.#registers = undefined
    this.#others = undefined
    this.#isExact = false
    return 'goes on'
  }

  /** The stack pointer of the caller, before its call pushed the return address. */
  #frame(entry: OrcEntry): bigint | undefined {
    const offset = BigInt(entry.spOffset)
    const { space } = this.#kernel
    switch (entry.spRegister) {
      case orcRegister.sp:
        return this.#sp + offset
      case orcRegister.bp:
        return this.#bp + offset
      case orcRegister.spIndirect:
        return space.u64(this.#sp) + offset
      case orcRegister.bpIndirect:
        return space.u64(this.#bp + offset)
      case orcRegister.r10:
        return this.#register('r10')
      case orcRegister.r13:
        return this.#register('r13')
      case orcRegister.di:
        return this.#register('di')
      case orcRegister.dx:
        return this.#register('dx')
      case orcRegister.ax:
        return this.#register('ax')
      default:
        return undefined
    }
  }

  #register(name: 'r10' | 'r13' | 'di' | 'dx' | 'ax'): bigint | undefined {
    if (this.#registers !== undefined) return this.#saved(name, this.#registers)
    return this.#others?.[name]
  }

  #saved(name: string, registers: bigint): bigint {
    return this.#kernel.struct('pt_regs', registers).pointer(name)
  }

  #previousBp(entry: OrcEntry, frame: bigint): bigint | undefined {
    const offset = BigInt(entry.bpOffset)
    if (entry.bpRegister === orcRegister.previousSp) return this.#kernel.space.u64(frame + offset)
    if (entry.bpRegister === orcRegister.bp) return this.#kernel.space.u64(this.#bp + offset)
    return undefined
  }

  #entry(ip: bigint): OrcEntry | undefined {
    if (ip === 0n) return nullCallEntry
    const own = this.#orc.find(ip) ?? this.#inModule(ip)
    if (own !== undefined) return own
    // BPF programs and trampolines keep frame pointers; the kernel does not call that reliable either.
    if (this.#kernel.symbolAt(ip) === undefined) return undefined
    this.#isCertain = false
    return framePointerEntry
  }

  #inModule(ip: bigint): OrcEntry | undefined {
    const symbol = this.#kernel.symbolAt(ip)
    if (symbol === undefined || !('group' in symbol)) return undefined
    for (const module of modules(this.#kernel, this.#kernel.problems)) {
      if (module.name !== symbol.group) continue
      const reader = this.#kernel.struct('module', module.address, 'list')
      if (!reader.has('arch.num_orcs')) return undefined
      const ips = reader.pointer('arch.orc_unwind_ip')
      const entries = reader.pointer('arch.orc_unwind')
      return this.#orc.findIn(ips, entries, reader.number('arch.num_orcs'), ip)
    }
    return undefined
  }
}

/** Every word of the stack that lies in kernel code: return addresses, and leftovers of earlier calls. */
function guess(kernel: Kernel, { ip, sp, end: top }: StackStart): StackFrame[] {
  const start = kernel.findSymbol('_stext') ?? 0n
  const end = kernel.findSymbol('_etext') ?? 0n
  const frames: StackFrame[] = [{ address: ip, symbol: kernel.symbolize(ip), isCertain: true }]
  const length = Math.min(stackSize, Math.max(0, Number((top ?? sp + BigInt(stackSize)) - sp)))
  const { bytes } = kernel.space.read(sp, length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + 8 <= bytes.length && frames.length < frameLimit; at += 8) {
    const word = view.getBigUint64(at, true)
    if (word < start || word >= end) continue
    if (isReturnAddress(kernel, word)) frames.push(frameOf(kernel, word, false, false))
  }
  return frames
}
