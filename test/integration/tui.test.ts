import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Session } from '../../src/session/session.js'
import { sharedDemo } from './support/demo-guest.js'
import { masked, TuiTerminal, tabs } from './support/tui.js'

/** Only looks: the shared guest stays as it is. */
describe('the terminal UI in a real terminal', () => {
  let vm: Session
  let terminal: TuiTerminal
  let name: string

  beforeAll(async () => {
    vm = (await sharedDemo('6.18')).session
    name = `@${vm.machine?.record.name}`
    terminal = new TuiTerminal()
    await terminal.start(name)
  })

  afterAll(() => terminal?.[Symbol.dispose]())

  it('opens every tab', async () => {
    for (const [key, shown] of [...tabs, ['0', /cryoscope: ground truth written/] as const]) {
      await terminal.tab(key)
      terminal.press(key === '0' ? 'G' : 'Home')
      await terminal.waitFor(shown)
    }
  })

  it('is walked from nothing to a field of a task context, as the page for newcomers says (task 21)', async () => {
    await terminal.tab('3')
    await terminal.filter('scx_task', /1\/1$/m)
    terminal.press('Enter')
    await terminal.waitFor(/Maps › scx_task_map/)
    await terminal.filter('demo_load', /\/demo_load +1\/\d+$/m)
    terminal.press('Tab')
    terminal.press('j', 'j', 'j')
    await terminal.waitFor(/^› +data +0x/m)
    terminal.press('Enter')
    await terminal.waitFor(/scx_task_map › scx_task_allocator\[\d+\]/)
    await terminal.waitFor(/nr_run +\d+/)
    await terminal.waitFor(/weight +\d+/)
    await terminal.back()
    await terminal.waitFor(/Maps › scx_task_map {2}/)
  })

  it('filters and sorts', async () => {
    await terminal.tab('8')
    await terminal.filter('kworker', /\/kworker/)
    await terminal.waitFor((screen) => {
      const rows = screen.split('\n').filter((line) => /^[› ][~+ ] *\d+ +\d+ +\d+ /.test(line))
      return rows.length > 0 && rows.every((line) => line.includes('kworker'))
    })
    terminal.press('Escape')
    await terminal.waitFor(/swapper\/0/)
    terminal.press('s')
    await terminal.waitFor(/── Sort by/)
    terminal.press('Enter')
    await terminal.waitFor(/PID▲/)
    terminal.press('S')
    const sorted = await terminal.waitFor(/PID▼/)
    const pids = [...sorted.matchAll(/^[› ][~+ ] *(\d+) +\d+ /gm)].map(([, pid]) => Number(pid))
    expect(pids.length).toBeGreaterThan(10)
    expect(pids).toEqual([...pids].sort((a, b) => b - a))
    terminal.press('S')
    await terminal.waitFor(/PID▲/)
  })

  it('selects, opens and scrolls by mouse', async () => {
    const lineOf = (text: RegExp): number => terminal.lines.findIndex((line) => text.test(line))
    await terminal.tab('3')
    await terminal.tab('8')
    const [tab = ''] = terminal.lines.filter((line) => /1.Over.*2.vCPU/.test(line))
    terminal.click(terminal.lines.indexOf(tab), tab.indexOf('Maps'))
    await terminal.waitFor(/3\[Maps\]/)
    terminal.press('Home')
    await terminal.waitFor(/^› +\d+ +control/m)
    terminal.click(lineOf(/^ +\d+ +pid_stats /), 6)
    await terminal.waitFor(/^› +\d+ +pid_stats /m)
    terminal.wheelDown(lineOf(/pid_stats/), 6)
    await terminal.waitFor((screen) => !/^[› ] +\d+ +control /m.test(screen))
    terminal.press('Home')
    await terminal.waitFor(/^› +\d+ +control/m)
    terminal.click(lineOf(/^ +\d+ +pid_stats /), 6)
    await terminal.waitFor(/^› +\d+ +pid_stats /m)
    terminal.click(lineOf(/^› +\d+ +pid_stats /), 6)
    await terminal.waitFor(/Maps › pid_stats/)
  })

  it('says why an action does nothing', async () => {
    await terminal.tab('8')
    terminal.press('w')
    await terminal.waitFor(/no memory of its own is under the cursor/)
  })

  it('runs a line of code with what is selected', async () => {
    await terminal.tab('3')
    await terminal.filter('pid_stats', /1\/1$/m)
    await terminal.code('_.name + vm.maps.length', new RegExp(`pid_stats${vm.maps.length}`))
    // The sentence of the check: nothing has run.
    await terminal.code('vm.mapz', /Property 'mapz' does not exist/)
    terminal.press('Escape')
  })

  it.each([
    ['Escape', 'for (;;) {}'],
    ['C-c', 'for (;;) { try { for (;;) {} } catch {} }'],
    ['Escape', 'await 1; for (;;) { try { for (;;) {} } catch {} }'],
  ])(
    'ends code that runs on by %s, and nothing that is typed meanwhile stands on the screen: %s',
    async (key, code) => {
      await terminal.tab('8')
      terminal.press(':')
      await terminal.waitFor(/^ :/m)
      terminal.line(code)
      await terminal.waitFor(/running the code.*Esc ends it/)
      terminal.type('jk')
      terminal.press(key)
      const screen = await terminal.waitFor(/! interrupted|running the code: ended/)
      expect(screen).not.toMatch(/\^\[|\^C|quit *j/)
    },
  )

  it('exports a list and copies a row', async () => {
    await terminal.tab('8')
    terminal.press('e')
    await terminal.waitFor(/── Export this list as/)
    terminal.press('j')
    await terminal.waitFor(/write to file: Tasks\.json/)
    terminal.press('Enter')
    await terminal.waitFor(/rows written to Tasks\.json/)
    const rows = JSON.parse(readFileSync(join(terminal.directory, 'Tasks.json'), 'utf8')) as unknown[]
    expect(rows.length).toBe(vm.tasks.length)
    terminal.press('y')
    await terminal.waitFor(/copied: \d+/)
    await terminal.waitFor(() => /^\d+$/.test(terminal.clipboard))
  })

  it('goes to a name, and back to what was marked (task 37)', async () => {
    await terminal.tab('3')
    terminal.press('g')
    await terminal.waitFor(/^ go to/m)
    terminal.type('demo_worker/1')
    terminal.press('Enter')
    await terminal.waitFor(/Maps › demo_worker\/1 \(pid \d+\)/)
    terminal.press('m')
    await terminal.waitFor(/mark a: /)
    await terminal.tab('8')
    terminal.press("'")
    await terminal.waitFor(/── Marks/)
    terminal.press('a')
    await terminal.waitFor(/Tasks › demo_worker\/1 \(pid \d+\)/)
  })

  it('goes to a DSQ by its id, to a place in a function, and completes symbols', async () => {
    const go = async (text: string): Promise<void> => {
      await terminal.tab('3')
      terminal.press('g')
      await terminal.waitFor(/^ go to/m)
      terminal.type(text)
    }
    await go('0x77')
    terminal.press('Enter')
    await terminal.waitFor(/Maps › DSQ 0x77 {2}/)
    await go('schedule+0x10')
    terminal.press('Enter')
    await terminal.waitFor(/Maps › schedule\+0x10 {2}/)
    await go('kthread_create_on_')
    await terminal.waitFor(/kthread_create_on_node/)
    terminal.press('Escape')
  })

  it('filters by a regular expression in a column', async () => {
    await terminal.tab('8')
    await terminal.filter('name:/^demo_worker.*\\d$/', / 1\/\d+$/m)
    const screen = await terminal.waitFor((shown) => !shown.includes('[kworker'))
    expect(screen).toMatch(/demo_worker\/\d/)
    terminal.press('Escape')
  })

  it('gives the terminal to the shell by Ctrl-Z, and comes back by fg with the guest as it was', async () => {
    await terminal.tab('8')
    terminal.press('C-z')
    await terminal.waitFor(/Stopped/)
    expect(terminal.isOpen).toBe(false)
    terminal.line('fg')
    await terminal.waitFor(/FROZEN[\s\S]*8\[Tasks\][\s\S]*q quit *$/m)
    expect(terminal.isOpen).toBe(true)
  })

  it.each([
    [40, 12],
    [170, 45],
  ])('keeps what tells rows apart on %i columns and %i lines', async (columns, rows) => {
    terminal.resize(columns, rows)
    await terminal.waitFor((screen) => screen.split('\n').length === rows + 1 && /q quit *$/m.test(screen))
    terminal.press('8')
    await terminal.waitFor(/^ Tasks/m)
    terminal.press('Home')
    await terminal.waitFor(/PID[\s\S]*NAME[\s\S]*\[swapper\/0\]/)
    terminal.press('1')
    await terminal.waitFor(/^ Overview/m)
    const told = await terminal.waitFor(/scheduler {2}[\s\S]*scx_demo/)
    const list = told.split('\n').map((line) => line.split('│')[0] ?? '')
    // Sentences are broken into lines, and nothing of them is cut away.
    for (const line of list.filter((each) => /^.{13}[!* ] \w/.test(each))) expect(line).not.toContain('…')
  })

  it.each([
    [120, 40],
    [80, 24],
    [120, 40],
  ])('looks at %i columns and %i lines as it is kept', async (columns, rows) => {
    const golden = (what: string): string => `golden/tui-${what}-${columns}x${rows}.txt`
    terminal.resize(columns, rows)
    await terminal.waitFor((screen) => screen.split('\n').length === rows + 1 && /q quit *$/m.test(screen))
    await terminal.tab('3')
    terminal.press('g')
    await terminal.waitFor(/^ go to/m)
    terminal.type('records')
    terminal.press('Enter')
    const values = await terminal.waitFor(/Maps › records .*1\/8[\s\S]*^› {3}id +0 +u32[\s\S]*q quit *$/m)
    await expect(masked(values)).toMatchFileSnapshot(golden('values'))
    terminal.press('?')
    const help = await terminal.waitFor(/── Keys[\s\S]*Esc close/)
    await expect(masked(help)).toMatchFileSnapshot(golden('help'))
    terminal.press('Escape')
    await terminal.waitFor(/q quit *$/m)
    terminal.press('-')
    const report = await terminal.waitFor(/Enter takes a report[\s\S]*q quit *$/m)
    await expect(masked(report)).toMatchFileSnapshot(golden('report'))
  })

  it('shows in its place what fails, ends on what fails everywhere, and leaves the terminal usable', async () => {
    if (!terminal.isOpen) await terminal.start(name)
    const broken =
      'Object.defineProperty(vm, "tasks", { get() { throw new TypeError("broken on purpose") } }), 1'
    await terminal.code(broken, /^ 1$/m)
    await terminal.tab('8')
    terminal.press('C-l')
    await terminal.waitFor(/broken on purpose\n[\s\S]*This is a mistake in cryoscope, not in the guest/)
    await terminal.tab('3')
    await terminal.waitFor(/scx_task_map +task_storage/)
    await terminal.code(
      'process.emit("uncaughtException", new Error("nothing goes"))',
      /the terminal UI failed: Error: nothing goes/,
    )
    await terminal.isLeft()
  })

  it.each(['SIGTERM', 'SIGHUP', 'SIGKILL', 'SIGBUS'] as const)(
    'leaves the terminal usable when it is ended by %s',
    async (signal) => {
      await terminal.start(name)
      terminal.kill(signal)
      await terminal.waitFor(() => !terminal.isOpen)
      // The shell may have written its prompt before the screen was given back.
      terminal.press('Enter')
      await terminal.isLeft()
    },
  )

  it('uses no colour where none is wanted, tells all the same, and leaves the terminal as it was', async () => {
    terminal.line('export NO_COLOR=1')
    await terminal.start(name)
    expect(terminal.isOpen).toBe(true)
    await terminal.tab('3')
    terminal.press('Home')
    const plain = await terminal.waitFor(/^› +\d+ +control/m)
    expect(plain).toMatch(/3\[Maps\]/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with one
    expect(terminal.styled).not.toMatch(/\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])/)
    await terminal.quit()
  })
})
