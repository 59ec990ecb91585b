/** Where things are on the screen: numbers of lines and columns. */
export interface Layout {
  readonly columns: number
  readonly rows: number
  readonly stripRows: number
  /** First line of the body, and its lines. */
  readonly bodyTop: number
  readonly bodyRows: number
  /** Detail beside the list instead of below it. */
  readonly beside: boolean
}

/** Columns from which on the detail is beside the list. */
export const wideEnough = 150
/** title, tabs, breadcrumbs above; message and hints below. */
const fixedRows = 5

export function layoutFor(columns: number, rows: number, vcpus: number): Layout {
  const room = Math.max(1, Math.floor((rows - fixedRows) / 8))
  const stripRows = Math.max(1, Math.min(vcpus, room))
  return {
    columns,
    rows,
    stripRows,
    bodyTop: 3 + stripRows,
    bodyRows: Math.max(1, rows - fixedRows - stripRows),
    beside: columns >= wideEnough,
  }
}

export interface Panes {
  /** Lines of rows, without the column titles. */
  readonly listRows: number
  readonly listColumns: number
  /** 0 when there is no detail. */
  readonly detailRows: number
  readonly detailColumns: number
}

/** How list and detail share the body. `titles` is 1 where the list has a line of column titles. */
export function share(
  layout: Layout,
  {
    hasDetail,
    zoomed,
    listLength,
    titles,
  }: { hasDetail: boolean; zoomed: boolean; listLength: number; titles: number },
): Panes {
  const { bodyRows, columns, beside } = layout
  if (!hasDetail)
    return { listRows: bodyRows - titles, listColumns: columns, detailRows: 0, detailColumns: 0 }
  if (zoomed) return { listRows: 0, listColumns: 0, detailRows: bodyRows - 1, detailColumns: columns }
  if (beside) {
    const listColumns = Math.floor((columns - 1) / 2)
    return {
      listRows: bodyRows - titles,
      listColumns,
      detailRows: bodyRows - 1,
      detailColumns: columns - 1 - listColumns,
    }
  }
  // The list gets what it needs, up to somewhat more than half; the rest is the detail's, below its title.
  const most = Math.max(3, Math.floor(bodyRows * 0.55))
  const listRows = Math.min(most, Math.max(3, listLength))
  const detailRows = bodyRows - titles - listRows - 1
  if (detailRows < 2)
    return { listRows: bodyRows - titles, listColumns: columns, detailRows: 0, detailColumns: 0 }
  return { listRows, listColumns: columns, detailRows, detailColumns: columns }
}
