import { isUnreadName, type Kernel, lostName } from '../kernel/kernel.js'
import { idrEntries } from '../kernel/walk/xarray.js'
import { counted, type Figure, type Problems, whole } from '../problems.js'
import { usedMapAddresses } from './programs/used-maps.js'

/** A loaded BPF program: struct bpf_prog and its bpf_prog_aux (include/linux/bpf.h). */
export interface BpfProgram {
  readonly id: number
  /** In full where the program's BTF has it; the kernel itself keeps 15 characters. */
  readonly name: string
  /** As bpftool names it: "struct_ops", "raw_tracepoint". */
  readonly type: string
  /** Eight bytes, hexadecimal. */
  readonly tag: string
  readonly verifiedInstructions: number
  /** Bytes of translated instructions, and of machine code with all sub-programs. */
  readonly xlatedSize: number
  readonly jitedSize: Figure
  /**
   * Counted only while kernel.bpf_stats_enabled is set, summed over CPUs; misses count always. Undefined where the
   * program has no counters, or those of a CPU cannot be read.
   */
  readonly runCount: bigint | undefined
  /** Nanoseconds. */
  readonly runTime: bigint | undefined
  readonly recursionMisses: bigint | undefined
  readonly mapIds: readonly number[]
  /** 0 when it has no types, undefined when that cannot be read. */
  readonly btfId: number | undefined
  /** Nanoseconds since boot. */
  readonly loadTime: bigint
  readonly address: bigint
  /** Entry point of the machine code; 0n when the program is interpreted. */
  readonly jitedAddress: bigint
}

/** BPF_MAX_SUBPROGS, MAX_USED_MAPS and more: larger counts are broken reads. */
const countLimit = 4096
const nameLimit = 15

/** All programs of a kernel in the order of their ids. Unreadable ones are left out and named in `problems`. */
export function listPrograms(kernel: Kernel, problems: Problems): BpfProgram[] {
  const programs: BpfProgram[] = []
  for (const { index, pointer } of idrEntries(kernel, kernel.symbol('prog_idr'), problems, 'prog_idr')) {
    const program = problems.attempt(`program ${index}`, () => readProgram(kernel, pointer, problems))
    if (program !== undefined) programs.push(program)
  }
  return programs
}

export function readProgram(kernel: Kernel, address: bigint, problems: Problems): BpfProgram {
  const program = kernel.struct('bpf_prog', address)
  const auxAddress = program.pointer('aux')
  const aux = kernel.struct('bpf_prog_aux', auxAddress)
  const head = readProgramHead(kernel, address, problems)
  const { id } = head
  const btfAt = aux.pointer('btf')
  const stats = readCounters(kernel, program.pointer('stats'), id, problems)
  return {
    ...head,
    tag: Buffer.from(program.bytes('tag')).toString('hex'),
    verifiedInstructions: aux.number('verified_insns'),
    xlatedSize: program.number('len') * 8,
    jitedSize: jitedSize(kernel, auxAddress, program.number('jited_len'), problems),
    ...stats,
    mapIds: mapIdsOf(kernel, auxAddress, id, problems),
    btfId: btfId(kernel, btfAt, id, problems),
    loadTime: aux.integer('load_time'),
    address,
    jitedAddress: program.number('jited') === 0 ? 0n : program.pointer('bpf_func'),
  }
}

/** What names a program; its full name is a problem where the BTF that has it cannot be read. */
export function readProgramHead(
  kernel: Kernel,
  address: bigint,
  problems: Problems,
): Pick<BpfProgram, 'id' | 'name' | 'type'> {
  const program = kernel.struct('bpf_prog', address)
  const auxAddress = program.pointer('aux')
  const aux = kernel.struct('bpf_prog_aux', auxAddress)
  const id = aux.number('id')
  const type = program.number('type')
  const name = problems.attempt(`full name of program ${id}`, () => fullName(kernel, auxAddress))
  const typeName = kernel.enumText('bpf_prog_type', type, 'BPF_PROG_TYPE_')
  if (isUnreadName(typeName)) problems.add(`type of program ${id}`, `what ${type} stands for ${lostName}`)
  return { id, name: name ?? aux.text('name'), type: typeName }
}

type Counters = Pick<BpfProgram, 'runCount' | 'runTime' | 'recursionMisses'>

const none: Counters = { runCount: undefined, runTime: undefined, recursionMisses: undefined }

/** bpf_prog_stats is per CPU; its counters are u64_stats_t. Dummy programs have none. */
function readCounters(kernel: Kernel, perCpu: bigint, id: number, problems: Problems): Counters {
  if (perCpu === 0n) return none
  let runCount = 0n
  let runTime = 0n
  let recursionMisses = 0n
  for (const cpu of kernel.cpus.possible) {
    const read = problems.attempt(`counters of program ${id} on CPU ${cpu}`, () => {
      const stats = kernel.struct('bpf_prog_stats', kernel.cpus.address(perCpu, cpu))
      runCount += stats.unsigned('cnt')
      runTime += stats.unsigned('nsecs')
      recursionMisses += stats.unsigned('misses')
      return true
    })
    // A sum that leaves a CPU out is a wrong number.
    if (read === undefined) return none
  }
  return { runCount, runTime, recursionMisses }
}

function mapIdsOf(kernel: Kernel, auxAddress: bigint, id: number, problems: Problems): number[] {
  const ids: number[] = []
  for (const map of usedMapAddresses(kernel, kernel.struct('bpf_prog_aux', auxAddress), problems)) {
    problems.attempt(`map at 0x${map.toString(16)} of program ${id}`, () =>
      ids.push(kernel.struct('bpf_map', map).number('id')),
    )
  }
  return ids
}

/** As bpf_prog_get_info_by_fd counts: the sum over sub-programs, where there are any. */
function jitedSize(kernel: Kernel, auxAddress: bigint, main: number, problems: Problems): Figure {
  const aux = kernel.struct('bpf_prog_aux', auxAddress)
  const count = aux.number('func_cnt')
  const functions = aux.pointer('func')
  if (functions === 0n || count === 0) return whole(main)
  const own = problems.part()
  const where = `functions of program ${aux.number('id')}`
  if (count > countLimit) {
    own.add(where, `it claims ${count} functions, which cannot be`)
    return counted(main, own)
  }
  let size = 0
  for (let i = 0; i < count; i++) {
    const part = own.attempt(where, () =>
      kernel.struct('bpf_prog', kernel.space.u64(functions + BigInt(i * 8))).number('jited_len'),
    )
    size += part ?? 0
  }
  // The first function is the program itself.
  return counted(Math.max(size, own.none ? 0 : main), own)
}

function btfId(kernel: Kernel, address: bigint, id: number, problems: Problems): number | undefined {
  if (address === 0n) return 0
  return problems.attempt(`types of program ${id}`, () => kernel.btfObjects.object(address).id)
}

/** The kernel cuts names at 15 characters; the BTF of the program's first function has the rest. */
function fullName(kernel: Kernel, auxAddress: bigint): string | undefined {
  const aux = kernel.struct('bpf_prog_aux', auxAddress)
  const btfAt = aux.pointer('btf')
  const short = aux.text('name')
  const info = aux.pointer('func_info')
  if (short.length < nameLimit || btfAt === 0n || info === 0n) return undefined
  const typeId = kernel.struct('bpf_func_info', info).number('type_id')
  const types = kernel.btfObjects.types(btfAt)
  const type = typeId < types.typeCount ? types.type(typeId) : undefined
  return type?.kind === 'function' && type.name.startsWith(short) ? type.name : undefined
}
