import { CryoscopeError, quietly } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'
import type { StructReader } from '../kernel/struct-reader.js'
import { hex } from './context.js'
import { ReturnAddresses } from './return-addresses.js'
import { frameLimit, frameOf, Growth, type KernelStack, type StackFrame, stackSize } from './stack-frame.js'

const recordLength = 16n
/** FRAME_META_TYPE_ (arch/arm64/include/asm/stacktrace/frame.h): behind a record of zeros since 6.14. */
const metaFinal = 1n
const metaRegisters = 2n
/** PSR_MODE_MASK (arch/arm64/include/uapi/asm/ptrace.h): 0 is EL0. */
const exceptionLevel = 0xfn

/** Where a walk along frame records starts. */
export interface RecordStart {
  readonly pc: bigint
  readonly fp: bigint
  readonly sp: bigint
  /** Of a vCPU: where its function returns to, or where the last call did. */
  readonly lr?: bigint | undefined
  /** Of a task that does not run: where its stack ends; all records lie between sp and that. */
  readonly end?: bigint
  /** Address of the task whose stack it is. */
  readonly task?: bigint | undefined
}

/** Whether a task that does not run left its registers as arm64 does. */
export function hasFrameRecords(task: StructReader): boolean {
  return task.has('thread.cpu_context.fp')
}

/** Of a task that does not run. */
export function taskRecords(kernel: Kernel, task: StructReader, stack: bigint): KernelStack {
  const pageSize = Number(kernel.info.number('PAGESIZE') ?? 0n)
  return unwindFrameRecords(kernel, {
    pc: task.pointer('thread.cpu_context.pc'),
    fp: task.pointer('thread.cpu_context.fp'),
    sp: task.pointer('thread.cpu_context.sp'),
    end: stack + BigInt(Math.max(pageSize, stackSize)),
    task: task.address,
  })
}

/**
 * A stack of arm64 by its frame records: each is the address of the caller's record and the address it returns to, and
 * one of zeros is the last, or stands before the registers of what an exception interrupted (arch/arm64/kernel/stacktrace.c).
 * That kernel keeps them in all code.
 */
export function unwindFrameRecords(kernel: Kernel, start: RecordStart): KernelStack {
  const { pc, fp, sp, lr, end } = start
  const returns = new ReturnAddresses(kernel, start.task)
  const frames: StackFrame[] = []
  // Bits in which a signature may lie (pointer authentication); of kernel addresses they are ones.
  const signature = BigInt.asUintN(64, kernel.info.number('KERNELPACMASK') ?? 0n)
  // What an exception saved is where the code stood, unsigned: it may be a zero that was called.
  const add = (address: bigint, isExact: boolean): void => {
    const place = isExact ? address : address | signature
    frames.push(frameOf(kernel, place, isExact || returns.isReplacement(place)))
  }
  const growth = new Growth()
  const method = 'frame-records'
  const userAddress = undefined
  try {
    // A task that was switched out returns to its pc.
    add(pc, end === undefined)
    let before = sp - 1n
    let at = fp
    while (frames.length < frameLimit) {
      const isPlaced = at % 8n === 0n && (end === undefined || at + recordLength <= end)
      if (!isPlaced || (end === undefined ? !growth.allows(before, at) : at <= before)) {
        return {
          method,
          frames,
          problem: `the frame record at ${hex(at)} is not where one can be`,
          userAddress,
        }
      }
      const next = kernel.space.u64(at)
      const address = kernel.space.u64(at + 8n)
      if (frames.length === 1 && lr !== undefined)
        addCaller(kernel, frames, lr | signature, address | signature)
      if (next === 0n && address === 0n) {
        const interrupted = registersAt(kernel, at)
        if (interrupted === undefined)
          return { method, frames, problem: undefined, userAddress: userOf(kernel, at) }
        add(interrupted.pc, true)
        before = at
        at = interrupted.fp
      } else {
        add(returns.original(address | signature, next), false)
        before = at
        at = next
      }
    }
    return { method, frames, problem: `there are more than ${frameLimit} frames`, userAddress }
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    return { method, frames, problem: error.message, userAddress }
  }
}

/**
 * A function that has not made its record yet, or makes none, has its caller in lr alone. Once it has called others lr
 * is a place in itself, or stale: it is marked.
 */
function addCaller(kernel: Kernel, frames: StackFrame[], lr: bigint, recorded: bigint): void {
  const [own] = frames
  const caller = kernel.symbolAt(lr - 1n)
  if (own === undefined || caller === undefined || lr === recorded) return
  if (caller.address === kernel.symbolAt(own.address)?.address) return
  frames.push(frameOf(kernel, lr, false, false))
}

/** Where user space goes on, of the registers that the last record of a task stands in; kernel threads have none. */
function userOf(kernel: Kernel, record: bigint): bigint | undefined {
  const registers = kernel.layouts.find('pt_regs')
  if (registers?.has('stackframe') !== true || !registers.has('pstate')) return undefined
  return quietly(() => {
    const saved = kernel.struct('pt_regs', record - BigInt(registers.offset('stackframe')))
    const mode = saved.integer('pstate') & exceptionLevel
    return mode === 0n && saved.pointer('pc') !== 0n ? saved.pointer('pc') : undefined
  })
}

/** What an exception interrupted in the kernel, of the struct pt_regs whose record of zeros lies there. */
function registersAt(kernel: Kernel, record: bigint): { pc: bigint; fp: bigint } | undefined {
  const meta = kernel.layouts.find('frame_record_meta')
  if (meta === undefined) return undefined
  const kind = kernel.struct('frame_record_meta', record).integer('type')
  if (kind === metaFinal) return undefined
  if (kind !== metaRegisters)
    throw new CryoscopeError('unreadable', `the record at ${hex(record)} is of kind ${kind}`)
  const layout = kernel.layouts.get('pt_regs')
  const base = record - BigInt(layout.offset('stackframe'))
  return {
    pc: kernel.struct('pt_regs', base).pointer('pc'),
    fp: kernel.space.u64(base + BigInt(layout.offset('regs')) + 29n * 8n),
  }
}
