import { formatLog } from '../../../kernel/dmesg.js'
import { escapeText } from '../../../text.js'
import { themes, withColours } from '../style/theme.js'
import type { Cockpit } from './cockpit.js'
import { exportText } from './export.js'

/** What is behind the row, as the JSON that an export would write of it. */
export function showJson(cockpit: Cockpit): void {
  const row = cockpit.selected
  if (row === undefined) {
    cockpit.say('nothing is under the cursor', 'warning')
    return
  }
  const [only = ''] = [exportText('json', cockpit.page.active.content.columns, [row])]
  // One row needs no brackets around it.
  const lines = only.trim().split('\n').slice(1, -1)
  cockpit.read('JSON', () => lines.map((line) => escapeText(line.slice(2))))
}

/** The pages by which one came here, to go back to any of them. */
export function showWay(cockpit: Cockpit): void {
  const pages = cockpit.tabs[cockpit.tab]?.pages ?? []
  cockpit.menu(
    'The way here',
    pages.map(({ view: { title } }, i) => ({ label: title, run: () => cockpit.backTo(i) })),
    Math.max(0, pages.length - 2),
  )
}

/** The kernel log, also of a guest that runs. */
export function showLog(cockpit: Cockpit): void {
  const { vm } = cockpit
  cockpit.open({
    kind: 'text',
    title: 'Kernel log',
    read: () => formatLog(vm.dmesg).trimEnd().split('\n').map(escapeText),
  })
  const { page } = cockpit
  page.list.toEnd(cockpit.height)
}

/** Offers the themes. */
export function chooseTheme(cockpit: Cockpit): void {
  const { settings } = cockpit
  const now = JSON.stringify(settings.theme)
  cockpit.menu(
    'Theme',
    Object.entries(themes).map(([name, plain]) => {
      const theme = withColours(plain, settings.colours ?? {})
      return {
        label: name,
        about: JSON.stringify(theme) === now ? 'now' : '',
        run: () => {
          settings.theme = theme
          cockpit.say(`theme ${name}; "theme": "${name}" in keys.json keeps it`)
        },
      }
    }),
  )
}
