import { cellText, type Table } from '../table.js'
import type { Heading } from '../text/layout.js'
import { Html, html, join } from './markup.js'

export interface TableOptions {
  /** Above the table: how many there are. */
  readonly caption?: string
  /** Titles that can be clicked; the browser sorts the rows that are shown, and a box filters them. */
  readonly interactive?: boolean
  /** What a click on a title asks for, in live views: the column by its number. */
  readonly sortAction?: (column: number) => Html
  /** The column that rows are ordered by now. */
  readonly sorted?: { readonly column: number; readonly descending: boolean } | undefined
  /** What a click on a row asks for, in live views. */
  readonly rowAction?: (row: number) => Html
}

/** Rows with fewer entries need no filter. */
const worthFiltering = 8

/** How a view marks what is in a table. */
export interface RowMarks {
  /** Attributes of a title. */
  readonly title?: (column: number) => {
    readonly classes?: string
    readonly attributes?: Html | undefined
    readonly mark?: string
  }
  /** Attributes of a row. */
  readonly row?: (row: number) => Html | undefined
  /** A cell that is shown in a way of its own. */
  readonly cell?: (row: number, column: number) => Html | undefined
  /** A cell that names an object. */
  readonly link?: (object: string, text: string) => Html
  /** What stands where there is nothing. */
  readonly none?: Html
}

/** The characters of a cell that a column has room for. What has more is shown whole while it is clicked or pointed at. */
const roomy = 58

/** A table that scrolls by itself. Everything is escaped here. */
export function scrolledTable({ headings, rows }: Table, marks: RowMarks = {}): Html {
  const head = headings.map(({ title, align }, index) => {
    const { classes = '', attributes, mark = '' } = marks.title?.(index) ?? {}
    const all = `${align === 'right' ? 'r ' : ''}${classes}`.trimEnd()
    return html`<th${all === '' ? undefined : html` class="${all}"`}${attributes}>${title}${mark}</th>`
  })
  const body = rows.map((cells, row) => {
    const line = headings.map(({ align }, index) => {
      const cell = cells[index]
      const text = cellText(cell)
      const own = marks.cell?.(row, index)
      const long = own === undefined && text.length > roomy ? html` tabindex="0" title="${text}"` : undefined
      const linked = typeof cell === 'object' && cell !== null ? marks.link?.(cell.object, text) : undefined
      const shown = own ?? linked ?? (text === '' ? marks.none : text)
      return html`<td${align === 'right' ? html` class="r"` : undefined}${long}>${shown}</td>`
    })
    return html`<tr${marks.row?.(row)}>${line}</tr>`
  })
  return html`<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${join(body, '\n')}</tbody></table></div>`
}

/** A table with what it is called, for a notebook. */
export function tableHtml(
  headings: readonly Heading[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): Html {
  const { caption, interactive = false, sortAction, sorted, rowAction } = options
  const table = scrolledTable(
    { headings, rows },
    {
      title: (column) => ({
        classes: interactive || sortAction ? 's' : '',
        attributes: sortAction?.(column),
        mark: sorted?.column === column ? (sorted.descending ? ' ▾' : ' ▴') : '',
      }),
      ...(rowAction === undefined ? {} : { row: rowAction }),
    },
  )
  const filter =
    interactive && rows.length >= worthFiltering
      ? html`<input type="search" placeholder="filter" aria-label="filter">`
      : undefined
  const said = caption === undefined ? undefined : html` <span class="d">${caption}</span>`
  return html`<div class="cs-table">${filter}${said}${table}</div>${interactive ? sorter : undefined}`
}

/**
 * Sorts by a clicked title and filters by the box, in the page itself: a table that was saved works without a kernel. A
 * viewer that runs no scripts shows the table as it is.
 */
const sorter = new Html(`<script>(function(){
var all=document.querySelectorAll(".cs-table:not([data-on])");
Array.prototype.forEach.call(all,function(box){
box.dataset.on="1";var table=box.querySelector("table"),body=table.querySelector("tbody"),rows=Array.prototype.slice.call(body.children),last=-1,down=false;
function number(text){var bare=text.replace(/[*,]/g,"");return /^0x[0-9a-f]+$/i.test(bare)?Number(bare):parseFloat(bare)}
function value(row,at){return row.children[at]?row.children[at].textContent:""}
var heads=table.querySelectorAll("th");
Array.prototype.forEach.call(heads,function(th,at){th.addEventListener("click",function(){
down=last===at?!down:false;last=at;
rows.slice().sort(function(a,b){var x=value(a,at),y=value(b,at),m=number(x),n=number(y);
var order=isNaN(m)||isNaN(n)?x.localeCompare(y,"en",{numeric:true}):m-n;return down?-order:order}).forEach(function(row){body.appendChild(row)})
Array.prototype.forEach.call(heads,function(other){other.textContent=other.textContent.replace(/ [▴▾]$/,"")});
th.textContent+=down?" ▾":" ▴"})});
var input=box.querySelector("input");
if(input)input.addEventListener("input",function(){var wanted=input.value.toLowerCase();
rows.forEach(function(row){row.style.display=row.textContent.toLowerCase().indexOf(wanted)<0?"none":""})})})})()</script>`)
