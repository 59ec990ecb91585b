import type { Cockpit } from './cockpit.js'
import { crumbAt } from './crumbs.js'
import type { ListModel } from './list.js'
import { tabLine } from './tab-line.js'

/** Scrolls the pane under the wheel; the pane that has the keys keeps them. */
export function wheel(cockpit: Cockpit, row: number, column: number, lines: number): void {
  const { page, panes } = cockpit
  if (page.detail !== undefined && isDetail(cockpit, row, column))
    page.detail.list.scroll(lines, panes.detailRows)
  else page.list.scroll(lines, panes.listRows)
}

/** Selects a tab or a row, and does with the selected row what Enter does. */
export function click(cockpit: Cockpit, row: number, column: number): void {
  const { page, panes, layout, bodyTop } = cockpit
  const tabRow = layout.bodyTop - 2 + (cockpit.hasTimeLine ? 1 : 0)
  if (row === tabRow) {
    const tab = tabLine(cockpit).find(({ from, to }) => column >= from && column < to)
    if (tab !== undefined) cockpit.selectTab(tab.index)
    return
  }
  if (row === bodyTop - 1) {
    const number = crumbAt(cockpit, column)
    if (number !== undefined) cockpit.backTo(number)
    return
  }
  const detail = isDetail(cockpit, row, column) ? page.detail?.list : undefined
  const list: ListModel = detail ?? page.list
  const titles = page.list.content.untitled ? 0 : 1
  const first =
    detail === undefined
      ? bodyTop + titles
      : bodyTop + (layout.beside || page.zoomed ? 1 : titles + panes.listRows + 1)
  const position = list.top + row - first - (detail?.content.untitled === false ? 1 : 0)
  if (row < first || position >= list.length) return
  const focus = detail === undefined ? 'list' : 'detail'
  const again = list.cursor === position && page.focus === focus
  page.focus = focus
  list.moveTo(position, detail === undefined ? panes.listRows : panes.detailRows)
  if (again) cockpit.key('enter')
}

function isDetail({ layout, panes, page, bodyTop }: Cockpit, row: number, column: number): boolean {
  if (page.zoomed) return true
  if (layout.beside) return column > panes.listColumns
  return row >= bodyTop + (page.list.content.untitled ? 0 : 1) + panes.listRows
}
