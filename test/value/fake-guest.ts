import type { ReadResult } from '../../src/memory/types.js'
import type { ValueContext } from '../../src/value/context.js'

export const base = 0xffff_8880_0000_0000n

/** A page of memory at `base`, with nothing around it. */
export class FakeGuest {
  readonly bytes: Uint8Array
  readonly view: DataView
  /** How often memory was read. */
  reads = 0

  constructor(size = 4096) {
    this.bytes = new Uint8Array(size)
    this.view = new DataView(this.bytes.buffer)
  }

  read(address: bigint, length: number): ReadResult {
    this.reads++
    const offset = Number(address - base)
    const inside = offset >= 0 && offset < this.bytes.length
    const bytes = inside ? this.bytes.subarray(offset, offset + length) : new Uint8Array()
    if (bytes.length === length && (inside || length === 0)) return { ok: true, bytes }
    const problem = { kind: 'not-present', address: address + BigInt(bytes.length), level: 'pte' } as const
    return { ok: false, bytes, problem }
  }

  setText(offset: number, text: string): void {
    this.bytes.set(Buffer.from(text), offset)
  }

  setPointer(offset: number, target: bigint): void {
    this.view.setBigUint64(offset, target, true)
  }

  context(more: Partial<ValueContext> = {}): ValueContext {
    return {
      memory: this,
      cpus: [0, 1, 2, 3],
      symbolize: (address) => (address === 0xffff_ffff_8100_0000n ? 'schedule' : undefined),
      perCpu: (address, cpu) => base + address + BigInt(cpu) * 0x100n,
      ...more,
    }
  }
}
