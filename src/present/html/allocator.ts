import type { Allocation, Allocator } from '../../bpf/allocators/allocator.js'
import type { SlotState } from '../../bpf/allocators/slots.js'
import { figureText } from '../../problems.js'
import type { ObjectValue, Value } from '../../value/types.js'
import { type Html, html } from './markup.js'
import { valueTree } from './value-tree.js'

export interface AllocatorOptions {
  /** Live allocations that are listed. */
  readonly allocations?: number
  /** Squares of the occupancy picture. */
  readonly squares?: number
}

const colours: Readonly<Record<SlotState, string>> = {
  live: 'var(--cs-accent)',
  'in-flight': 'var(--cs-warn)',
  recycled: 'var(--cs-dim)',
  free: 'var(--cs-faint)',
  torn: 'var(--cs-bad)',
  reserved: 'var(--cs-line)',
  unreadable: 'var(--cs-bad)',
}
/** Of several slots that share a square, the state that says most is shown. */
const strength: readonly SlotState[] = [
  'unreadable',
  'torn',
  'in-flight',
  'live',
  'recycled',
  'reserved',
  'free',
]
const linesPerValue = 40
const mostDangling = 20

/** An allocator: how full it is, slot by slot, what leaked or dangles, and its live allocations as trees. */
export function allocatorHtml(allocator: Allocator, options: AllocatorOptions = {}): Html {
  const leaked = new Set(allocator.leaks.map(({ index }) => index))
  const list = allocationList(allocator, leaked, options.allocations ?? 25)
  return html`${allocatorState(allocator, options)}${list}${danglingList(allocator)}`
}

/** How full it is, slot by slot, and what is wrong. */
export function allocatorState(allocator: Allocator, options: AllocatorOptions = {}): Html {
  const { reading, leaks, dangling, problems } = allocator
  const { slots, regions } = reading
  const states = [...new Set(slots.states)]
  const counts = states.map(
    (state) =>
      html`<span class="chip"><span class="cell" style="display:inline-block;background:${colours[state]}"></span> ${figureText(slots.count(state))} ${state}</span>`,
  )
  const wrong = [
    leaks.length > 0 && html`<span class="chip bad">${leaks.length} leaked</span>`,
    dangling.length > 0 && html`<span class="chip bad">${dangling.length} dangling references</span>`,
    problems.length > 0 && html`<span class="chip warn">${problems.length} problems</span>`,
  ]
  const title = html`<div class="h">${allocator.name} <span class="d">${allocator.kind} in arena ${allocator.arena.name}</span></div>`
  const regionRows = regions.map(({ name, length, used }) => {
    const share = used === undefined || length === 0 ? undefined : used / length
    const bar =
      share === undefined
        ? undefined
        : html`<span class="bar" style="width:${Math.round(share * 200)}px"></span>`
    return html`<div class="lane"><span class="n d">${name}</span>${bar}<span class="d">${used ?? '-'} of ${length} bytes</span></div>`
  })
  return html`${title}<div>${counts}${wrong}</div>${occupancy(allocator, options.squares ?? 512)}${regionRows}`
}

function occupancy({ reading: { slots } }: Allocator, squares: number): Html | undefined {
  if (slots.length === 0) return undefined
  const each = Math.ceil(slots.length / squares)
  const cells: Html[] = []
  for (let start = 0; start < slots.length; start += each) {
    const end = Math.min(slots.length, start + each)
    const held = new Set(slots.states.slice(start, end))
    const state = strength.find((candidate) => held.has(candidate)) ?? 'free'
    const first = slots.indexes[start] ?? start
    const name =
      each === 1 ? `slot ${first}: ${state}` : `slots ${first}–${slots.indexes[end - 1] ?? end}: ${state}`
    cells.push(html`<span class="cell" style="background:${colours[state]}" title="${name}"></span>`)
  }
  return html`<div class="grid" style="grid-template-columns:repeat(auto-fill,10px);max-width:48em;margin:6px 0">${cells}</div>`
}

function allocationList(allocator: Allocator, leaked: ReadonlySet<number>, most: number): Html {
  const shown: Html[] = []
  let count = 0
  for (const allocation of allocator.allocations('live')) {
    count++
    if (shown.length < most) shown.push(allocationHtml(allocation, leaked.has(allocation.index)))
  }
  const more =
    count > shown.length
      ? html`<div class="leaf d">… ${count - shown.length} more live allocations; browse(…) pages through all</div>`
      : undefined
  return html`${shown}${more}`
}

function allocationHtml({ index, address, size, value }: Allocation, isLeaked: boolean): Html {
  const place = address === undefined ? '' : ` 0x${address.toString(16)}`
  const mark = isLeaked ? html` <span class="bad">leaked: nothing refers to it</span>` : undefined
  const head = html`<span class="m">[${index}] <span class="a">${place}</span> <span class="d">${size} bytes</span></span>${mark}`
  if (value === undefined || !isObject(value)) return html`<div class="leaf">${head}</div>`
  return html`<details><summary>${head} <span class="d m">${value.$type}</span></summary><div class="kids">${valueTree(value, { lines: linesPerValue, linesOfPointer: 0 })}</div></details>`
}

function danglingList({ dangling }: Allocator): Html | undefined {
  if (dangling.length === 0) return undefined
  const rows = dangling
    .slice(0, mostDangling)
    .map(({ from, why }) => html`<div class="leaf m"><span class="bad">${from}</span> ${why}</div>`)
  return html`<div class="h bad">references to what is not handed out</div>${rows}`
}

function isObject(value: Value): value is ObjectValue {
  return typeof value === 'object' && '$kind' in value && value.$kind !== 'unreadable'
}
