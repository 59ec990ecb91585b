import { types } from 'node:util'
import { render } from 'ink'
import { quietly } from '../../errors.js'
import { Disassembler } from '../../present/machine-code/disassembler.js'
import type { Session } from '../../session/session.js'
import { guardTerminal } from '../terminal-guard.js'
import { App } from './components/App.js'
import { makeEngine } from './engine.js'
import { Cockpit } from './model/cockpit.js'
import { keyTable } from './model/key-table.js'
import { Keymap } from './model/keymap.js'
import { parts } from './panes/tabs.js'
import { readPreferences } from './preferences.js'
import { type ThemeName, themes } from './style/theme.js'
import { InputParser } from './terminal/input.js'
import { LineFrames } from './terminal/line-frames.js'
import { Screen } from './terminal/screen.js'
import { startTour } from './tour.js'

export interface TuiOptions {
  readonly theme?: ThemeName | undefined
  readonly mouse?: boolean | undefined
  readonly tour?: boolean | undefined
}

/** An escape that nothing follows within this time is the Escape key. */
const escapeMilliseconds = 25
/** In which a frame is certain to be drawn. */
const frameMilliseconds = 60

/** Opens the terminal UI on a session; resolves when the person has left it, with the terminal as it was. */
export async function openTui(session: Session, options: TuiOptions = {}): Promise<void> {
  const preferences = readPreferences()
  const colours = process.env.NO_COLOR ? 'none' : (options.theme ?? preferences.theme ?? 'dark')
  const keymap = new Keymap(keyTable, preferences.keys, preferences.file)
  const screen = new Screen(process.stdout, options.mouse ?? preferences.mouse ?? true)
  let leave = () => {}
  const left = new Promise<void>((resolve) => {
    leave = resolve
  })
  const cockpit = new Cockpit(session, parts, {
    theme: themes[colours],
    keymap,
    control: (sequence) => screen.control(sequence),
    quit: () => leave(),
  })
  const typing = { isPending: () => false }
  const engine = makeEngine(
    session,
    (sentence) => cockpit.say(sentence.split('\n')[0] ?? '', 'problem'),
    async () => {
      // Code may let nothing else run: what ends it has to stand on the screen before, and keys that came have to be known.
      do await new Promise((resolve) => setTimeout(resolve, frameMilliseconds))
      while (typing.isPending())
    },
  )
  cockpit.engine = engine
  cockpit.resize(screen.columns, screen.rows)
  if (options.tour) startTour(cockpit)
  const guard = guardTerminal()
  const stopInput = readInput(cockpit, typing)
  const restore = () => {
    stopInput()
    screen.restore()
    guard.screen(false)
  }
  // Whatever ends the process, the terminal is put back first.
  process.on('exit', restore)
  const signals = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const
  const end = (signal: NodeJS.Signals) => {
    restore()
    ended = signal
    leave()
  }
  let ended: NodeJS.Signals | undefined
  for (const signal of signals) process.on(signal, end)
  const fail = (error: unknown) => {
    restore()
    process.stderr.write(
      `cryoscope: the terminal UI failed: ${types.isNativeError(error) ? (error.stack ?? error.message) : String(error)}\n`,
    )
    failure = error
    leave()
  }
  let failure: unknown
  process.on('uncaughtException', fail)
  guard.screen(true)
  screen.open()
  screen.on('resize', () => cockpit.resize(screen.columns, screen.rows))
  const frames = new LineFrames(
    (lines) => screen.show(lines),
    () => screen.rows,
  )
  // In its debug mode Ink writes each frame as a whole and at once; the screen sends what differs.
  const ink = render(<App cockpit={cockpit} frames={frames} />, {
    stdout: frames as unknown as NodeJS.WriteStream,
    stdin: process.stdin,
    debug: true,
    exitOnCtrlC: false,
    patchConsole: false,
  })
  cockpit.start()
  Disassembler.load(quietly(() => session.kernel.space.format.architecture) ?? 'x86_64').then(
    (disassembler) => {
      cockpit.disassembler = disassembler
      cockpit.refresh(true)
      cockpit.changed()
    },
    () => {},
  )
  try {
    await left
  } finally {
    cockpit.stop()
    engine.close()
    restore()
    guard[Symbol.dispose]()
    ink.unmount()
    process.off('exit', restore)
    for (const signal of signals) process.off(signal, end)
    process.off('uncaughtException', fail)
  }
  if (failure !== undefined) process.exitCode = 1
  if (ended !== undefined) process.kill(process.pid, ended)
}

/** Gives the cockpit what the person types; the result ends that. */
function readInput(cockpit: Cockpit, typing: { isPending: () => boolean }): () => void {
  const { stdin } = process
  const parser = new InputParser()
  typing.isPending = () => parser.pending
  let timer: NodeJS.Timeout | undefined
  const listener = (chunk: string) => {
    clearTimeout(timer)
    for (const input of parser.feed(chunk)) cockpit.input(input)
    if (parser.pending) {
      timer = setTimeout(() => {
        for (const input of parser.flush()) cockpit.input(input)
      }, escapeMilliseconds)
    }
  }
  stdin.setEncoding('utf8')
  stdin.setRawMode?.(true)
  stdin.resume()
  stdin.on('data', listener)
  return () => {
    clearTimeout(timer)
    stdin.off('data', listener)
    stdin.setRawMode?.(false)
    stdin.pause()
  }
}
