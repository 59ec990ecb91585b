import { EventEmitter } from 'node:events'
import { render } from 'ink'
import { createElement } from 'react'
import type { Session } from '../../../../src/session/session.js'
import { App } from '../../../../src/ui/tui/components/App.js'
import { Cockpit } from '../../../../src/ui/tui/model/cockpit.js'
import { keyTable } from '../../../../src/ui/tui/model/key-table.js'
import { Keymap } from '../../../../src/ui/tui/model/keymap.js'
import type { Parts, Settings, TabEntry } from '../../../../src/ui/tui/model/parts.js'
import { ArrayRows, type Content, type Row } from '../../../../src/ui/tui/model/row.js'
import type { View } from '../../../../src/ui/tui/model/view.js'
import { themes } from '../../../../src/ui/tui/style/theme.js'

export interface FakeTarget {
  readonly name?: string
  readonly problems?: readonly string[]
  readonly vcpus?: readonly unknown[]
  readonly state?: 'frozen' | 'running' | 'dump'
  readonly more?: object
}

/** As much of a session as the screen around the panes asks for. */
export function fakeSession({
  name = 'vmcore',
  problems = [],
  vcpus = [],
  state = 'dump',
  more = {},
}: FakeTarget = {}): Session {
  const control = state === 'dump' ? undefined : { state, epoch: 1 }
  const target = { name, facts: { format: 'ELF core' }, problems, vcpus: () => vcpus, control }
  const kernel = { release: '6.18.0', space: { pagesRead: 7 } }
  return { target, targetProblems: problems, state, vcpus, kernel, ...more } as unknown as Session
}

export function tabOf(view: View, name = 'overview'): TabEntry {
  return { name, title: 'Overview', short: 'Over', open: () => view }
}

export function listView(columns: Content['columns'], rows: readonly Row[], more: Partial<View> = {}): View {
  return { title: 'Things', load: () => ({ columns, rows: new ArrayRows(rows), empty: 'none' }), ...more }
}

export interface ScreenOptions {
  readonly columns?: number
  readonly rows?: number
  readonly session?: Session
  readonly settings?: Partial<Settings>
  /** How targets are opened; nothing opens unless told. */
  readonly open?: Parts['open']
}

/** The whole terminal UI on tabs of a test, drawn by Ink into text. */
export class TestScreen implements Disposable {
  readonly cockpit: Cockpit
  readonly #output: FakeOutput
  readonly #input = new FakeInput()
  readonly #unmount: () => void

  constructor(
    tabs: readonly TabEntry[],
    {
      columns = 80,
      rows = 24,
      session = fakeSession(),
      settings = {},
      open = () => {
        throw new Error('no page opens here')
      },
    }: ScreenOptions = {},
  ) {
    this.#output = new FakeOutput(columns, rows)
    const parts = { tabs, open, recorders: [] }
    const keymap = new Keymap(keyTable)
    this.cockpit = new Cockpit(session, parts, { keymap, theme: themes.none, ...settings })
    this.cockpit.resize(columns, rows)
    this.cockpit.refresh()
    // In its debug mode Ink writes each frame whole.
    const ink = render(createElement(App, { cockpit: this.cockpit }), {
      stdout: this.#output as unknown as NodeJS.WriteStream,
      stdin: this.#input as unknown as NodeJS.ReadStream,
      debug: true,
      exitOnCtrlC: false,
      patchConsole: false,
    })
    this.#unmount = () => ink.unmount()
  }

  /** Types, as a terminal sends it, and waits until that is drawn. */
  async type(text: string): Promise<void> {
    this.#input.type(text)
    await this.rest()
  }

  async rest(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 30))
  }

  /** Waits until something stands on the screen. */
  async until(text: RegExp): Promise<string> {
    for (let tries = 0; !text.test(this.text) && tries < 60; tries++) await this.rest()
    if (!text.test(this.text)) throw new Error(`${text} does not come:\n${this.text}`)
    return this.text
  }

  /** What stands on the screen, without styles. */
  get lines(): string[] {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences start with one
    return this.#output.frame.replace(/\x1b\[[0-9;]*m/g, '').split('\n')
  }

  get text(): string {
    return this.lines.join('\n')
  }

  /** Frames drawn so far. */
  get frames(): number {
    return this.#output.frames
  }

  [Symbol.dispose](): void {
    this.#unmount()
    this.cockpit.stop()
  }
}

class FakeOutput extends EventEmitter {
  readonly isTTY = true
  readonly width: number
  readonly height: number
  frame = ''
  frames = 0

  constructor(width: number, height: number) {
    super()
    this.width = width
    this.height = height
  }

  get columns(): number {
    return this.width
  }

  get rows(): number {
    return this.height + 1
  }

  redraw(): void {}

  write(frame: string): boolean {
    this.frame = frame
    this.frames++
    return true
  }
}

class FakeInput extends EventEmitter {
  readonly isTTY = true
  #typed: string[] = []

  type(text: string): void {
    this.#typed.push(text)
    this.emit('readable')
  }

  read(): string | null {
    return this.#typed.shift() ?? null
  }

  setEncoding(): void {}
  setRawMode(): void {}
  ref(): void {}
  unref(): void {}
}
