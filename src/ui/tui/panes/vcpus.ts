import { quietly } from '../../../errors.js'
import type { Kernel } from '../../../kernel/kernel.js'
import { vcpuColumns, vcpuName } from '../../../present/columns/vcpus.js'
import type { Disassembler, MachineInstruction } from '../../../present/machine-code/disassembler.js'
import type { Vcpu } from '../../../session/vcpu.js'
import { escapeText } from '../../../text.js'
import type { Desk } from '../model/desk.js'
import { ArrayRows, type Content, type Row } from '../model/row.js'
import type { Target } from '../model/target.js'
import { type TreeNode, TreeRows } from '../model/tree.js'
import type { View } from '../model/view.js'
import { cpuPulses } from './pulse.js'
import { argumentNodes, registerNodes } from './registers.js'
import { tableContent, tableRows } from './table-content.js'
import { factNode, problemNode, valueColumns } from './value-tree.js'

/** Bytes of code shown from the instruction pointer on. */
const codeBytes = 96
const instructionsBefore = 4
const instructionsAhead = 8
const longestFunction = 16_384n

export function vcpusView(desk: Desk): View {
  return {
    title: 'vCPUs',
    load() {
      if (desk.vm.state === 'running') return runningContent(desk)
      return tableContent(vcpuColumns, desk.vm.vcpus, vcpuRow, 'This dump tells nothing of its vCPUs.')
    },
    detail(row, opened) {
      if (row.target?.kind !== 'vcpu') return undefined
      const vcpu = vcpuNamed(desk, row.target.index)
      if (vcpu === undefined) return undefined
      return {
        title: escapeText(vcpuName(vcpu)),
        content: {
          columns: valueColumns,
          rows: new TreeRows(vcpuNodes(desk, vcpu), opened),
          empty: '',
          untitled: true,
        },
      }
    },
  }
}

/** While they run they have no registers, but the kernel says whom each of its CPUs runs. */
function runningContent(desk: Desk): Content {
  return {
    columns: [
      { title: 'CPU', identifies: true },
      { title: 'RUNS' },
      { title: 'READY TASKS, LAST LOOKS', tone: 'dim' },
    ],
    rows: new ArrayRows(cpuPulses(desk, { runqueues: desk.vm.sched.runqueues })),
    empty: 'The vCPUs run. Freeze the guest (f) to see their registers, stacks and code.',
    note: 'freeze it (f) for registers, stacks and code',
  }
}

function vcpuNamed({ vm }: Desk, wanted: number): Vcpu | undefined {
  return vm.vcpus.find(({ index }) => index === wanted)
}

function vcpuRow({ index, cpu, where, task }: Vcpu): Omit<Row, 'cells' | 'sort'> {
  return {
    id: `vcpus/${index}`,
    name: `vCPU ${index}`,
    target: { kind: 'vcpu', index },
    value: () => ({ index, cpu, where, task }),
  }
}

/** What stops are compared by: where each stands, and every register. */
export function* vcpuRecords(desk: Desk): Generator<Row> {
  yield* tableRows(vcpuColumns, desk.vm.vcpus, vcpuRow)
}

export function vcpuView(desk: Desk, target: Extract<Target, { kind: 'vcpu' }>): View {
  return {
    title: `vCPU ${target.index}`,
    target,
    load(opened) {
      const vcpu = vcpuNamed(desk, target.index)
      const nodes =
        vcpu === undefined ? [problemNode('vcpu/none', 'there is no such vCPU')] : vcpuNodes(desk, vcpu)
      return { columns: valueColumns, rows: new TreeRows(nodes, opened), empty: '', untitled: true }
    },
  }
}

function vcpuNodes(desk: Desk, vcpu: Vcpu): TreeNode[] {
  const id = `vcpu:${vcpu.index}`
  const { task } = vcpu
  return [
    ...(task === undefined
      ? []
      : [
          factNode(`${id}/task`, 'runs', escapeText(`${task.name} (pid ${task.pid})`), {
            tones: ['dim', 'pointer'],
            target: { kind: 'task', pid: task.pid, address: task.address },
          }),
        ]),
    ...argumentNodes(desk, vcpu, `${id}/args`),
    section(`${id}/code`, 'code', () => codeNodes(desk, vcpu), functionOf(desk, vcpu)),
    section(`${id}/stack`, 'stack', () => stackNodes(vcpu)),
    section(`${id}/registers`, 'registers', () => registerNodes(desk, vcpu)),
  ]
}

