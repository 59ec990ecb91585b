import { type REPLServer, Recoverable, start } from 'node:repl'
import { stripVTControlCharacters } from 'node:util'
import { wrapText } from '../../present/text/lines.js'
import type { Session } from '../../session/session.js'
import { escapeText } from '../../text.js'
import { guardTerminal } from '../terminal-guard.js'
import type { PromptTypes } from '../typescript/prompt-types.js'
import { absentText } from './absent.js'
import { Changes } from './changes.js'
import { commonPrefix, suggestionLines } from './completion-text.js'
import { errorText } from './context.js'
import { defineCommands } from './dot-commands.js'
import { Engine, type Outcome } from './engine.js'
import { explain } from './help.js'
import { keepHistory } from './history.js'
import { type ResultOptions, resultText } from './result.js'
import { showPage } from './show-page.js'
import { startTypes } from './start-types.js'

/** Milliseconds after which one is told what is waited for. */
const longWait = 300

/** Opens a prompt with `vm` bound to the session; resolves when the person has left it. */
export async function openPrompt(session: Session, welcome = greeting(session)): Promise<void> {
  // The line editor shows its prompt as soon as it is made.
  if (process.stdin.isTTY && process.stdout.isTTY) process.stdout.write(`${welcome}\n`)
  using _guard = guardTerminal()
  await new Prompt(session).run()
}

/**
 * Node's own line editor (history, Ctrl-R, several lines) in front of the engine: it decides when a piece of code is
 * whole, and everything else is the engine's.
 */
class Prompt {
  readonly #session: Session
  readonly #terminal = process.stdin.isTTY === true && process.stdout.isTTY === true
  readonly #types: PromptTypes | undefined
  readonly #engine: Engine
  readonly #server: REPLServer
  readonly #changes = new Changes()
  /** Lines of a piece of code that goes on. */
  #unfinished = ''
  #abort: AbortController | undefined
  #checks = true
  /** Lines that were typed while an earlier one was still at work. */
  readonly #ahead: string[] = []
  #isBusy = false
  /** Keeps further lines waiting; the result lets them go on. */
  readonly #hold: () => () => void

