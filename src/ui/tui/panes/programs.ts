import type { BpfProgram } from '../../../bpf/program.js'
import { lineText, signature } from '../../../bpf/programs/listing-text.js'
import type { Program } from '../../../bpf/programs/program-object.js'
import { countsRuns } from '../../../bpf/programs/statistics.js'
import { quietly } from '../../../errors.js'
import { type Column, numberColumn } from '../../../present/columns/column.js'
import { linkText } from '../../../present/columns/links.js'
import { programColumns } from '../../../present/columns/programs.js'
import { noneFound } from '../../../present/none-found.js'
import { figureText, problemText } from '../../../problems.js'
import { escapeText } from '../../../text.js'
import { nanosecondsText } from '../../../units.js'
import type { Desk } from '../model/desk.js'
import { ArrayRows, type Row } from '../model/row.js'
import { sparkline } from '../model/sparkline.js'
import type { Target } from '../model/target.js'
import { type TreeNode, TreeRows } from '../model/tree.js'
import type { View } from '../model/view.js'
import { codeColumns, rowsOf } from './code.js'
import { tableContent, tableRows } from './table-content.js'
import { factNode, problemNode, valueColumns } from './value-tree.js'

/** The catalogue's columns, with how fast each runs between the last two looks. */
function ratedColumns({ rates }: Desk): Column<BpfProgram>[] {
  const rate = ({ id, runCount, runTime }: BpfProgram) =>
    runCount === undefined || runTime === undefined
      ? undefined
      : rates.note(`prog:${id}`, [runCount, runTime])
  const trailText = (program: BpfProgram): string => {
    const trail = rates.trail(`runs:${program.id}`, rate(program)?.[0])
    return trail.length > 2 ? sparkline(trail.slice(-12)) : ''
  }
  const rated: Column<BpfProgram>[] = [
    numberColumn(
      'rate',
      'RUNS/S',
      (program) => rate(program)?.[0],
      (program) => rateText(rate(program)?.[0]),
    ),
    numberColumn(
      'share',
      'CPU %',
      (program) => rate(program)?.[1],
      (program) => percentText(rate(program)?.[1]),
    ),
    { key: 'trend', title: 'LAST LOOKS', cell: trailText },
  ]
  const columns = programColumns.filter(({ key }) => key !== 'maps')
  const at = columns.findIndex(({ key }) => key === 'missed')
  return [...columns.slice(0, at), ...rated, ...columns.slice(at)]
}

function rateText(rate: number | undefined): string {
  if (rate === undefined) return '-'
  return rate >= 100 ? Math.round(rate).toLocaleString('en') : Number(rate.toPrecision(2)).toString()
}

/** Nanoseconds per second, as a share of one CPU. */
function percentText(nanoseconds: number | undefined): string {
  return nanoseconds === undefined ? '-' : (nanoseconds / 1e7).toFixed(2)
}

export function programsView(desk: Desk): View {
  return {
    title: 'Programs',
    load() {
      const content = tableContent(
        ratedColumns(desk),
        desk.vm.progs,
        programRow,
        noneFound(
          desk.vm.problems,
          'BPF program',
          'This kernel holds no BPF program. boot --run ./my_scheduler starts one in a guest.',
        ),
      )
      const counts = quietly(() => countsRuns(desk.vm.kernel))
      return counts === false
        ? {
            ...content,
            note: 'runs are not counted: sysctl kernel.bpf_stats_enabled=1 in the guest turns that on',
          }
        : content
    },
    detail(row, opened) {
      if (row.target?.kind !== 'program') return undefined
      const { id } = row.target
      return {
        title: row.copy ?? '',
        content: {
          columns: valueColumns,
          rows: new TreeRows(factNodes(desk, id), opened),
          empty: '',
          untitled: true,
        },
      }
    },
  }
}

function programRow(program: BpfProgram): Omit<Row, 'cells' | 'sort'> {
  const { id, name } = program
  return {
    id: `progs/${id}`,
    name: `program ${escapeText(name)}`,
    target: { kind: 'program', id },
    value: () => program,
    copy: escapeText(name),
  }
}

/** Without rates, which differ always. */
export function programRecords(desk: Desk): Iterable<Row> {
  return tableRows(ratedColumns(desk), desk.vm.progs, programRow)
}

