import type { Kernel } from '../../kernel/kernel.js'
import type { Problems } from '../../problems.js'
import {
  compiledParts,
  type ProgramFunction,
  type ProgramLine,
  readFunctions,
  readLines,
} from './functions.js'

/** The machine code of one function of a program. */
export interface JitedFunction {
  /** As /proc/kallsyms has it: "bpf_prog_6deef7357e7b4530_enqueue"; undefined when the kernel gave it none. */
  readonly symbol: string | undefined
  /** Name of the function in BTF. */
  readonly name: string | undefined
  readonly address: bigint
  /** Empty when it cannot be read; the reason is a problem. */
  readonly bytes: Uint8Array
  /** Where the code of source lines starts, in bytes from the function's start. */
  readonly lines: readonly { readonly offset: number; readonly line: ProgramLine }[]
}

/** MODULES_LEN bounds what the JIT can allocate; the largest program is far below. */
const sizeLimit = 16 * 2 ** 20
const symbolLimit = 512

/** The machine code of the bpf_prog at this address, function by function; none when it is interpreted. */
export function readJited(kernel: Kernel, address: bigint, problems: Problems): JitedFunction[] {
  const program = kernel.struct('bpf_prog', address)
  if (program.number('jited') === 0) return []
  const aux = program.pointer('aux')
  const functions = readFunctions(kernel, aux, problems)
  const lines = jitedLines(kernel, aux, problems)
  const found: JitedFunction[] = []
  for (const [i, part] of compiledParts(kernel, address, aux, problems).entries()) {
    const one = problems.attempt(`function ${i}`, () => readPart(kernel, part, functions[i], lines, problems))
    if (one !== undefined) found.push(one)
  }
  return found
}

function readPart(
  kernel: Kernel,
  address: bigint,
  info: ProgramFunction | undefined,
  lines: readonly PlacedLine[],
  problems: Problems,
): JitedFunction {
  const part = kernel.struct('bpf_prog', address)
  const entry = part.pointer('bpf_func')
  const size = part.number('jited_len')
  const end = entry + BigInt(size)
  return {
    symbol: symbolOf(kernel, part.pointer('aux'), entry, problems),
    name: info?.name,
    address: entry,
    bytes: problems.attempt('machine code', () => code(kernel, entry, size, problems)) ?? new Uint8Array(),
    lines: lines
      .filter((line) => line.address >= entry && line.address < end)
      .map(({ address: at, line }) => ({ offset: Number(at - entry), line })),
  }
}

function code(kernel: Kernel, entry: bigint, size: number, problems: Problems): Uint8Array {
  if (size <= sizeLimit) return kernel.space.bytes(entry, size)
  problems.add('machine code', `it claims ${size} bytes, which cannot be`)
  return new Uint8Array()
}

/** The name in aux.ksym; the first function shares the main program's entry but has a symbol in the main program only. */
function symbolOf(kernel: Kernel, aux: bigint, entry: bigint, problems: Problems): string | undefined {
  const symbol = kernel.symbolAt(entry)
  if (symbol?.address === entry) return symbol.name
  return problems.attempt('symbol', () => {
    const layout = kernel.layouts.get('bpf_prog_aux').find('ksym.name')
    if (layout === undefined) return undefined
    const text = kernel.space.text(aux + BigInt(layout.offset), symbolLimit)
    return text === '' ? undefined : text
  })
}

interface PlacedLine {
  readonly address: bigint
  readonly line: ProgramLine
}

/** aux.jited_linfo: for each record of line info the address of its first byte of machine code. */
function jitedLines(kernel: Kernel, auxAddress: bigint, problems: Problems): PlacedLine[] {
  const lines = readLines(kernel, auxAddress, problems)
  if (lines.length === 0) return []
  const placed = problems.attempt('lines of machine code', () => {
    const at = kernel.struct('bpf_prog_aux', auxAddress).pointer('jited_linfo')
    if (at === 0n) return []
    const bytes = kernel.space.bytes(at, lines.length * 8)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return lines.map((line, i) => ({ address: view.getBigUint64(i * 8, true), line }))
  })
  return placed ?? []
}