  constructor(session: Session) {
    this.#session = session
    this.#types = this.#terminal ? startTypes(session) : undefined
    this.#engine = new Engine(session, {
      types: this.#types,
      onLateError: (error) => this.#interject(errorText(error)),
    })
    this.#server = start({
      terminal: this.#terminal,
      prompt: this.#terminal ? promptOf(session) : '',
      preview: false,
      useGlobal: false,
      ignoreUndefined: true,
      eval: (code, _context, _file, done) => {
        const release = this.#hold()
        void this.#take(code, (error, result) => {
          done(error, result)
          release()
        })
      },
      writer: (text: unknown) => String(text),
      completer: (line: string, done: CompleterDone) => void this.#complete(line, done),
    })
    const show = this.#server.displayPrompt.bind(this.#server)
    this.#server.displayPrompt = (preserveCursor) => {
      if (this.#terminal && this.#unfinished === '') this.#server.setPrompt(promptOf(session))
      show(preserveCursor)
    }
    const clear = this.#server.clearBufferedCommand.bind(this.#server)
    this.#server.clearBufferedCommand = () => {
      this.#unfinished = ''
      clear()
    }
    // Lines are taken one at a time: each may take a while, and the next one belongs behind it.
    const takers = this.#server.listeners('line')
    this.#server.removeAllListeners('line')
    const takeNext = () => {
      while (!this.#isBusy && this.#ahead.length > 0) {
        const line = this.#ahead.shift()
        for (const taker of takers) taker.call(this.#server, line)
      }
    }
    this.#server.on('line', (line) => {
      this.#ahead.push(line)
      takeNext()
    })
    this.#hold = () => {
      this.#isBusy = true
      return () => {
        this.#isBusy = false
        setImmediate(takeNext)
      }
    }
    // While code runs, Ctrl-C is for the code: what it awaits, or the check before it.
    const listeners = this.#server.listeners('SIGINT')
    this.#server.removeAllListeners('SIGINT')
    this.#server.on('SIGINT', () => {
      if (this.#abort !== undefined) this.#abort.abort()
      else for (const listener of listeners) listener.call(this.#server)
    })
    defineCommands(this.#server, {
      session,
      engine: this.#engine,
      hold: this.#hold,
      print: (value, options) => this.#print(value, options),
      setChecks: (checks) => {
        this.#checks = checks
      },
    })
  }

  async run(): Promise<void> {
    const left = new Promise<void>((resolve) => this.#server.once('exit', resolve))
    if (this.#terminal) await keepHistory(this.#server)
    const ended = this.#watchEnd()
    await left
    ended()
    this.#engine.close()
    if (this.#terminal) sayGoodbye(this.#session)
  }

  async #take(code: string, done: (error: Error | null, result?: unknown) => void): Promise<void> {
    try {
      const question = /^\s*\?(.*)$/s.exec(code)
      if (question !== null) {
        await this.#show(await explain((question[1] ?? '').trim(), this.#engine))
        return done(null)
      }
      if (code.trim() === '') return done(null)
      const outcome = await this.#evaluate(code)
      if (outcome.kind === 'unfinished') {
        this.#unfinished = code
        return done(new Recoverable(new SyntaxError('it goes on')))
      }
      this.#unfinished = ''
      if (outcome.kind === 'value') {
        const absent = outcome.value === undefined ? absentText(code, this.#engine) : undefined
        if (absent === undefined) await this.#print(outcome.value)
        else process.stdout.write(`undefined: ${absent}\n`)
      } else process.stdout.write(`${outcome.text}\n`)
      done(null)
    } catch (error) {
      process.stdout.write(`${errorText(error)}\n`)
      done(null)
    }
  }

  async #evaluate(code: string): Promise<Outcome> {
    const abort = new AbortController()
    this.#abort = abort
    const slow = setTimeout(() => this.#sayLoading(), longWait)
    try {
      return await this.#engine.evaluate(code, { signal: abort.signal, check: this.#checks })
    } finally {
      clearTimeout(slow)
      this.#abort = undefined
    }
  }

  /** The first piece of code may come before TypeScript has read the kernel's types. */
  #sayLoading(): void {
    if (this.#terminal && this.#types?.isReady === false) {
      process.stdout.write('reading the types of the kernel …\n')
    }
  }

  async #print(value: unknown, options: Partial<ResultOptions> = {}): Promise<void> {
    if (value === undefined) return
    const colors = this.#terminal && process.stdout.hasColors() && !process.env.NO_COLOR
    const text = resultText(value, { colors, columns: process.stdout.columns || 80, ...options })
    if (options.full || options.hex) return await this.#show(text)
    const marked = this.#changes.mark(value, text, this.#session.target.control?.epoch ?? 0)
    const note = marked.count === 0 ? '' : `\n* ${marked.count} changed since it was shown at an earlier stop`
    await this.#show(marked.text + note)
  }

  /** Prints, page by page when it is longer than the screen. */
  async #show(text: string): Promise<void> {
    const lines = text.split('\n')
    const { rows } = process.stdout
    if (!this.#terminal || rows === undefined || lines.length < rows) {
      process.stdout.write(`${text}\n`)
      return
    }
    await showPage(
      lines.map((line) => stripVTControlCharacters(line)),
      this.#server,
    )
  }

  async #complete(line: string, done: CompleterDone): Promise<void> {
    try {
      if (line.startsWith('.')) return done(null, completeCommand(line, this.#server))
      const ask = line.replace(/^\s*\?/, (mark) => ' '.repeat(mark.length))
      const code = this.#unfinished + ask
      const { start: at, items } = await this.#engine.complete(code)
      const typed = code.slice(at)
      const names = items.map(({ name }) => name)
      const prefix = commonPrefix(names)
      if (names.length === 0) return done(null, [[], line])
      if (names.length === 1 || prefix.length > typed.length) return done(null, [[prefix], typed])
      // Node would list the bare names: types and values are what one wants to see.
      const { columns = 80, rows = 24 } = process.stdout
      process.stdout.write(`\r\n${suggestionLines(items, { columns, rows }).join('\r\n')}\r\n`)
      this.#server.prompt(true)
      done(null, [[], line])
    } catch {
      // Without types there is nothing to offer.
      done(null, [[], line])
    }
  }

  #interject(text: string): void {
    process.stdout.write(`\n${text}\n`)
    this.#server.displayPrompt(true)
  }

  /** Says at once when the guest ends; the prompt stays, to look at what is still there. */
  #watchEnd(): () => void {
    let watching = true
    void this.#session.machine?.ended.then((error) => {
      if (watching) this.#interject(`cryoscope: ${error.message}`)
    })
    return () => {
      watching = false
    }
  }
}

type CompleterDone = (error: null, result: [string[], string]) => void

/** "@vm1 (frozen)> " */
export function promptOf(session: Pick<Session, 'target' | 'state'>): string {
  const state = session.state === 'dump' ? '' : ` (${session.state})`
  return `${escapeText(session.target.name)}${state}> `
}

export function greeting(
  session: Pick<Session, 'target' | 'state'>,
  columns = process.stdout.columns || 80,
): string {
  const advice =
    session.state === 'running'
      ? ' It is running: await vm.freeze() stops it, so that what you read holds still.'
      : ''
  const offers =
    'Tab completes, ?map explains vm.map, vm.help() says what vm offers, .help what the prompt offers; Ctrl-D leaves.'
  return [`${promptOf(session).slice(0, -2)} is vm.${advice}`, offers]
    .flatMap((sentence) => wrapText(sentence, columns))
    .join('\n')
}

function sayGoodbye(session: Session): void {
  const { machine } = session
  if (machine === undefined || machine.record.owner !== null) return
  const name = `@${machine.record.name}`
  const state =
    session.state === 'frozen' ? `stays frozen; cryoscope thaw ${name} lets it run` : 'goes on running'
  process.stderr.write(`cryoscope: ${name} ${state}\n`)
}

function completeCommand(line: string, server: REPLServer): [string[], string] {
  const word = /^\.(\S*)$/.exec(line)?.[1]
  if (word === undefined) return [[], line]
  const names = Object.keys(server.commands).filter((name) => name.startsWith(word))
  return [names.map((name) => `.${name}`), line]
}
