import { CryoscopeError } from '../errors.js'
import type { Kernel } from '../kernel/kernel.js'
import type { StructReader } from '../kernel/struct-reader.js'
import { hex } from './context.js'
import type { KernelStack, StackFrame } from './stack.js'

const frameLimit = 512
const recordLength = 16n
/** THREAD_SIZE of arm64, unless pages are larger (arch/arm64/include/asm/memory.h). */
const leastStackSize = 16_384n

/** Whether a task that does not run left its registers as arm64 does. */
export function hasFrameRecords(task: StructReader): boolean {
  return task.has('thread.cpu_context.fp')
}

/**
 * The stack of an arm64 task that does not run, by its frame records: each is the address of the caller's record and the
 * address it returns to, and one of zeros is the last (arch/arm64/kernel/stacktrace.c). That kernel keeps them in all code.
 */
export function unwindFrameRecords(kernel: Kernel, task: StructReader, stack: bigint): KernelStack {
  const frames: StackFrame[] = []
  const add = (address: bigint): void => {
    frames.push({ address, symbol: kernel.symbolize(address), isCertain: true })
  }
  const pageSize = kernel.info.number('PAGESIZE') ?? 0n
  const end = stack + (pageSize > leastStackSize ? pageSize : leastStackSize)
  // Bits in which a signature may lie (pointer authentication); of kernel addresses they are ones.
  const signature = BigInt.asUintN(64, kernel.info.number('KERNELPACMASK') ?? 0n)
  const method = 'frame-records'
  try {
    add(task.pointer('thread.cpu_context.pc') | signature)
    let before = task.pointer('thread.cpu_context.sp')
    for (let at = task.pointer('thread.cpu_context.fp'); frames.length < frameLimit; ) {
      if (at < before || at < stack || at + recordLength > end || at % 8n !== 0n) {
        return { method, frames, problem: `the frame record at ${hex(at)} is not where one can be` }
      }
      const next = kernel.space.u64(at)
      const address = kernel.space.u64(at + 8n)
      if (next === 0n && address === 0n) return { method, frames, problem: undefined }
      add(address | signature)
      before = at + 1n
      at = next
    }
    return { method, frames, problem: `there are more than ${frameLimit} frames` }
  } catch (error) {
    if (!(error instanceof CryoscopeError)) throw error
    return { method, frames, problem: error.message }
  }
}
