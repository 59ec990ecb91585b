import type { JitedFunction } from '../../../bpf/programs/jited.js'
import type { Program } from '../../../bpf/programs/program-object.js'
import { quietly } from '../../../errors.js'
import type { KernelSymbol } from '../../../kernel/image/kallsyms.js'
import { describeProblem } from '../../../memory/types.js'
import { codeRows, type Decode } from '../../../present/machine-code/rows.js'
import { Problems } from '../../../problems.js'
import { escapeText } from '../../../text.js'
import type { Desk } from '../model/desk.js'
import { ArrayRows, type Content, type Row } from '../model/row.js'
import type { Target } from '../model/target.js'
import type { View } from '../model/view.js'

/** No function is longer; what is said to be has a name that covers more than itself. */
const longestFunction = 64 * 1024
/** Without a symbol, so much is shown from the address on. */
const unnamedBytes = 512

/** Whether an address lies in code of the kernel, of a module or of a BPF program. */
export function isCode({ vm }: Desk, address: bigint): boolean {
  const type = quietly(() => vm.kernel.symbolAt(address)?.type)
  return type !== undefined && /^[tw]$/i.test(type)
}

/** The function that an address lies in, under its source lines where they are known; the cursor is at the address. */
export function codeView(desk: Desk, target: Extract<Target, { kind: 'code' }>): View {
  const { address } = target
  return {
    title: escapeText(quietly(() => desk.vm.kernel.symbolize(address)) ?? `0x${address.toString(16)}`),
    target,
    load(): Content {
      const problems = new Problems()
      const functions = functionsAt(desk, address, problems)
      const rows = [...rowsOf(desk, functions, `code:${address.toString(16)}`)]
      // The last instruction that begins at the address or before it.
      const startAt = rows.findLastIndex(({ at }) => at !== undefined && at <= address)
      return {
        columns: codeColumns,
        rows: new ArrayRows(rows.map(({ row }) => row)),
        empty: 'The code cannot be read.',
        problems: problems.sentences,
        ...(desk.disassembler === undefined ? {} : { startAt: Math.max(0, startAt) }),
      }
    },
  }
}

export const codeColumns = [
  { title: 'AT', align: 'right', rigid: true, tone: 'dim', identifies: true },
  { title: 'INSTRUCTION' },
  { title: 'REFERS TO', tone: 'pointer' },
] as const

/** The machine code of a BPF program, or of the function of the kernel or a module. */
function functionsAt(desk: Desk, address: bigint, problems: Problems): readonly JitedFunction[] {
  const { vm } = desk
  const program = programAt(desk, address)
  if (program !== undefined) {
    const { jited } = program
    problems.addAll(program.problems)
    return jited
  }
  const symbol = vm.kernel.symbolAt(address)
  const start = symbol?.address ?? address
  const size = symbol === undefined ? unnamedBytes : Math.min(sizeOf(desk, symbol), longestFunction)
  const read = vm.kernel.space.read(start, size)
  const { bytes } = read
  if (!read.ok) {
    const which = bytes.length === 0 ? 'code' : `code from +0x${bytes.length.toString(16)} on`
    problems.add(which, describeProblem(read.problem))
  }
  return [{ symbol: symbol?.name, name: undefined, address: start, bytes, lines: [] }]
}

/** The BPF program in whose machine code an address lies. */
function programAt({ vm }: Desk, address: bigint): Program | undefined {
  const symbol = quietly(() => vm.kernel.symbolAt(address))
  if (symbol === undefined || !('group' in symbol) || symbol.group !== 'bpf') return undefined
  // The name of its code has its tag in it.
  const tagged = (quietly(() => vm.progs) ?? []).filter(({ tag }) => symbol.name.includes(tag))
  for (const { id } of tagged) {
    const program = quietly(() => vm.prog(id))
    const holds = quietly(() => program?.jited.some((part) => isIn(part, address)))
    if (holds) return program
  }
  return undefined
}

function isIn({ address: start, bytes }: JitedFunction, address: bigint): boolean {
  return address >= start && address < start + BigInt(bytes.length)
}

/** Up to where its module says, or to the next symbol. */
function sizeOf({ vm }: Desk, symbol: KernelSymbol): number {
  if ('end' in symbol) return Number((symbol.end as bigint) - symbol.address)
  const { symbols } = vm.kernel
  let low = 0
  let high = symbols.count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (symbols.address(middle) <= symbol.address) low = middle + 1
    else high = middle
  }
  return low < symbols.count ? Number(symbols.address(low) - symbol.address) : unnamedBytes
}

interface CodeLine {
  readonly row: Row
  /** Of an instruction. */
  readonly at?: bigint
}

/** Functions as rows of a listing; where a vCPU stands is marked, and what is called can be followed. */
export function* rowsOf(
  { vm, disassembler, stops }: Desk,
  functions: readonly JitedFunction[],
  id: string,
): Generator<CodeLine> {
  const decode: Decode = (bytes, address) =>
    disassembler?.decode(bytes, address, (at) => vm.kernel.symbolize(at)) ?? []
  const standing = new Map((quietly(() => vm.vcpus) ?? []).map(({ rip, index }) => [rip, index]))
  const placeName = (address: bigint) =>
    escapeText(quietly(() => vm.kernel.symbolize(address)) ?? `0x${address.toString(16)}`)
  let sources = 0
  for (const row of codeRows(functions, decode)) {
    if (row.kind === 'function') {
      yield {
        row: {
          id: `${id}/f${row.address}`,
          cells: ['', escapeText(row.name), ''],
          tone: 'heading',
          inert: true,
        },
      }
    } else if (row.kind === 'source') {
      yield { row: { id: `${id}/l${sources++}`, cells: ['', row.text, ''], tone: 'dim', inert: true } }
    } else {
      const [, named = ''] = /<(.+)>$/.exec(row.text) ?? []
      const called = /0x[0-9a-f]{9,16}/.exec(row.text)?.[0]
      const vcpu = standing.get(row.address)
      const isStop = stops.some(({ place }) => place.isCode && place.address === row.address)
      const at = `${isStop ? '* ' : ''}+0x${row.offset.toString(16)}`
      yield {
        at: row.address,
        row: {
          id: `${id}/${row.address}`,
          cells: [
            vcpu === undefined ? at : `=> ${at}`,
            row.text.replace(/ <.+>$/, ''),
            vcpu === undefined ? named : `${named}${named === '' ? '' : '  '}vCPU ${vcpu} is here`,
          ],
          ...(vcpu === undefined ? {} : { tones: ['accent', 'accent', 'accent'] as const }),
          inert: true,
          place: { address: row.address, size: row.bytes.length, name: placeName(row.address), isCode: true },
          copy: `0x${row.address.toString(16)}`,
          value: () => row.address,
          ...(called === undefined ? {} : { target: { kind: 'address', address: BigInt(called) } }),
        },
      }
    }
  }
}