function section(id: string, name: string, parts: () => readonly TreeNode[], about = ''): TreeNode {
  return {
    row: { id, cells: [name, escapeText(about), ''], tone: 'heading', inert: true },
    parts,
    open: true,
  }
}

/** The function that a vCPU stands in; lines of its code say how far in they are. */
function functionOf({ vm }: Desk, { rip, privilege }: Vcpu): string {
  return privilege === 3 ? '' : (quietly(() => vm.kernel.symbolAt(rip)?.name) ?? '')
}

function codeNodes({ vm, disassembler }: Desk, { rip, privilege, index }: Vcpu): TreeNode[] {
  const id = `vcpu:${index}/code`
  if (privilege === 3) return [factNode(id, '', 'it runs code of user space', { tone: 'dim', inert: true })]
  const kernel = quietly(() => vm.kernel)
  if (kernel === undefined) return []
  const symbolize = (address: bigint) => kernel.symbolize(address)
  const { bytes } = kernel.space.read(rip, codeBytes)
  if (bytes.length === 0) return [problemNode(id, 'the code cannot be read')]
  if (disassembler === undefined) {
    const hex = Buffer.from(bytes.subarray(0, 32)).toString('hex')
    return [factNode(`${id}/bytes`, '', hex, { tone: 'dim', inert: true })]
  }
  const { name, address: start = rip } = kernel.symbolAt(rip) ?? {}
  const ahead = disassembler
    .decode(bytes, rip, symbolize)
    .filter(({ address }) => kernel.symbolAt(address)?.name === name)
    .slice(0, instructionsAhead)
  return [...before(disassembler, kernel, rip), ...ahead].map(({ address, text }) => {
    const isNext = address === rip
    const called = /0x[0-9a-f]{9,16}/.exec(text)?.[0]
    return {
      row: {
        id: `${id}/${address.toString(16)}`,
        cells: [
          `${isNext ? '=>' : '  '} ${name === undefined ? '' : '+'}0x${(name === undefined ? address : address - start).toString(16)}`,
          text,
          '',
        ],
        tones: [isNext ? 'accent' : 'dim', isNext ? 'accent' : undefined],
        inert: true,
        target: { kind: 'address', address: called === undefined ? address : BigInt(called) },
      },
    }
  })
}

/** Instructions that come before an address: found by decoding from the start of its function, for they have no marks. */
function before(disassembler: Disassembler, kernel: Kernel, address: bigint): readonly MachineInstruction[] {
  const start = kernel.symbolAt(address)?.address
  if (start === undefined || start === address || address - start > longestFunction) return []
  const { ok, bytes } = kernel.space.read(start, Number(address - start))
  if (!ok) return []
  const found = disassembler.decode(bytes, start, (at) => kernel.symbolize(at))
  const last = found.at(-1)
  // Decoding that does not come out at the address went astray.
  if (last === undefined || last.address + BigInt(last.bytes.length) !== address) return []
  return found.slice(-instructionsBefore)
}

function stackNodes(vcpu: Vcpu): TreeNode[] {
  const id = `vcpu:${vcpu.index}/stack`
  if (vcpu.privilege !== 0) {
    return [
      factNode(id, '', 'it stands in user space; the kernel has no stack of it', {
        tone: 'dim',
        inert: true,
      }),
    ]
  }
  const stack = quietly(() => vcpu.stack)
  if (stack === undefined) return [problemNode(id, 'the stack cannot be read')]
  const frames = stack.frames.map(({ address, symbol, isCertain }, i) => ({
    row: {
      id: `${id}/${i}`,
      cells: [`#${i}`, `${isCertain ? '' : '? '}${escapeText(symbol ?? `0x${address.toString(16)}`)}`, ''],
      tones: ['dim', isCertain ? undefined : 'dim'],
      target: { kind: 'code', address },
      place: { address, size: 1, name: escapeText(symbol ?? `0x${address.toString(16)}`), isCode: true },
    } satisfies Row,
  }))
  return stack.problem === undefined ? frames : [...frames, problemNode(`${id}/problem`, stack.problem)]
}
