import type { Kernel } from '../kernel/kernel.js'

export interface StackFrame {
  readonly address: bigint
  /** "schedule+0x1c". */
  readonly symbol: string | undefined
  /** False for what was only found on the stack, or behind code without unwind tables. */
  readonly isCertain: boolean
}

/** A kernel stack, innermost frame first. */
export interface KernelStack {
  /**
   * `orc` by the kernel's unwind tables, `frame-records` by what arm64 code leaves on the stack; `guess` lists return addresses that lie on
   * the stack, some of them stale.
   */
  readonly method: 'orc' | 'frame-records' | 'guess'
  readonly frames: readonly StackFrame[]
  /** Why the unwinding ended early, or why it had to be guessed. */
  readonly problem: string | undefined
  /** Where user space goes on behind the last frame; undefined where the stack does not lead there. */
  readonly userAddress: bigint | undefined
}

export const frameLimit = 512
/** THREAD_SIZE of x86-64 without KASAN, and of arm64 unless pages are larger (arch/arm64/include/asm/memory.h). */
export const stackSize = 16_384
/** Stacks that a CPU can be on, one interrupting the other (arch/x86/include/asm/stacktrace.h, enum stack_type). */
const switchLimit = 8

/**
 * A frame: `isExact` where the code stands at the address. Else it returns to it, and the call before names the function,
 * as in the kernel's %pB: a function that ends with a call that never returns ends there.
 */
export function frameOf(kernel: Kernel, address: bigint, isExact: boolean, isCertain = true): StackFrame {
  return { address, symbol: kernel.symbolize(address, isExact ? address : address - 1n), isCertain }
}

/** Holds a walk to stacks that grow; those of interrupts and exceptions may lie anywhere beside the one that they interrupted. */
export class Growth {
  #switches = 0

  /** Whether a walk can go from one stack pointer to the next. */
  allows(before: bigint, next: bigint): boolean {
    if (next > before) return true
    return before - next >= BigInt(stackSize) && ++this.#switches <= switchLimit
  }
}
