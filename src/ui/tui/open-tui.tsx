import './terminal/interactive.js'
import { types } from 'node:util'
import { render } from 'ink'
import { quietly } from '../../errors.js'
import { Disassembler } from '../../present/machine-code/disassembler.js'
import type { Session } from '../../session/session.js'
import { guardTerminal } from '../terminal-guard.js'
import { App } from './components/App.js'
import { makeEngine } from './engine.js'
import { keepHidden, readHidden } from './kept-columns.js'
import { Cockpit } from './model/cockpit.js'
import { commandActions } from './model/commands.js'
import { keyTable } from './model/key-table.js'
import { Keymap } from './model/keymap.js'
import { parts } from './panes/tabs.js'
import { readPreferences } from './preferences.js'
import { type ThemeName, themeFor, themes, withColours } from './style/theme.js'
import { wantsAscii } from './terminal/plain-characters.js'
import { suspend } from './terminal/suspend.js'
import { Terminal } from './terminal/terminal.js'
import { startTour } from './tour.js'

export interface TuiOptions {
  readonly theme?: ThemeName | undefined
  readonly mouse?: boolean | undefined
  readonly tour?: boolean | undefined
}

/** Frames a second: Ink draws the first at once, and then the last of what came meanwhile. */
const maxFps = 120
/** In which a frame is certain to be drawn. */
const frameMilliseconds = 60

/** Opens the terminal UI on a session; resolves when the person has left it, with the terminal as it was. */
export async function openTui(session: Session, options: TuiOptions = {}): Promise<void> {
  const preferences = readPreferences()
  const commands = commandActions(preferences.commands)
  const keymap = new Keymap(
    [...keyTable, ...commands.actions],
    { ...preferences.keys, ...commands.keys },
    preferences.file,
  )
  const theme = themes[themeFor(process.env, options.theme ?? preferences.theme)]
  const terminal = new Terminal(process.stdout, {
    mouse: options.mouse ?? preferences.mouse ?? true,
    ascii: wantsAscii(process.env),
  })
  let leave = () => {}
  const left = new Promise<void>((resolve) => {
    leave = resolve
  })
  const cockpit = new Cockpit(session, parts, {
    theme: withColours(theme, preferences.colours),
    colours: preferences.colours,
    hidden: readHidden(),
    keepColumns: keepHidden,
    keymap,
    control: (sequence) => terminal.control(sequence),
    quit: () => leave(),
    suspend: () => suspend(terminal, process.stdin, guard),
  })
  const engine = makeEngine(
    session,
    (sentence) => cockpit.say(sentence.split('\n')[0] ?? '', 'problem'),
    // Code may let nothing else run: what ends it has to stand on the screen before, and keys that came have to be known.
    () => new Promise((resolve) => setTimeout(resolve, frameMilliseconds)),
  )
  cockpit.engine = engine
  cockpit.resize(terminal.columns, terminal.height)
  if (options.tour) startTour(cockpit)
  const guard = guardTerminal()
  const restore = () => {
    terminal.restore()
    process.stdin.setRawMode?.(false)
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
  terminal.open()
  const ink = render(<App cockpit={cockpit} />, {
    stdout: terminal as unknown as NodeJS.WriteStream,
    incrementalRendering: true,
    maxFps,
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
    process.stdin.pause()
    process.off('exit', restore)
    for (const signal of signals) process.off(signal, end)
    process.off('uncaughtException', fail)
  }
  if (failure !== undefined) process.exitCode = 1
  if (ended !== undefined) process.kill(process.pid, ended)
}
