import type { Allocator } from '../../../bpf/allocators/allocator.js'
import type { Arena } from '../../../bpf/arena/arena.js'
import { liveElements } from '../../../present/columns/allocators.js'
import { arenaColumns } from '../../../present/columns/arenas.js'
import { countText } from '../../../present/columns/containers.js'
import { noneFound } from '../../../present/none-found.js'
import { figureText, problemText } from '../../../problems.js'
import { escapeText } from '../../../text.js'
import { sizeText } from '../../../units.js'
import type { Desk } from '../model/desk.js'
import type { Content, Row } from '../model/row.js'
import type { Target } from '../model/target.js'
import { type TreeNode, TreeRows } from '../model/tree.js'
import type { View } from '../model/view.js'
import { tableContent } from './table-content.js'
import { factNode, partsOf, problemNode, valueColumns } from './value-tree.js'

const pageSize = 4096
const pagesPerRow = 64

export function arenasView(desk: Desk): View {
  return {
    title: 'Arenas',
    load: () =>
      tableContent(
        arenaColumns,
        desk.vm.arenas,
        arenaRow,
        noneFound(
          desk.vm.problems,
          'BPF arena',
          'No BPF arena: programs that share memory with user space, such as schedulers of scx, make one.',
        ),
      ),
    detail(row, opened) {
      if (row.target?.kind !== 'arena') return undefined
      return { title: row.copy ?? '', content: arenaContent(desk, desk.vm.arena(row.target.id), opened) }
    },
  }
}

function arenaRow(arena: Arena): Omit<Row, 'cells' | 'sort'> {
  return {
    id: `arenas/${arena.id}`,
    name: `arena ${escapeText(arena.name)}`,
    target: { kind: 'arena', id: arena.id },
    value: () => arena,
    copy: escapeText(arena.name),
  }
}

export function arenaView(desk: Desk, target: Extract<Target, { kind: 'arena' }>): View {
  return {
    title: escapeText(desk.vm.arena(target.id).name),
    target,
    load: (opened) => arenaContent(desk, desk.vm.arena(target.id), opened),
  }
}

function arenaContent(desk: Desk, arena: Arena, opened: Set<string>): Content {
  const id = `arena:${arena.id}`
  const { pages, window, allocatedPages, globals } = arena
  const held = `${pages.length} pages with memory (${sizeText(pages.length * pageSize)})`
  const given =
    allocatedPages === undefined ? '' : `, ${allocatedPages} handed out of ${window.declaredPages}`
  const nodes: TreeNode[] = [
    factNode(`${id}/pages`, 'pages', held + given, { tones: ['dim'] }),
    ...mapNodes(arena),
    ...(globals === undefined
      ? []
      : [
          {
            row: {
              id: `${id}/globals`,
              cells: ['globals', escapeText(arena.globalSections[0]?.evidence ?? ''), ''],
              tone: 'heading',
              tones: [undefined, 'dim'],
              inert: true,
            } satisfies Row,
            parts: () => partsOf(desk, `${id}/globals`, globals),
          },
        ]),
    ...arena.allocators.map((allocator) => allocatorNode(id, allocator)),
    ...arena.containers.map((container) =>
      factNode(
        `${id}/container-${container.name}`,
        'container',
        `${escapeText(container.name)}: ${container.kind}, ${countText(container)}`,
        {
          tones: ['dim', container.problems.length > 0 ? 'warning' : 'pointer'],
          target: { kind: 'container', arena: arena.id, name: container.name },
        },
      ),
    ),
    ...arena.users.map(({ id: program, name }) =>
      factNode(`${id}/user-${program}`, 'used by', escapeText(name), {
        tones: ['dim', 'pointer'],
        target: { kind: 'program', id: program },
      }),
    ),
    ...arena.problems.map((problem, i) => problemNode(`${id}/problem-${i}`, problemText(problem))),
  ]
  return { columns: valueColumns, rows: new TreeRows(nodes, opened), empty: '', untitled: true }
}

