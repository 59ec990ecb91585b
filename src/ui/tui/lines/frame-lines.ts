import { placeText } from '../../../present/columns/vcpus.js'
import { textWidth } from '../../../present/text/fit.js'
import { escapeText } from '../../../text.js'
import { durationText } from '../../../units.js'
import type { Cockpit } from '../model/cockpit.js'
import { keyName } from '../model/keymap.js'
import { recordText } from '../model/record.js'
import { fitted, StyledLine } from './styled.js'

/** Target, kernel, accelerator, state, and how much was read while the guest stood still; what is narrow loses facts. */
export function titleLine(cockpit: Cockpit): string {
  const { vm, columns, settings } = cockpit
  const { theme } = settings
  const right = stateText(cockpit)
  const changed =
    cockpit.ledger.stops > 1 && !cockpit.isLive
      ? `~ ${cockpit.ledger.changedCount.toLocaleString('en')} changed  `
      : ''
  const room = columns - textWidth(right) - textWidth(changed) - 2
  const accelerator = vm.target.facts.accelerator ?? vm.target.facts.format
  const line = new StyledLine(theme).add(' cryoscope ', 'bar', room)
  line.add(` ${escapeText(vm.target.name)} `, 'heading', room)
  for (const [i, fact] of [cockpit.release, accelerator, `${cockpit.vcpuCount} vCPUs`].entries()) {
    const text = `${i === 0 ? '' : ' · '}${escapeText(String(fact ?? ''))}`
    if (line.width + textWidth(text) <= room) line.add(text, 'dim')
  }
  line.pad(columns - textWidth(right) - textWidth(changed) - 1)
  line.add(changed, 'changed', columns).add(right, vm.state === 'running' ? 'good' : 'accent', columns)
  return line.toString()
}

function stateText(cockpit: Cockpit): string {
  const { vm, frozenSince, sawStop, pagesRead, columns } = cockpit
  const pages = `${pagesRead.toLocaleString('en')} pages read`
  if (vm.state === 'dump') return `DUMP  ${pages}`
  if (vm.state === 'running') return 'RUNNING  live'
  const record = recordText(cockpit)
  if (record !== undefined) return `${record}  ${pages}`
  const stopped = durationText(Math.floor((Date.now() - frozenSince) / 1000) * 1000)
  return columns < 100
    ? `FROZEN ${sawStop ? '' : '≥ '}${stopped}, ${pages}`
    : `FROZEN  guest stopped ${sawStop ? '' : 'at least '}${stopped}, ${pages}`
}

/** Where each vCPU stands, what it runs; marked when it has moved. */
export function stripLines(cockpit: Cockpit): string[] {
  const { layout, columns, settings, ledger } = cockpit
  const { theme } = settings
  const lines: string[] = []
  if (cockpit.isLive) {
    lines.push(new StyledLine(theme).add(' vCPUs run: f freezes them', 'dim', columns).toString())
  } else {
    const all = cockpit.vcpus
    const perLine = Math.ceil(all.length / layout.stripRows)
    const width = Math.floor(columns / Math.max(1, perLine))
    for (let at = 0; at < all.length; at += perLine) {
      const line = new StyledLine(theme)
      for (const [i, vcpu] of all.slice(at, at + perLine).entries()) {
        const { index, cpu, task, halted } = vcpu
        const before = ledger.cellsBefore(`vcpus/${index}`)
        const moved = before !== undefined && before[2] !== escapeText(placeText(vcpu))
        const limit = width * (i + 1) - 1
        const isChosen = index === cockpit.cpu
        line.add(isChosen ? '›' : ' ', 'accent', limit)
        line.add(moved ? '~' : ' ', 'changed', limit)
        line.add(`${index}${cpu === index ? '' : `=${cpu ?? '?'}`} `, isChosen ? 'accent' : 'dim', limit)
        line.add(escapeText(placeText(vcpu)), moved ? 'changed' : 'plain', limit)
        line.add(`  ${task === undefined ? '' : escapeText(`${task.name} (${task.pid})`)}`, 'pointer', limit)
        line.add(halted === true ? ' halted' : '', 'dim', limit)
        line.pad(limit + 1)
      }
      lines.push(line.toString())
    }
  }
  while (lines.length < layout.stripRows) lines.push('')
  return lines.slice(0, layout.stripRows)
}

