import type { Kernel } from '../../kernel/kernel.js'
import type { Problems } from '../../problems.js'
import { disassemble, type Names } from './disassemble.js'
import {
  compiledParts,
  type ProgramFunction,
  type ProgramLine,
  readFunctions,
  readLines,
} from './functions.js'
import {
  CallKind,
  encodeInstruction,
  ImmediateKind,
  type Instruction,
  loadImmediate64,
  wideImmediate,
} from './instruction.js'
import { usedMapAddresses } from './used-maps.js'
import { readInstructions } from './xlated.js'

/** One translated instruction, disassembled. */
export interface XlatedInstruction {
  /** Counted in halves: a 64-bit immediate takes two. */
  readonly index: number
  /** "(85) call bpf_ktime_get_ns#123". */
  readonly text: string
  /** Eight bytes, or sixteen. */
  readonly bytes: Uint8Array
  /** The function that starts here. */
  readonly function?: ProgramFunction
  /** The source line that starts here. */
  readonly line?: ProgramLine
  /** The map that it refers to. */
  readonly map?: { readonly id: number; readonly name: string; readonly offset?: number }
  /** Name of the kernel's function or variable whose address it loads. */
  readonly symbol?: string
}

/** The translated instructions of the bpf_prog at this address, as `bpftool prog dump xlated` shows them. */
export function listInstructions(kernel: Kernel, address: bigint, problems: Problems): XlatedInstruction[] {
  const aux = kernel.struct('bpf_prog', address).pointer('aux')
  const functions = readFunctions(kernel, aux, problems)
  const instructions = readInstructions(kernel, address, functions, problems)
  const functionAt = new Map(functions.map((found) => [found.start, found]))
  const lineAt = new Map(readLines(kernel, aux, problems).map((found) => [found.instruction, found]))
  const names = namesOf(kernel, address, aux, problems)
  const maps = mapNames(kernel, aux, problems)
  const listing: XlatedInstruction[] = []
  for (let index = 0; index < instructions.length; index++) {
    const instruction = instructions[index] as Instruction
    const isWide = instruction.code === loadImmediate64
    const next = isWide ? instructions[index + 1] : undefined
    const first = encodeInstruction(instruction)
    const start = functionAt.get(index)
    const line = lineAt.get(index)
    const map = isWide ? mapOf(maps, instruction, next) : undefined
    const symbol = isWide && instruction.source === 0 ? loadedSymbol(kernel, instruction, next) : undefined
    listing.push({
      index,
      text: disassemble(instruction, next, names),
      bytes: next === undefined ? first : Buffer.concat([first, encodeInstruction(next)]),
      ...(start === undefined ? {} : { function: start }),
      ...(line === undefined ? {} : { line }),
      ...(map === undefined ? {} : { map }),
      ...(symbol === undefined ? {} : { symbol }),
    })
    if (next !== undefined) index++
  }
  return listing
}

function mapOf(
  names: ReadonlyMap<number, string>,
  { source, immediate }: Instruction,
  next: Instruction | undefined,
): XlatedInstruction['map'] {
  const name = names.get(immediate)
  if (name === undefined) return undefined
  if (source === ImmediateKind.map) return { id: immediate, name }
  if (source === ImmediateKind.mapValue) return { id: immediate, name, offset: next?.immediate ?? 0 }
  return undefined
}

/** Small numbers are no addresses, whatever per-CPU symbols of older kernels say. */
function loadedSymbol(kernel: Kernel, low: Instruction, high: Instruction | undefined): string | undefined {
  const value = wideImmediate(low, high)
  return value >= 1n << 63n ? exactSymbol(kernel, value) : undefined
}

function mapNames(kernel: Kernel, auxAddress: bigint, problems: Problems): Map<number, string> {
  const names = new Map<number, string>()
  problems.attempt('maps', () => {
    for (const at of usedMapAddresses(kernel, kernel.struct('bpf_prog_aux', auxAddress), problems)) {
      const map = kernel.struct('bpf_map', at)
      names.set(map.number('id'), map.text('name'))
    }
  })
  return names
}

/** As bpftool's print_call and print_imm (tools/bpf/bpftool/xlated_dumper.c). */
function namesOf(kernel: Kernel, address: bigint, auxAddress: bigint, problems: Problems): Names {
  const base = kernel.findSymbol('__bpf_call_base') ?? 0n
  const isJited = kernel.struct('bpf_prog', address).number('jited') !== 0
  const entries: bigint[] = []
  if (isJited) {
    for (const part of compiledParts(kernel, address, auxAddress, problems)) {
      entries.push(
        problems.attempt('functions', () => kernel.struct('bpf_prog', part).pointer('bpf_func')) ?? 0n,
      )
    }
  }
  return {
    call(instruction) {
      const { source, offset, immediate } = instruction
      const target = BigInt.asUintN(64, base + BigInt(immediate))
      if (source === CallKind.subprogram) {
        const distance = offset < 0 ? String(offset) : `+${offset}`
        if (!isJited) return distance
        const entry = entries[immediate] ?? target
        return `${distance}#${exactSymbol(kernel, entry) ?? hex(entry)}`
      }
      const helper = source === CallKind.helper ? helperName(kernel, immediate) : undefined
      return helper ?? exactSymbol(kernel, target) ?? typeNameOf(kernel, instruction) ?? hex(target)
    },
    immediate({ source, immediate }, value, next) {
      switch (source) {
        case ImmediateKind.map:
          return `map[id:${immediate}]`
        case ImmediateKind.mapValue:
          return `map[id:${immediate}][0]+${next?.immediate ?? 0}`
        case ImmediateKind.mapIndexValue:
          return `map[idx:${immediate}]+${next?.immediate ?? 0}`
        case ImmediateKind.subprogram:
          return `subprog[${immediate < 0 ? '' : '+'}${immediate}]`
        default:
          return hex(value)
      }
    },
  }
}

/** Calls that the verifier left as numbers of enum bpf_func_id: "bpf_tail_call". */
function helperName(kernel: Kernel, id: number): string | undefined {
  const name = id > 0 ? kernel.enumName('bpf_func_id', id, 'BPF_FUNC_') : undefined
  return name === undefined || name === '__BPF_FUNC_MAX_ID' ? undefined : `bpf_${name}`
}

/** Where machine code can reach any address (arm64), calls of the kernel's functions hold their BTF id. */
function typeNameOf(kernel: Kernel, { source, offset, immediate }: Instruction): string | undefined {
  if (source !== CallKind.kernelFunction || offset !== 0) return undefined
  if (immediate <= 0 || immediate >= kernel.types.typeCount) return undefined
  const type = kernel.types.type(immediate)
  return type.kind === 'function' ? type.name : undefined
}

/** Only an address that a symbol starts at has a name here. */
function exactSymbol(kernel: Kernel, address: bigint): string | undefined {
  const symbol = kernel.symbolAt(address)
  return symbol?.address === address ? symbol.name : undefined
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`
}