function allocatorNode(id: string, allocator: Allocator): TreeNode {
  const { name, kind } = allocator
  const text = `${escapeText(name)}: ${kind}, ${figureText(liveElements(allocator))} live`
  return factNode(`${id}/allocator-${name}`, 'allocator', text, {
    tones: ['dim', 'pointer'],
    target: { kind: 'allocator', name },
  })
}

/** The page map: a character for each page, rows without any left out. */
function mapNodes(arena: Arena): TreeNode[] {
  const { window } = arena
  const present = new Set(arena.pages)
  const free = arena.freeRanges
  const isFree = (page: number) => free?.some(({ first, last }) => page >= first && page <= last) ?? true
  const rows = [...new Set(arena.pages.map((page) => Math.floor(page / pagesPerRow)))]
  const shown = rows.slice(0, 64).map((row) => {
    const first = row * pagesPerRow
    let line = ''
    for (let page = first; page < Math.min(first + pagesPerRow, window.declaredPages); page++) {
      line += present.has(page) ? '#' : isFree(page) ? '.' : 'o'
    }
    const start = arena.pages.find((page) => page >= first) ?? first
    const address = window.userAddress(window.first + start * pageSize)
    return factNode(`arena:${arena.id}/page-${first}`, `+${first}`, line, {
      tones: ['dim', 'pointer'],
      target: { kind: 'bytes', address },
    })
  })
  const more =
    rows.length > 64
      ? [
          factNode(`arena:${arena.id}/more`, '', `… ${rows.length - 64} more lines`, {
            tone: 'dim',
            inert: true,
          }),
        ]
      : []
  const legend = factNode(
    `arena:${arena.id}/legend`,
    '',
    '# memory   . free   o handed out, not touched yet; Enter shows the memory',
    { tone: 'dim', inert: true },
  )
  return rows.length === 0 ? [] : [legend, ...shown, ...more]
}

/** An object in an arena: what it is, and its value where the type is known. */
export function arenaPlaceView(desk: Desk, target: Extract<Target, { kind: 'arena-place' }>): View {
  const arena = desk.vm.arena(target.arena)
  const described = arena.describe(arena.window.userAddress(target.place))
  return {
    title: escapeText(described.object?.name ?? described.text),
    target,
    load(opened) {
      const now = desk.vm.arena(target.arena)
      const address = now.window.userAddress(target.place)
      const { object, text, page } = now.describe(address)
      const what = object?.name ?? `0x${address.toString(16)}`
      const id = `arena:${target.arena}/${target.place} ${escapeText(what)}`
      const nodes: TreeNode[] = [
        factNode(
          `${id}/at`,
          'address',
          `0x${address.toString(16)}, ${escapeText(text)}${page === 'present' ? '' : `: its page is ${page}`}`,
          {
            tones: ['dim', 'pointer'],
            target: { kind: 'bytes', address },
          },
        ),
      ]
      if (object !== undefined) {
        const slot = /^(.*)\[(\d+)\]$/.exec(object.name)
        const known = slot === null ? undefined : now.allocators.find(({ name }) => name === slot[1])
        if (known !== undefined && slot !== null) {
          nodes.push(
            factNode(
              `${id}/slot`,
              'slot',
              `${escapeText(object.name)}, ${object.state ?? ''}; ${escapeText(known.payload.evidence)}`,
              {
                tones: ['dim', 'pointer'],
                target: { kind: 'slot', allocator: known.name, index: Number(slot[2]) },
              },
            ),
          )
        } else if (object.state !== undefined)
          nodes.push(factNode(`${id}/state`, 'state', object.state, { tones: ['dim'] }))
        if (object.type !== undefined) {
          const start = now.window.userAddress(object.place + object.header)
          nodes.push(...partsOf(desk, id, now.at(start, object.type)))
        } else
          nodes.push(
            factNode(`${id}/type`, 'type', 'not known: its bytes are at the address', {
              tone: 'dim',
              inert: true,
            }),
          )
      }
      return { columns: valueColumns, rows: new TreeRows(nodes, opened), empty: '' }
    },
  }
}
