import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Terminal } from './terminal.js'

const command = new URL('../../../bin/cryoscope.js', import.meta.url).pathname

/** Every tab: its key, and something of the demo on its first page. */
export const tabs: readonly (readonly [key: string, shown: RegExp])[] = [
  ['1', /scheduler {2}.*scx_demo is loaded/],
  ['2', /^ {2}VCPU +WHERE[\s\S]*\brip +0x[0-9a-f]{16}|▾ code/m],
  ['3', /scx_task_map +task_storage/],
  ['4', /demo_enqueue +struct_ops/],
  ['5', /arena +0x[0-9a-f]+ +\d+ +\d+/],
  ['6', /scx_task_allocator +sdt +struct task_ctx/],
  ['7', /▾ Dispatch queues \(\d+\)/],
  ['8', /\[swapper\/0\]/],
  ['9', /struct list_head +struct/],
  ['-', /Enter takes a report/],
]

/** The terminal UI in a real terminal, with a directory of its own for its settings and what it writes. */
export class TuiTerminal extends Terminal {
  readonly directory: string

  constructor(columns = 120, rows = 40) {
    const directory = mkdtempSync(join(tmpdir(), 'cryoscope-tui-'))
    super(columns, rows, { XDG_CONFIG_HOME: directory, XDG_STATE_HOME: directory })
    this.directory = directory
    this.allowClipboard()
    this.line(`cd ${directory}`)
  }

  /** Starts it on a target; `words` are further arguments. */
  async start(target: string, ...words: readonly string[]): Promise<void> {
    this.line(`clear; ${[process.execPath, command, 'tui', target, ...words].join(' ')}`)
    await this.waitFor(/Overview.*\n.*scheduler {2}/s)
  }

  /** Leaves what lies over the panes, filters and pages, back to the first page of a tab. */
  async tab(key: string): Promise<void> {
    this.press('Escape')
    this.press(key)
    await this.waitFor((screen) => tabLine(screen).includes(`${key}[`))
    while (crumbs(this.screen).includes(' › ')) await this.back()
  }

  /** A page back. */
  async back(): Promise<void> {
    const before = crumbs(this.screen)
    this.press('BSpace')
    await this.waitFor((screen) => crumbs(screen) !== before)
  }

  /** Types a filter and takes it. */
  async filter(text: string, found: RegExp): Promise<void> {
    this.press('/')
    await this.waitFor(/^ filter:/m)
    this.press('C-u')
    this.type(text)
    await this.waitFor(found)
    this.press('Enter')
    await this.waitFor((screen) => !/^ filter:/m.test(screen))
  }

  /** Filters, and goes down to the row that begins so. */
  async find(text: string, row: RegExp): Promise<void> {
    await this.filter(text, row)
    const selected = new RegExp(`^›${row.source}`, 'm')
    for (let n = 0; n < 20 && !selected.test(this.screen); n++) {
      const before = this.screen
      this.press('Down')
      await this.waitFor((screen) => screen !== before)
    }
    await this.waitFor(selected)
  }

  /** Runs a line of code. */
  async code(text: string, shown: RegExp): Promise<void> {
    this.press(':')
    await this.waitFor(/^ :/m)
    this.type(text)
    this.press('Enter')
    await this.waitFor(shown)
  }

  /** Sends it a signal, as others do. */
  kill(signal: NodeJS.Signals): void {
    const shell = this.variable('pane_pid')
    const [child] = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ')
    process.kill(Number(child), signal)
  }

  /** Leaves it, to the prompt of the shell. */
  async quit(): Promise<void> {
    this.press('Escape')
    this.press('q')
    await this.isLeft()
  }

  /** Whether it has the screen. */
  get isOpen(): boolean {
    return this.variable('alternate_on') === '1'
  }

  /** The terminal is as it was before: the first screen, a prompt, a cursor, no mouse, and what is typed is seen. */
  async isLeft(): Promise<void> {
    await this.waitFor(() => !this.isOpen)
    await this.waitFor(/^ready\$ *$/m)
    await this.waitFor(() => this.variable('cursor_flag') === '1' && this.variable('mouse_any_flag') === '0')
    this.line('clear; stty -a | grep -ow -e "-*icanon" -e "-*echo"; echo "typed" again')
    await this.waitFor(/^icanon\necho\ntyped again$/m)
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]()
    rmSync(this.directory, { recursive: true, force: true })
  }
}

const tabRow = (lines: readonly string[]): number => lines.findIndex((line) => /1.Over.*2.vCPU/.test(line))

function tabLine(screen: string): string {
  const lines = screen.split('\n')
  return lines[tabRow(lines)] ?? ''
}

/** The way from the first page of the tab to what is seen. */
export function crumbs(screen: string): string {
  const lines = screen.split('\n')
  return (lines[tabRow(lines) + 1] ?? '').replace(/ {2}.*/, '')
}

/** A screen from its tabs down, without what differs from guest to guest: addresses. */
export function masked(screen: string): string {
  const lines = screen.replace(/\n+$/, '').split('\n')
  const shown = lines
    .slice(tabRow(lines))
    .map((line) => line.replace(/0x[0-9a-f]+/g, (address) => `0x${'#'.repeat(address.length - 2)}`).trimEnd())
  return `${shown.join('\n')}\n`
}
