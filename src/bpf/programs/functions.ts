import type { FunctionType } from '../../btf/types.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { Problems } from '../../problems.js'

/** One function of a program: the program itself or a sub-program, by the place where it starts. */
export interface ProgramFunction {
  /** Index of its first translated instruction. */
  readonly start: number
  /** Undefined for functions of programs without BTF. */
  readonly name: string | undefined
  readonly type: FunctionType | undefined
}

/** Which source line an instruction comes from (struct bpf_line_info, include/uapi/linux/bpf.h). */
export interface ProgramLine {
  /** Index of the translated instruction. */
  readonly instruction: number
  readonly file: string
  readonly text: string
  readonly line: number
  readonly column: number
}

/** A program has at most a million instructions (BPF_COMPLEXITY_LIMIT_INSNS), and each at most one line. */
const recordLimit = 1_000_000
/** BPF_MAX_SUBPROGS is 256; a hidden one comes on top. */
export const functionLimit = 4096

/** func_info of a program: functions in the order of their instructions. None without BTF. */
export function readFunctions(kernel: Kernel, auxAddress: bigint, problems: Problems): ProgramFunction[] {
  const aux = kernel.struct('bpf_prog_aux', auxAddress)
  const records = tableOf(kernel, auxAddress, 'functions', functionLimit, problems)
  if (records === undefined) return []
  const layout = kernel.layouts.get('bpf_func_info')
  const types = problems.attempt('functions', () => kernel.btfObjects.types(aux.pointer('btf')))
  const found: ProgramFunction[] = []
  for (let at = 0; at + layout.size <= records.byteLength; at += layout.size) {
    const start = records.getUint32(at + layout.offset('insn_off'), true)
    const id = records.getUint32(at + layout.offset('type_id'), true)
    const type = types !== undefined && id < types.typeCount ? types.type(id) : undefined
    const known = type?.kind === 'function' ? type : undefined
    found.push({ start, name: known?.name, type: known })
  }
  return found
}

/** Line info of a program, in the order of its instructions. */
export function readLines(kernel: Kernel, auxAddress: bigint, problems: Problems): ProgramLine[] {
  const aux = kernel.struct('bpf_prog_aux', auxAddress)
  const records = tableOf(kernel, auxAddress, 'lines', recordLimit, problems)
  if (records === undefined) return []
  const layout = kernel.layouts.get('bpf_line_info')
  const types = problems.attempt('lines', () => kernel.btfObjects.types(aux.pointer('btf')))
  if (types === undefined) return []
  const found: ProgramLine[] = []
  for (let at = 0; at + layout.size <= records.byteLength; at += layout.size) {
    const word = (member: string): number => records.getUint32(at + layout.offset(member), true)
    const position = word('line_col')
    found.push({
      instruction: word('insn_off'),
      file: types.string(word('file_name_off')),
      text: types.string(word('line_off')).trimStart(),
      // BPF_LINE_INFO_LINE_NUM and BPF_LINE_INFO_LINE_COL.
      line: position >>> 10,
      column: position & 0x3ff,
    })
  }
  return found
}

/** The bytes of one of the tables that bpf_prog_aux points at; undefined when there is none or it is no use. */
function tableOf(
  kernel: Kernel,
  auxAddress: bigint,
  what: 'functions' | 'lines',
  limit: number,
  problems: Problems,
): DataView | undefined {
  const [pointer, counter, record] =
    what === 'functions'
      ? ['func_info', 'func_info_cnt', 'bpf_func_info']
      : ['linfo', 'nr_linfo', 'bpf_line_info']
  return problems.attempt(what, () => {
    const aux = kernel.struct('bpf_prog_aux', auxAddress)
    const at = aux.pointer(pointer)
    const count = aux.number(counter)
    if (at === 0n || count === 0 || aux.pointer('btf') === 0n) return undefined
    if (count > limit) {
      problems.add(what, `it claims ${count} records, which cannot be`)
      return undefined
    }
    const bytes = kernel.space.bytes(at, count * kernel.layouts.get(record).size)
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  })
}

/** The programs that the functions of a program were compiled to (bpf_prog_aux.func); just the program when it has one. */
export function compiledParts(
  kernel: Kernel,
  address: bigint,
  auxAddress: bigint,
  problems: Problems,
): bigint[] {
  const parts = problems.attempt('functions', () => {
    const aux = kernel.struct('bpf_prog_aux', auxAddress)
    const count = aux.number('func_cnt')
    const functions = aux.pointer('func')
    if (functions === 0n || count === 0) return undefined
    if (count > functionLimit) {
      problems.add('functions', `it claims ${count} functions, which cannot be`)
      return undefined
    }
    return Array.from({ length: count }, (_, i) => kernel.space.u64(functions + BigInt(i * 8)))
  })
  return parts ?? [address]
}
