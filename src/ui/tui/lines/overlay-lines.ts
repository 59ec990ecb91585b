import type { Cockpit } from '../model/cockpit.js'
import type { Menu, Reading } from '../model/overlay.js'
import { StyledLine } from './styled.js'

/** A menu, or a text to be read. */
export function overlayLines(cockpit: Cockpit, overlay: Menu | Reading): string[] {
  return overlay.kind === 'menu' ? menuLines(cockpit, overlay) : readingLines(cockpit, overlay)
}

function menuLines(cockpit: Cockpit, { title, items, cursor }: Menu): string[] {
  const { columns, settings, layout } = cockpit
  const { theme } = settings
  const head = new StyledLine(theme)
    .add('── ', 'dim')
    .add(title, 'accent', columns - 4)
    .add(' ', 'dim')
  const lines = [head.add('─'.repeat(Math.max(0, columns - head.width)), 'dim').toString()]
  const rows = Math.max(1, layout.bodyRows - 1)
  const top = Math.max(0, Math.min(cursor - rows + 1, items.length - rows))
  const widest = Math.max(...items.map(({ label }) => label.length))
  for (const [i, { label, about = '', key }] of items.entries()) {
    if (i < top || i >= top + rows) continue
    const isSelected = i === cursor
    const line = new StyledLine(theme).add(isSelected ? '› ' : '  ', isSelected ? 'selected' : 'plain')
    if (items.some((item) => item.key !== undefined))
      line.add(`${key ?? ' '}  `, isSelected ? 'selected' : 'accent')
    line.add(label.padEnd(Math.min(widest, 40)), isSelected ? 'selected' : 'plain', columns)
    line.add(`   ${about}`, isSelected ? 'selected' : 'dim', columns)
    lines.push((isSelected ? line.pad(columns, 'selected') : line).toString())
  }
  return lines
}

function readingLines(cockpit: Cockpit, reading: Reading): string[] {
  const { columns, settings, layout } = cockpit
  const { theme } = settings
  const all = reading.lines(columns - 4)
  const rows = Math.max(1, layout.bodyRows - 1)
  reading.top = Math.max(0, Math.min(reading.top, all.length - rows))
  const shown = all.slice(reading.top, reading.top + rows)
  const position =
    all.length > rows ? ` ${reading.top + 1}-${reading.top + shown.length} of ${all.length} ` : ''
  const head = new StyledLine(theme)
    .add('── ', 'dim')
    .add(reading.title, 'accent', columns - 24)
    .add(' ', 'dim')
  head
    .add('─'.repeat(Math.max(0, columns - head.width - position.length)), 'dim')
    .add(position, 'dim', columns)
  const lines = shown.map((line) => {
    const isHead = line !== '' && !line.startsWith(' ')
    // Results may be coloured already; only plain lines are cut.
    if (line.includes('\x1b')) return `  ${line}`
    return new StyledLine(theme)
      .add('  ')
      .add(line, isHead && reading.title === 'Keys' ? 'heading' : 'plain', columns)
      .toString()
  })
  const filled = [head.toString(), ...lines]
  while (filled.length < layout.bodyRows) filled.push('')
  return filled
}
