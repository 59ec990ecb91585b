import type { StructReader } from './struct-reader.js'

/**
 * Whether a CPU holds a raw_spinlock_t member (struct qspinlock, asm-generic/qspinlock_types.h: the byte `locked`). What
 * it guards was being changed when the guest stopped. Kernels for one CPU have no such byte: nobody holds it there.
 */
export function isHeld(struct: StructReader, ...locks: readonly string[]): boolean {
  const paths = locks.map((lock) => `${lock}.raw_lock.locked`)
  return struct.has(...paths) && struct.number(...paths) !== 0
}
