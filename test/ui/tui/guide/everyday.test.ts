import { describe, expect } from 'vitest'
import { commandActions } from '../../../../src/ui/tui/model/commands.js'
import { keyTable } from '../../../../src/ui/tui/model/key-table.js'
import { Keymap } from '../../../../src/ui/tui/model/keymap.js'
import type { Engine } from '../../../../src/ui/tui/model/parts.js'
import type { Row } from '../../../../src/ui/tui/model/row.js'
import { themes } from '../../../../src/ui/tui/style/theme.js'
import { listView, TestScreen, tabOf } from '../support/screen.js'
import { codeWorld, screenOf } from './code-world.js'
import { task } from './task.js'

const columns = [{ title: 'NAME', identifies: true }, { title: 'CPU' }] as const
const things = ['schedule_work', 'do_schedule', 'schedule', 'kworker/0', 'kworker/1'].map(
  (name, i): Row => ({ id: `t/${i}`, cells: [name, String(i % 2)], value: () => ({ name, big: 2n ** 40n }) }),
)
const names = (screen: TestScreen): string[] =>
  screen.lines.flatMap((line) => /^[› ] +([a-z_/0-9]+) +[01]$/.exec(line.trimEnd())?.[1] ?? [])

describe('what everybody does all day', () => {
  task(31, 'filter by a regular expression', async () => {
    using screen = new TestScreen([tabOf(listView(columns, things))])
    await screen.type('//^k.*\\d/\r')
    expect(names(screen)).toEqual(['kworker/0', 'kworker/1'])
  })

  task(32, 'leave rows out', async () => {
    using screen = new TestScreen([tabOf(listView(columns, things))])
    await screen.type('/!kworker !work\r')
    expect(names(screen)).toEqual(['do_schedule', 'schedule'])
  })

  task(33, 'look in one column', async () => {
    using screen = new TestScreen([tabOf(listView(columns, things))])
    await screen.type('/cpu:1\r')
    expect(names(screen)).toEqual(['do_schedule', 'kworker/0'])
  })

  task(34, 'find a symbol by its name: what is called just that comes first', async () => {
    using screen = new TestScreen([tabOf(listView(columns, things))])
    await screen.type('/schedule\r')
    expect(names(screen)).toEqual(['schedule', 'schedule_work', 'do_schedule'])
    using symbols = await screenOf(codeWorld().vm)
    await symbols.type('9/counter\r')
    expect(symbols.text).toMatch(/^› +counter +data/m)
  })

  task(35, 'see a row as JSON', async () => {
    using screen = new TestScreen([tabOf(listView(columns, things))])
    await screen.type('J')
    expect(screen.text).toMatch(/── JSON/)
    expect(screen.text).toMatch(/"name": "schedule_work"/)
    expect(screen.text).toMatch(/"big": "?1099511627776/)
  })

  task(36, 'go back to any page by which you came', async () => {
    using screen = await screenOf(codeWorld().vm)
    await screen.type('gdemo_called\r')
    await screen.type('gcounter\r')
    await screen.type('gdemo_task\r')
    expect(screen.text).toMatch(/Overview › demo_called › counter › demo_task \(pid 7\)/)
    await screen.type('H')
    expect(screen.text).toMatch(/── The way here/)
    await screen.type('k\r')
    expect(screen.text).toMatch(/^ Overview › demo_called {2}/m)
    await screen.type('gcounter\r')
    const line = screen.lines.findIndex((text) => text.startsWith(' Overview ›'))
    const column = (screen.lines[line] ?? '').indexOf('demo_called')
    await screen.type(`\x1b[<0;${column + 2};${line + 1}M`)
    expect(screen.text).toMatch(/^ Overview › demo_called {2}/m)
  })

  // Task 37 is done in a real terminal; task 38 is a test of the screen.

  task(39, 'give a line of TypeScript a key of its own', async () => {
    const { actions, keys } = commandActions({
      load: { keys: ['j'], code: 'vm.load(_)', text: 'the load of the row' },
    })
    const asked: unknown[] = []
    const keymap = new Keymap([...keyTable, ...actions], keys)
    using screen = new TestScreen([tabOf(listView(columns, things))], { settings: { keymap } })
    screen.cockpit.engine = {
      evaluate: async (code: string, selected: unknown) => {
        asked.push([code, selected])
        return 'it is 42'
      },
    } as unknown as Engine
    await screen.type('j')
    await screen.until(/it is 42/)
    expect(asked).toEqual([['vm.load(_)', { name: 'schedule_work', big: 2n ** 40n }]])
    await screen.type('?')
    await screen.type('/load of')
    expect(screen.text).toMatch(/Yours\n +j +the load of the row/)
  })

  task(40, 'choose another theme', async () => {
    using screen = new TestScreen([tabOf(listView(columns, things))])
    await screen.type('T')
    expect(screen.text).toMatch(/── Theme/)
    await screen.type('j\r')
    expect(screen.cockpit.settings.theme).toBe(themes.light)
    expect(screen.text).toMatch(/theme light; "theme": "light" in keys.json keeps it/)
    await screen.type('T')
    expect(screen.text).toMatch(/^.*light +now/m)
    await screen.type('\x1b')
    expect(screen.text).toMatch(/^› schedule_work/m)
    // One's own colours are in each.
    const settings = { colours: { name: 'red', good: '#00ff00' }, theme: themes.dark }
    using own = new TestScreen([tabOf(listView(columns, things))], { settings })
    await own.type('Tj\r')
    expect(own.cockpit.settings.theme).toEqual({
      ...themes.light,
      name: { color: 'red' },
      good: { color: '#00ff00' },
    })
    await own.type('Tjj\r')
    expect(own.cockpit.settings.theme).toMatchObject({
      good: { color: '#00ff00' },
      pointer: { underline: true },
    })
  })
})
