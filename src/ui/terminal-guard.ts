import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import type { Writable } from 'node:stream'

/**
 * Everything that a view of ours may have switched on, off again: colours, the scrolling region, wrapping, bracketed paste,
 * mouse reports, the cursor, the second screen (xterm's ctlseqs).
 */
const restoring = '\x1b[m\x1b[r\x1b[?7h\x1b[?2004l\x1b[?1006l\x1b[?1002l\x1b[?25h\x1b[?1049l\r\n'

/**
 * Waits for our end, and has the last line that we wrote say what to do then. A shell that waits for us puts the modes of
 * the terminal right itself, so they are touched only when a moment later keys still make no signals. It is no job of
 * that shell any more then: writing to the terminal must not stop it.
 */
const script = `trap '' INT TERM HUP QUIT TSTP TTOU TTIN
state=plain
while read -r line <&3; do state=$line; done
[ "$state" = ok ] && exit
[ "$state" = screen ] && printf %s "$2"
sleep 0.1
case $(stty -a) in *-isig*) stty "$1" ;; esac`

/** Puts the terminal back when this process ends in a way that leaves it no time: SIGKILL, SIGBUS, a crash of Node. */
export interface TerminalGuard extends Disposable {
  /** Whether a view of ours has the second screen now. */
  screen(isShown: boolean): void
  [Symbol.dispose](): void
}

const none: TerminalGuard = { screen: () => {}, [Symbol.dispose]: () => {} }
let active: { readonly guard: TerminalGuard; users: number } | undefined

/** Starts the watching, a shell of a few hundred KiB; views inside of each other share it. */
export function guardTerminal(): TerminalGuard {
  if (active === undefined) {
    if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) return none
    const guard = start()
    if (guard === undefined) return none
    active = { guard, users: 0 }
  }
  const shared = active
  shared.users++
  let isOurs = true
  return {
    screen: (isShown) => shared.guard.screen(isShown),
    [Symbol.dispose]: () => {
      if (!isOurs) return
      isOurs = false
      if (--shared.users > 0) return
      shared.guard[Symbol.dispose]()
      active = undefined
    },
  }
}

function start(): TerminalGuard | undefined {
  const modes = spawnSync('stty', ['-g'], { stdio: ['inherit', 'pipe', 'ignore'] })
  const usual = String(modes.stdout ?? '').trim()
  if (modes.status !== 0 || usual === '') return undefined
  let child: ChildProcess
  try {
    child = spawn('/bin/sh', ['-c', script, 'cryoscope-terminal', usual, restoring], {
      stdio: ['inherit', 'inherit', 'ignore', 'pipe'],
    })
  } catch {
    return undefined
  }
  // Without a guard all is as it was before.
  child.on('error', () => {})
  child.unref()
  const pipe = child.stdio[3] as Writable & { unref(): void }
  pipe.on('error', () => {})
  pipe.unref()
  const say = (state: string): void => {
    // A line fits into the socket at once, so it has left even when the process ends right after.
    if (!pipe.destroyed) pipe.write(`${state}\n`)
  }
  let isShown = false
  // Who ends in the midst of a view (an error that nobody caught) has not put the screen back.
  const end = (): void => {
    if (!isShown) say('ok')
  }
  process.on('exit', end)
  return {
    screen: (shown) => {
      isShown = shown
      say(shown ? 'screen' : 'plain')
    },
    [Symbol.dispose]: () => {
      process.off('exit', end)
      say('ok')
      pipe.end()
    },
  }
}
