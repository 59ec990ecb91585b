import { execFileSync } from 'node:child_process'
import { delay } from '../../../src/machine/wait.js'

const usualPatience = 60_000

/** A real terminal (tmux, with a server of its own) in which a command runs under a shell. */
export class Terminal implements Disposable {
  static #made = 0
  readonly #patience: number
  readonly #socket = `cryoscope-test-${process.pid}-${Terminal.#made++}`

  /** The shell's prompt is "ready$ ". */
  constructor(
    columns: number,
    rows: number,
    environment: Readonly<Record<string, string>> = {},
    patience = usualPatience,
  ) {
    this.#patience = patience
    const words = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
    const shell = [
      'env',
      '-u',
      'NO_COLOR',
      'LC_ALL=C.UTF-8',
      'PS1=ready$ ',
      'TERM=screen-256color',
      ...words,
      'bash',
      '--norc',
      '--noprofile',
    ]
    this.#tmux(
      '-f',
      '/dev/null',
      'new-session',
      '-d',
      '-s',
      't',
      '-x',
      `${columns}`,
      '-y',
      `${rows}`,
      ...shell,
    )
    this.#tmux('set-option', '-g', 'escape-time', '5')
    this.#tmux('set-option', '-g', 'history-limit', '0')
  }

  /** Types text, as it is. */
  type(text: string): void {
    this.#tmux('send-keys', '-t', 't', '-l', text)
  }

  /** Presses keys by tmux's names: Enter, Escape, BSpace, Tab, Up, C-n; single characters are themselves. */
  press(...keys: readonly string[]): void {
    this.#tmux('send-keys', '-t', 't', ...keys)
  }

  /** Types a line and Enter. */
  line(text: string): void {
    this.type(text)
    this.press('Enter')
  }

  /** Presses and releases the left button at a line and column of the screen, both from 0. */
  click(row: number, column: number): void {
    const place = `${column + 1};${row + 1}`
    this.type(`\x1b[<0;${place}M\x1b[<0;${place}m`)
  }

  /** Turns the wheel down by a notch over a place of the screen. */
  wheelDown(row: number, column: number): void {
    this.type(`\x1b[<65;${column + 1};${row + 1}M`)
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-t', 't', '-x', `${columns}`, '-y', `${rows}`)
  }

  /** What is on the screen. */
  get screen(): string {
    return this.#tmux('capture-pane', '-p', '-t', 't')
  }

  get lines(): string[] {
    return this.screen.replace(/\n$/, '').split('\n')
  }

  /** The same with its escape sequences. */
  get styled(): string {
    return this.#tmux('capture-pane', '-p', '-e', '-t', 't')
  }

  /** A variable of the pane: `alternate_on`, `cursor_flag`. */
  variable(name: string): string {
    return this.#tmux('display-message', '-p', '-t', 't', `#{${name}}`).trim()
  }

  /** Text that a program put into the clipboard by OSC 52. */
  get clipboard(): string {
    return this.#tmux('show-buffer')
  }

  allowClipboard(): void {
    this.#tmux('set-option', '-s', 'set-clipboard', 'on')
  }

  /** Waits until the screen shows it; fails with the screen when it does not. */
  async waitFor(wanted: RegExp | ((screen: string) => boolean)): Promise<string> {
    const end = performance.now() + this.#patience
    for (;;) {
      const { screen } = this
      if (typeof wanted === 'function' ? wanted(screen) : wanted.test(screen)) return screen
      if (performance.now() > end) throw new Error(`the screen never showed ${String(wanted)}:\n${screen}`)
      await delay(40)
    }
  }

  [Symbol.dispose](): void {
    try {
      this.#tmux('kill-server')
    } catch {
      // It went with its last shell.
    }
  }

  #tmux(...words: readonly string[]): string {
    return execFileSync('tmux', ['-L', this.#socket, ...words], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }
}