/** The tabs, each with its key; where they do not fit, their short names, and last only the one that is seen. */
export function tabLine(cockpit: Cockpit): string {
  const { tabs, columns, settings } = cockpit
  const { theme, keymap } = settings
  const keys = tabs.map(({ name }) => {
    const action = keymap.actions.find((candidate) => candidate.name === name)
    return action === undefined ? '' : (keymap.keysOf(action)[0] ?? '')
  })
  const widthWith = (names: readonly string[], gap: number): number =>
    names.reduce((sum, name, i) => sum + name.length + (keys[i]?.length ?? 0) + 2 + gap, gap)
  const full = tabs.map(({ title }) => title)
  const short = tabs.map((tab) => tab.short)
  const names = [full, short].find((all) => widthWith(all, 0) <= columns)
  const gap = names !== undefined && widthWith(names, 1) <= columns ? ' ' : ''
  const line = new StyledLine(theme).add(gap, 'bar')
  const places: { from: number; to: number }[] = []
  for (const [i, { title }] of tabs.entries()) {
    const from = line.width
    const isCurrent = i === cockpit.tab
    const shown = names?.[i] ?? (isCurrent ? title : '')
    line.add(keys[i] ?? '', 'bar', columns)
    line.add(
      isCurrent ? `[${shown}]` : ` ${shown} `.replace('  ', ' '),
      isCurrent ? 'selected' : 'bar',
      columns,
    )
    line.add(gap, 'bar', columns)
    places.push({ from, to: line.width })
  }
  cockpit.tabPlaces = places
  return line.pad(columns, 'bar').toString()
}

/** How one came here; filter, order and position on the right. */
export function crumbLine(cockpit: Cockpit): string {
  const { columns, settings } = cockpit
  const { theme } = settings
  const pages = cockpit.tabs[cockpit.tab]?.pages ?? []
  const { page } = cockpit
  const { list } = page
  const right = [
    ...(list.filter === '' ? [] : [`/${list.filter}`]),
    ...(list.content.note === undefined ? [] : [list.content.note]),
    positionText(list.cursor, list.length, list.complete),
  ].join('  ')
  const line = new StyledLine(theme).add(' ')
  const room = columns - textWidth(right) - 3
  // The last pages matter most: earlier ones make room for them.
  let titles = pages.map(({ view }) => view.title)
  while (titles.length > 1 && titles.reduce((sum, title) => sum + textWidth(title) + 3, 0) > room)
    titles = ['…', ...titles.slice(titles[0] === '…' ? 2 : 1)]
  for (const [i, title] of titles.entries()) {
    if (i > 0) line.add(' › ', 'dim', room)
    line.add(title, i === titles.length - 1 ? 'accent' : 'dim', room)
  }
  if (cockpit.isLive) line.add('  live', 'good', room)
  return line
    .pad(columns - textWidth(right) - 1)
    .add(right, 'dim', columns)
    .toString()
}

function positionText(cursor: number, length: number, complete: boolean): string {
  if (length === 0) return complete ? '0' : '…'
  return `${(cursor + 1).toLocaleString('en')}/${length.toLocaleString('en')}${complete ? '' : '+'}`
}

/** The prompt, the progress, or the last message. */
export function messageLine(cockpit: Cockpit): string {
  const { overlay, operation, columns, settings, message } = cockpit
  const { theme } = settings
  if (overlay?.kind === 'prompt') return promptLine(cockpit)
  const { pass } = cockpit.page.active
  const now = performance.now()
  if (operation !== undefined && now - operation.started >= operation.silent) {
    const seconds = durationText(now - operation.started)
    const line = new StyledLine(theme).add(` ${progressBar(operation.progress, now)} `, 'accent')
    return line.add(`${operation.title}, ${seconds}; Esc ends it`, 'plain', columns).toString()
  }
  if (pass !== undefined) {
    const part = pass.total === undefined || pass.total === 0 ? undefined : pass.done / pass.total
    const line = new StyledLine(theme).add(` ${progressBar(part, now)} `, 'accent')
    return line
      .add(`${pass.what}: ${pass.done.toLocaleString('en')} rows; Esc ends it`, 'plain', columns)
      .toString()
  }
  if (message !== undefined) {
    const mark = message.tone === 'problem' ? '! ' : message.tone === 'warning' ? '* ' : ''
    return new StyledLine(theme)
      .add(' ')
      .add(mark + escapeText(message.text), message.tone, columns)
      .toString()
  }
  const problems = cockpit.page.list.content.problems ?? []
  if (problems.length > 0) {
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
    return new StyledLine(theme)
      .add(' ')
      .add(`* not all could be read: ${escapeText(problems[0] ?? '')}${more}`, 'warning', columns)
      .toString()
  }
  return ''
}

