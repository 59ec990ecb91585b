import type { BpfLink } from '../../bpf/programs/links.js'
import { detailsJson } from '../../contract/details.js'
import { type Column, numberColumn, orDash } from './column.js'

export const linkColumns: readonly Column<BpfLink>[] = [
  numberColumn('id', 'ID', ({ id }) => id),
  { key: 'type', title: 'TYPE', cell: ({ type }) => type },
  numberColumn('program', 'PROG', ({ programId }) => (programId === 0 ? undefined : programId)),
  { key: 'attach', title: 'ATTACHED AS', cell: ({ attachType }) => orDash(attachType) },
  { key: 'target', title: 'TO', cell: ({ target }) => orDash(targetText(target)) },
]

/** "mapId 12, name demo_ops" */
function targetText(target: BpfLink['target']): string {
  return Object.entries(detailsJson(target))
    .map(([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
    .join(', ')
}

/** "raw_tracepoint 3: tracepoint sched_switch". */
export function linkText({ id, type, attachType, target }: BpfLink): string {
  const { kind, name, path, detached, ...rest } = detailsJson(target)
  const what = [kind, name ?? path, detached === true ? '(detached)' : undefined]
  const ids = rest.mapId === undefined ? '' : ` (${rest.mapId})`
  const words = what.filter((word) => typeof word === 'string' && word !== '').join(' ')
  const attach = attachType === undefined ? '' : ` ${attachType}`
  return `${type} ${id}:${attach} ${words}${ids}`
}
