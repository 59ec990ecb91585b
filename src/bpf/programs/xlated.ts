import type { Kernel } from '../../kernel/kernel.js'
import { MemoryFault } from '../../memory/fault.js'
import type { Problems } from '../../problems.js'
import type { ProgramFunction } from './functions.js'
import {
  CallKind,
  callCode,
  decodeInstructions,
  encodeInstruction,
  ImmediateKind,
  type Instruction,
  InstructionClass,
  instructionSize,
  loadImmediate64,
  wideImmediate,
} from './instruction.js'
import { usedMapAddresses } from './used-maps.js'

/** BPF_COMPLEXITY_LIMIT_INSNS, and as much again for what the verifier adds. */
const instructionLimit = 2_000_000

/** BPF_JMP | BPF_TAIL_CALL and BPF_JMP | BPF_CALL_ARGS (include/linux/filter.h): only within the kernel. */
const tailCallCode = 0xf5
const callWithArgumentsCode = 0xe5
const tailCallHelper = 12
/** Modes of loads and stores that may fault. */
const probeMemory = 0x20
const probeArena = 0xa0
const memoryMode = 0x60

/** Instructions as they lie in bpf_prog.insnsi: addresses of maps, modes that only the kernel knows. */
export function readRawInstructions(kernel: Kernel, address: bigint, problems: Problems): Instruction[] {
  const program = kernel.struct('bpf_prog', address)
  const count = program.number('len')
  if (count > instructionLimit) {
    problems.add('instructions', `it claims ${count}, which cannot be`)
    return []
  }
  const result = kernel.space.read(program.at('insnsi'), count * instructionSize)
  const decoded = decodeInstructions(result.bytes)
  if (!result.ok) {
    const { message } = new MemoryFault(result.problem)
    problems.add('instructions', `after ${decoded.length} of ${count}: ${message}`)
  }
  return decoded
}

/**
 * Instructions as the kernel hands them to bpftool (bpf_insn_prepare_dump, kernel/bpf/syscall.c): ids in place of the
 * addresses of maps, plain loads in place of those that may fault.
 */
export function readInstructions(
  kernel: Kernel,
  address: bigint,
  functions: readonly ProgramFunction[],
  problems: Problems,
): Instruction[] {
  const raw = readRawInstructions(kernel, address, problems)
  const maps = problems.attempt('maps', () => usedMaps(kernel, address, problems)) ?? []
  const starts = functions.map(({ start }) => start)
  const isSwapped = raw.some(
    (instruction, i) => isSubprogramCall(instruction) && holdsIndexInOffset(instruction, i, starts),
  )
  const shown: Instruction[] = []
  for (let i = 0; i < raw.length; i++) {
    const instruction = raw[i] as Instruction
    const { code } = instruction
    const kind = code & 7
    const mode = code & 0xe0
    if (code === tailCallCode) {
      shown.push({ ...instruction, code: callCode, immediate: tailCallHelper })
    } else if (code === callCode || code === callWithArgumentsCode) {
      const call = { ...instruction, code: callCode }
      shown.push(isSwapped && isSubprogramCall(call) ? swapped(call) : call)
    } else if (kind === InstructionClass.loadRegister && mode === probeMemory) {
      shown.push({ ...instruction, code: kind | (code & 0x18) | memoryMode })
    } else if (
      kind >= InstructionClass.loadRegister &&
      kind <= InstructionClass.storeRegister &&
      mode === probeArena
    ) {
      shown.push({ ...instruction, code: kind | (code & 0x18) | memoryMode })
    } else if (code === loadImmediate64) {
      const next = raw[i + 1]
      const place = next === undefined ? undefined : mapAt(maps, wideImmediate(instruction, next))
      if (place === undefined || next === undefined) {
        shown.push(instruction)
        continue
      }
      shown.push(
        { ...instruction, source: place.kind, immediate: place.map.id },
        { ...next, immediate: place.offset },
      )
      i++
    } else shown.push(instruction)
  }
  return shown
}

export function instructionBytes(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * instructionSize)
  for (const [i, instruction] of instructions.entries()) {
    bytes.set(encodeInstruction(instruction), i * instructionSize)
  }
  return bytes
}

function isSubprogramCall({ code, source }: Instruction): boolean {
  return (code === callCode || code === callWithArgumentsCode) && source === CallKind.subprogram
}

/**
 * A call of a sub-program holds its index and its distance: since 7.3 the index in `offset` and the distance in
 * `immediate`, before that the other way round, which is still what is handed out. The start of the function that is
 * called tells which; where both fit, both are the same.
 */
function holdsIndexInOffset(
  { offset, immediate }: Instruction,
  at: number,
  starts: readonly number[],
): boolean {
  const isOld = starts[immediate] === at + 1 + offset
  const isNew = starts[offset] === at + 1 + immediate
  return isNew && !isOld
}

/** prepare_dump_pseudo_call: a distance that 16 bits do not hold is left out. */
function swapped(call: Instruction): Instruction {
  const { offset, immediate } = call
  const fits = immediate >= -0x8000 && immediate <= 0x7fff
  return { ...call, immediate: offset, offset: fits ? immediate : 0 }
}

interface UsedMap {
  readonly id: number
  readonly address: bigint
  /** Where its one value lies, when programs may refer to it directly. */
  readonly value: { readonly start: bigint; readonly size: bigint } | undefined
}

function usedMaps(kernel: Kernel, address: bigint, problems: Problems): UsedMap[] {
  const aux = kernel.struct('bpf_prog_aux', kernel.struct('bpf_prog', address).pointer('aux'))
  const found: UsedMap[] = []
  for (const map of usedMapAddresses(kernel, aux, problems)) {
    problems.attempt('a map that it uses', () => {
      const id = kernel.struct('bpf_map', map).number('id')
      found.push({ id, address: map, value: directValue(kernel, map) })
    })
  }
  return found
}

/**
 * Arrays of one element: their map_direct_value_meta knows addresses in the value. Those per CPU have that function
 * in the newest kernels only (7.3 does, 7.0 does not).
 */
function directValue(kernel: Kernel, map: bigint): UsedMap['value'] {
  const info = kernel.struct('bpf_map', map)
  const operations = info.pointer('ops')
  if (operations === 0n || info.number('max_entries') !== 1) return undefined
  if (kernel.struct('bpf_map_ops', operations).pointer('map_direct_value_meta') === 0n) return undefined
  const type = kernel.enumName('bpf_map_type', info.number('map_type'), 'BPF_MAP_TYPE_')
  if (type !== 'ARRAY' && type !== 'PERCPU_ARRAY') return undefined
  const array = kernel.struct('bpf_array', map)
  const start = type === 'ARRAY' ? array.at('value') : kernel.space.u64(array.at('pptrs'))
  return { start, size: BigInt(array.number('elem_size')) }
}

function mapAt(
  maps: readonly UsedMap[],
  value: bigint,
): { readonly map: UsedMap; readonly kind: number; readonly offset: number } | undefined {
  for (const map of maps) {
    if (map.address === value) return { map, kind: ImmediateKind.map, offset: 0 }
    if (map.value !== undefined && value >= map.value.start && value < map.value.start + map.value.size) {
      return { map, kind: ImmediateKind.mapValue, offset: Number(value - map.value.start) }
    }
  }
  return undefined
}