const barWidth = 20

/** "[########............]"; where the end is not known, something that moves. */
function progressBar(part: number | undefined, now: number): string {
  if (part === undefined) {
    const at = Math.floor(now / 120) % (barWidth - 3)
    return `[${'.'.repeat(at)}###${'.'.repeat(barWidth - 3 - at)}]`
  }
  const filled = Math.round(Math.min(1, part) * barWidth)
  return `[${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}]`
}

function promptLine({ overlay, columns, settings }: Cockpit): string {
  if (overlay?.kind !== 'prompt') return ''
  const { theme } = settings
  const { label, editor, completions, chosen, isLooking } = overlay
  const line = new StyledLine(theme).add(` ${label}${label === ':' ? '' : ':'} `, 'accent', columns)
  // The end of a long line is what one types.
  const room = Math.max(8, columns - line.width - 2)
  const from = Math.max(0, editor.at - room + 1)
  line.add(editor.text.slice(from, editor.at), 'plain', columns)
  line.add(editor.text.charAt(editor.at) || ' ', 'selected', columns)
  line.add(editor.text.slice(editor.at + 1), 'plain', columns)
  const about = completions
    .slice(0, 8)
    .map(({ text }, i) => (i === chosen ? `[${text}]` : text))
    .join('  ')
  if (about !== '') line.add(`   ${escapeText(about)}`, 'dim', columns)
  else if (isLooking) line.add('   … looking for what can be meant', 'dim', columns)
  return line.toString()
}

/** Keys that do something here, from the table of keys. */
export function hintLine(cockpit: Cockpit): string {
  const { columns, settings, overlay } = cockpit
  const { theme, keymap } = settings
  const line = new StyledLine(theme).add(' ')
  const add = (key: string, text: string) => {
    const gap = line.width > 1 ? '  ' : ''
    if (line.width + gap.length + textWidth(key) + 1 + textWidth(text) > columns) return
    line.add(gap).add(key, 'accent').add(` ${text}`, 'dim')
  }
  if (overlay?.kind === 'prompt') {
    add('Enter', 'take it')
    add('Esc', 'leave it')
    if (overlay.complete !== undefined) add('Tab', 'complete')
    if (overlay.history.length > 0) add('↑', 'earlier lines')
  } else if (overlay !== undefined) {
    add('Esc', 'close')
    add('↑↓', overlay.kind === 'menu' ? 'choose' : 'scroll')
    if (overlay.kind === 'menu') add('Enter', 'take it')
  } else {
    // Whoever knows the way to help and out finds the rest.
    const always = keymap.actions.filter(({ name }) => name === 'help' || name === 'quit')
    const others = keymap.actions.filter((action) => !always.includes(action))
    const room = columns - 17
    for (const action of [...others, ...always]) {
      const [key] = keymap.keysOf(action)
      if (action.hint === undefined || key === undefined || action.unavailable?.(cockpit) !== undefined)
        continue
      const text = typeof action.hint === 'string' ? action.hint : action.hint(cockpit)
      const width = textWidth(keyName(key)) + textWidth(text) + 3
      if (always.includes(action) || line.width + width <= room) add(keyName(key), text)
    }
  }
  return line.toString()
}

/** A line between list and detail, with what the detail is of. */
export function ruleLine(title: string, columns: number, focused: boolean, cockpit: Cockpit): string {
  const { theme } = cockpit.settings
  const line = new StyledLine(theme)
    .add('── ', 'dim')
    .add(title, focused ? 'accent' : 'heading', columns - 4)
    .add(' ', 'dim')
  const list = cockpit.page.detail?.list
  const position =
    list === undefined || list.length <= cockpit.detailHeight ? '' : ` ${list.cursor + 1}/${list.length} ─`
  const rest = Math.max(0, columns - line.width - textWidth(position))
  return line.add('─'.repeat(rest) + position, 'dim', columns).toString()
}

export { fitted }