function factNodes(desk: Desk, id: number): TreeNode[] {
  const program = desk.vm.prog(id)
  const key = `prog:${id}`
  const { runCount, runTime, timePerRun: time } = program
  const nodes: TreeNode[] = [
    factNode(`${key}/xlated`, 'xlated', `${program.xlatedSize / 8} instructions as the verifier left them`, {
      tones: ['dim', 'pointer'],
      target: { kind: 'listing', program: id, form: 'xlated' },
    }),
    program.jitedAddress === 0n
      ? factNode(`${key}/jited`, 'jited', 'no: it is interpreted', { tones: ['dim'] })
      : factNode(`${key}/jited`, 'jited', `${figureText(program.jitedSize)} bytes of machine code`, {
          tones: ['dim', 'pointer'],
          target: { kind: 'listing', program: id, form: 'jited' },
        }),
    factNode(
      `${key}/runs`,
      'runs',
      time === undefined || runCount === undefined || runTime === undefined
        ? 'none counted'
        : `${runCount.toLocaleString('en')} in ${nanosecondsText(runTime)}, ${nanosecondsText(BigInt(Math.round(time)))} each`,
      { tones: ['dim'] },
    ),
    ...program.mapIds.map((map) =>
      factNode(`${key}/map-${map}`, 'map', escapeText(quietly(() => desk.vm.map(map).name) ?? String(map)), {
        tones: ['dim', 'pointer'],
        target: { kind: 'map', id: map },
      }),
    ),
    ...program.structOps.map((member, i) =>
      factNode(`${key}/ops-${i}`, 'struct_ops', escapeText(`${member.member} of ${member.mapName}`), {
        tones: ['dim', 'pointer'],
        target: { kind: 'map', id: member.mapId },
      }),
    ),
    ...program.links.map((link) =>
      factNode(`${key}/link-${link.id}`, 'link', escapeText(linkText(link)), { tones: ['dim'] }),
    ),
    factNode(`${key}/tag`, 'tag', program.tag, { tones: ['dim'] }),
    factNode(`${key}/aux`, 'struct bpf_prog', `0x${program.address.toString(16)}`, {
      tones: ['dim', 'pointer'],
      target: {
        kind: 'value',
        title: `bpf_prog of ${program.name}`,
        id: `${key}/struct`,
        read: () => desk.vm.at(program.address, 'struct bpf_prog'),
      },
    }),
  ]
  for (const [i, { where, why }] of program.problems.entries())
    nodes.push(problemNode(`${key}/problem-${i}`, `${where}: ${why}`))
  return nodes
}

export function programView(desk: Desk, target: Extract<Target, { kind: 'program' }>): View {
  return {
    title: escapeText(desk.vm.prog(target.id).name),
    target,
    load: (opened) => ({
      columns: valueColumns,
      rows: new TreeRows(factNodes(desk, target.id), opened),
      empty: '',
      untitled: true,
    }),
  }
}

/** Instructions with their source lines; maps and symbols can be followed. */
export function listingView(desk: Desk, target: Extract<Target, { kind: 'listing' }>): View {
  return {
    title: target.form,
    target,
    load() {
      const program = desk.vm.prog(target.program)
      const rows =
        target.form === 'xlated'
          ? [...xlatedRows(desk, program)]
          : [...rowsOf(desk, program.jited, `jited:${program.id}`)].map(({ row }) => row)
      return {
        columns: codeColumns,
        rows: new ArrayRows(rows),
        empty: 'The instructions cannot be read.',
        problems: program.problems.map(problemText),
      }
    },
  }
}

function* xlatedRows({ vm }: Desk, program: Program): Generator<Row> {
  const key = `xlated:${program.id}`
  for (const { index, text, function: start, line, map, symbol } of program.xlated) {
    if (start?.type !== undefined)
      yield { id: `${key}/f${index}`, cells: ['', signature(start), ''], tone: 'heading', inert: true }
    if (line !== undefined)
      yield { id: `${key}/l${index}`, cells: ['', lineText(line), ''], tone: 'dim', inert: true }
    const offset = map?.offset === undefined ? '' : `+0x${map.offset.toString(16)}`
    const address = symbol === undefined ? undefined : quietly(() => vm.kernel.findSymbol(symbol))
    const follow: Target | undefined =
      map !== undefined
        ? { kind: 'map', id: map.id }
        : address === undefined
          ? undefined
          : { kind: 'address', address }
    yield {
      id: `${key}/${index}`,
      cells: [
        String(index),
        escapeText(text),
        map === undefined ? escapeText(symbol ?? '') : `${escapeText(map.name)}${offset}`,
      ],
      inert: true,
      ...(follow === undefined ? {} : { target: follow }),
    }
  }
}
