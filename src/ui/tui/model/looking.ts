import { homedir } from 'node:os'
import { CryoscopeError } from '../../../errors.js'
import { writeOutputFile } from '../../../output-file.js'
import { escapeText } from '../../../text.js'
import { clipboard } from '../terminal/clipboard.js'
import { nameOfRow } from './changes.js'
import type { Cockpit } from './cockpit.js'
import { type ExportForm, exportText, fileNamed } from './export.js'
import { findTargets } from './goto.js'
import type { ListModel } from './list.js'
import type { Mark } from './parts.js'
import { ArrayRows, type Row } from './row.js'
import { isSameTarget } from './target.js'

/** What Enter does with the row under the cursor; undefined when it does nothing. */
export function enterHint({ page, selected }: Cockpit): string | undefined {
  if (selected === undefined) return undefined
  if (selected.target !== undefined) return 'open'
  if (selected.act !== undefined) return 'do it'
  if (selected.expanded !== undefined) return selected.expanded ? 'close' : 'open'
  return page.focus === 'list' && page.lastDetail !== undefined ? 'to its fields' : undefined
}

export function follow(cockpit: Cockpit): void {
  const { page } = cockpit
  const row = cockpit.selected
  const list = page.active
  if (row?.target !== undefined) {
    try {
      cockpit.open(row.target)
    } catch (error) {
      if (!(error instanceof CryoscopeError)) throw error
      cockpit.say(error.message, 'warning')
    }
    return
  }
  if (row?.act !== undefined) {
    row.act()
    return
  }
  const index = list.index(list.cursor)
  if (index !== undefined && list.content.rows.toggle?.(index)) return
  if (page.focus === 'list' && page.detail !== undefined) page.focus = 'detail'
  else cockpit.say('nothing to follow here: this is a plain value')
}

/** Opens a branch of a tree, or scrolls to the right. */
export function right(cockpit: Cockpit): void {
  const list = cockpit.page.active
  const index = list.index(list.cursor)
  if (index === undefined) return
  const row = cockpit.selected
  if (row?.expanded === false) list.content.rows.toggle?.(index, true)
  else if (row?.expanded === true) list.moveBy(1, cockpit.height)
  else scrollRight(cockpit, list)
}

/** Shows what has no room: the next column of a table, the rest of a text. */
function scrollRight(cockpit: Cockpit, list: ListModel): void {
  const { panes, page, layout } = cockpit
  const columns =
    (page.focus === 'detail' || (page.zoomed && !layout.beside) ? panes.detailColumns : panes.listColumns) - 2
  if (list.scrolls === 'columns') {
    if (list.placed(columns).after > 0) list.shift++
    else cockpit.say('the last column is shown')
  } else if (list.isCutAt(columns)) list.shift += 8
  else cockpit.say('all of it is shown')
}

/** Closes a branch of a tree, goes to what it hangs below, or scrolls to the left. */
export function left(cockpit: Cockpit): void {
  const list = cockpit.page.active
  const index = list.index(list.cursor)
  if (list.shift > 0) {
    list.shift = Math.max(0, list.shift - (list.scrolls === 'columns' ? 1 : 8))
    return
  }
  if (index === undefined) return
  if (cockpit.selected?.expanded === true) list.content.rows.toggle?.(index, false)
  else {
    const parent = list.content.rows.parent?.(index)
    if (parent !== undefined && !list.isOrdered) list.moveTo(parent, cockpit.height)
  }
}

export function filter(cockpit: Cockpit): void {
  const list = cockpit.page.active
  const before = list.filter
  cockpit.prompt('filter', () => {}, {
    text: before,
    change: (text) => list.setFilter(text, cockpit.height),
    cancel: () => list.setFilter(before, cockpit.height),
  })
}

export function sort(cockpit: Cockpit): void {
  const list = cockpit.page.active
  const { columns } = list.content
  const items = columns.flatMap(({ title }, column) => {
    if (title === '') return []
    const isCurrent = list.sorting?.column === column
    const descending = isCurrent && list.sorting?.descending === false
    const about = isCurrent ? (list.sorting?.descending ? 'now descending' : 'now ascending') : ''
    return [{ label: title, about, run: () => list.setSorting({ column, descending }, cockpit.height) }]
  })
  if (items.length === 0) cockpit.say('this list has one order only')
  else {
    const natural = { label: '(own order)', about: '', run: () => list.setSorting(undefined, cockpit.height) }
    cockpit.menu('Sort by', [...items, natural], 0)
  }
}

export function reverse(cockpit: Cockpit): void {
  const list = cockpit.page.active
  const { column, descending } = list.sorting ?? { column: 0, descending: false }
  list.setSorting({ column, descending: !descending }, cockpit.height)
}

export function goto(cockpit: Cockpit): void {
  cockpit.prompt(
    'go to (name, address, symbol, type or pid)',
    (text) => {
      const found = findTargets(cockpit, text.trim())
      const [only] = found
      if (only === undefined) cockpit.say(`nothing is called ${escapeText(text.trim())}`, 'warning')
      else if (found.length === 1) cockpit.open(only.target)
      else {
        cockpit.menu(
          `What of ${escapeText(text.trim())}`,
          found.map(({ label, about, target }) => ({ label, about, run: () => cockpit.open(target) })),
        )
      }
    },
    {
      history: cockpit.history.goto,
      complete: (text) =>
        text.trim() === ''
          ? []
          : findTargets(cockpit, text.trim(), 6).map(({ name, about }) => ({ text: name, from: 0, about })),
    },
  )
}

