import type { Architecture } from '../../memory/dump.js'
import { escapeText } from '../../text.js'

/** One machine instruction. */
export interface MachineInstruction {
  readonly address: bigint
  readonly bytes: Uint8Array
  /** "call 0xffffffff81234567 <schedule>" */
  readonly text: string
}

interface CapstoneInstruction {
  readonly size: number
  readonly mnemonic: string
  readonly op_str: string
}

interface Capstone {
  disasm(bytes: ArrayLike<number>, address: bigint): readonly CapstoneInstruction[]
}

/** Instructions of x86-64 or arm64 as text (Capstone). Bytes that are no instruction end the listing. */
export class Disassembler {
  readonly #capstone: Capstone

  private constructor(capstone: Capstone) {
    this.#capstone = capstone
  }

  /** Loads the library, which takes some hundred milliseconds. */
  static async load(architecture: Architecture): Promise<Disassembler> {
    const { default: factory } = await import('@alexaltea/capstone-js')
    const { Capstone, ARCH_X86, MODE_64, ARCH_ARM64, MODE_ARM } = await factory()
    return new Disassembler(
      architecture === 'x86_64' ? new Capstone(ARCH_X86, MODE_64) : new Capstone(ARCH_ARM64, MODE_ARM),
    )
  }

  decode(
    bytes: Uint8Array,
    address: bigint,
    symbolize: (address: bigint) => string | undefined,
  ): readonly MachineInstruction[] {
    let found: readonly CapstoneInstruction[]
    try {
      found = this.#capstone.disasm(bytes, address)
    } catch {
      // It throws text when the first bytes are no instruction.
      return []
    }
    let at = 0
    return found.map(({ size, mnemonic, op_str }) => {
      const start = at
      at += size
      const end = address + BigInt(at)
      const operands = op_str.replace(/\[rip ([+-]) (0x[0-9a-f]+)\]/, (whole, sign, distance) => {
        const target = BigInt.asUintN(64, end + (sign === '+' ? BigInt(distance) : -BigInt(distance)))
        return `${whole}${named(target, symbolize)}`
      })
      // Where a call or a jump goes: the whole operand, or the last of an arm64 branch.
      const [, place] = /(?:^|#)(0x[0-9a-f]{9,16})$/.exec(op_str) ?? []
      const text = place === undefined ? operands : `${op_str}${named(BigInt(place), symbolize)}`
      return {
        address: address + BigInt(start),
        bytes: bytes.subarray(start, at),
        text: escapeText(`${mnemonic.padEnd(7)} ${text}`.trimEnd()),
      }
    })
  }
}

function named(address: bigint, symbolize: (address: bigint) => string | undefined): string {
  const symbol = symbolize(address)
  return symbol === undefined ? '' : ` <${symbol}>`
}
