import type { Cockpit } from '../model/cockpit.js'
import type { ListModel } from '../model/list.js'
import { paint } from '../style/theme.js'
import { fitted, ruleLine } from './frame-lines.js'
import { type ListFrame, listLines } from './list-lines.js'
import { overlayLines } from './overlay-lines.js'

/** The list and the detail of what is under the cursor; menus and texts to be read lie over them. */
export function bodyLines(cockpit: Cockpit): string[] {
  const { page, panes, layout, settings } = cockpit
  const { theme } = settings
  const { overlay } = cockpit
  if (overlay?.kind === 'reading') return overlayLines(cockpit, overlay)
  const frame = (list: ListModel, columns: number, rows: number): ListFrame => ({
    columns,
    rows,
    focused: page.active === list,
    theme,
    ledger: cockpit.ledger,
    compare: !cockpit.isLive,
  })
  const { detail } = page
  const lines: string[] = []
  if (panes.detailRows === 0 || detail === undefined) {
    lines.push(...listLines(page.list, frame(page.list, layout.columns, panes.listRows)))
  } else {
    const rule = ruleLine(detail.title, panes.detailColumns, page.focus === 'detail', cockpit)
    const titled = detail.list.content.untitled === true ? 0 : 1
    const below = [
      rule,
      ...listLines(
        detail.list,
        frame(detail.list, panes.detailColumns, Math.max(0, panes.detailRows - titled)),
      ),
    ]
    if (page.zoomed) lines.push(...below)
    else {
      const above = listLines(page.list, frame(page.list, panes.listColumns, panes.listRows))
      if (layout.beside) lines.push(...beside(above, below, panes.listColumns, paint(theme, 'dim', '│')))
      else lines.push(...above, ...below)
    }
  }
  while (lines.length < layout.bodyRows) lines.push('')
  const cut = lines.slice(0, layout.bodyRows)
  return overlay?.kind === 'menu' ? over(cut, overlayLines(cockpit, overlay)) : cut
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with one
const styles = /\x1b\[[0-9;]*m/g

function beside(left: readonly string[], right: readonly string[], width: number, rule: string): string[] {
  const rows = Math.max(left.length, right.length)
  return Array.from({ length: rows }, (_, i) => {
    const text = left[i] ?? ''
    const space = fitted('', Math.max(0, width - fittedWidth(text)))
    return `${text}${space}${rule}${right[i] ?? ''}`
  })
}

function fittedWidth(text: string): number {
  return [...text.replace(styles, '')].length
}

/** The last lines give way to the menu. */
function over(lines: readonly string[], menu: readonly string[]): string[] {
  return [...lines.slice(0, Math.max(0, lines.length - menu.length)), ...menu].slice(-lines.length)
}