/** Remembers the row under the cursor, or the page, under a letter. */
export function mark(cockpit: Cockpit): void {
  const { page } = cockpit
  const row = cockpit.selected
  const tab = cockpit.tabs[cockpit.tab]?.name
  const target =
    row?.target ?? page.view.target ?? (tab === undefined ? undefined : { kind: 'tab' as const, tab })
  if (target === undefined) {
    cockpit.say('this row leads nowhere that could be marked', 'warning')
    return
  }
  const title = row?.target === undefined ? page.view.title : titleOf(row)
  for (const [letter, known] of cockpit.marks) {
    if (isSameTarget(known.target, target)) {
      cockpit.marks.delete(letter)
      cockpit.say(`mark ${letter} is gone`)
      return
    }
  }
  const letter = [...'abcdefghijklmnopqrstuvwxyz'].find((candidate) => !cockpit.marks.has(candidate))
  if (letter === undefined) {
    cockpit.say('all 26 marks are taken', 'warning')
    return
  }
  const made: Mark = { letter, title, target }
  cockpit.marks.set(letter, made)
  cockpit.say(`mark ${letter}: ${title} (' lists the marks)`, 'good')
}

/** What a person calls the row: its name, or the first that stands in it. */
function titleOf(row: Row): string {
  const [first = ''] = row.cells.map((cell) => cell.trim()).filter((cell) => cell !== '')
  return row.name ?? (row.id.includes(' ') ? nameOfRow(row) : first)
}

export function marks(cockpit: Cockpit): void {
  if (cockpit.marks.size === 0) cockpit.say('no marks yet: m marks what is under the cursor')
  else {
    cockpit.menu(
      'Marks',
      [...cockpit.marks.values()].map(({ letter, title, target }) => ({
        label: title,
        key: letter,
        run: () => cockpit.open(target),
      })),
    )
  }
}

/** Copies by OSC 52, which the terminal must allow. */
export function copy(cockpit: Cockpit): void {
  const row = cockpit.selected
  if (row === undefined) {
    cockpit.say('nothing is under the cursor', 'warning')
    return
  }
  const text =
    row.copy ??
    row.cells
      .filter((cell) => cell !== '')
      .join('  ')
      .trim()
  cockpit.settings.control?.(clipboard(text))
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
  cockpit.say(`copied: ${shown}`, 'good')
}

export function exportView(cockpit: Cockpit): void {
  const forms: readonly { readonly form: ExportForm; readonly about: string }[] = [
    { form: 'json', about: 'values with their types' },
    { form: 'csv', about: 'the columns, for spreadsheets' },
    { form: 'txt', about: 'as it is on the screen, uncut' },
  ]
  cockpit.menu(
    'Export this list as',
    forms.map(({ form, about }) => ({
      label: form.toUpperCase(),
      key: form.charAt(0),
      about,
      run: () => askFile(cockpit, form),
    })),
  )
}

function askFile(cockpit: Cockpit, form: ExportForm): void {
  const { page } = cockpit
  const name = page.view.title.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^-+|-+$/g, '') || 'view'
  cockpit.prompt('write to file', (file) => writeExport(cockpit, form, fileNamed(file.trim(), homedir())), {
    text: `${name}.${form}`,
  })
}

function writeExport(cockpit: Cockpit, form: ExportForm, file: string): void {
  const list = cockpit.page.active
  cockpit.operate(`exporting to ${escapeText(file)}`, async (signal, progress) => {
    const rows: Row[] = []
    for (let position = 0; ; position++) {
      const row = list.row(position)
      if (row === undefined) break
      rows.push(row)
      if (position % 256 === 0) {
        await new Promise(setImmediate)
        signal.throwIfAborted()
        const { bound } = list.content.rows
        if (bound !== undefined && bound > 0) progress(Math.min(1, position / bound))
      }
    }
    await writeOutputFile(file, [exportText(form, list.content.columns, rows)], {
      isSecret: true,
      mustBeNew: true,
    })
    return `${rows.length} ${rows.length === 1 ? 'row' : 'rows'} written to ${escapeText(file)}`
  })
}

/** What differs from the stop before, as a page of its own. */
export function differences(cockpit: Cockpit): void {
  cockpit.push({
    title: 'changes',
    // What is read in the background, and at the next stop, joins it.
    restless: true,
    load: () => ({
      columns: [
        { title: 'WHAT', tone: 'name', identifies: true },
        { title: 'BEFORE', tone: 'dim' },
        { title: 'NOW', tone: 'changed' },
      ],
      rows: new ArrayRows(
        cockpit.ledger.differences.map(({ id, name, before, now, target }) => ({
          id: `changes/${id}`,
          cells: [name, before ?? '-', now],
          inert: true,
          ...(target === undefined ? {} : { target }),
        })),
      ),
      empty:
        cockpit.ledger.stops < 2
          ? 'There is no stop before this one yet: step (n), advance (a) or thaw and freeze (f), then look again.'
          : cockpit.recording.isGoing
            ? 'Comparing with the stop before …'
            : 'Nothing of what was read differs from the stop before.',
    }),
  })
}
