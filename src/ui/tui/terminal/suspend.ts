import type { ReadStream } from 'node:tty'
import type { TerminalGuard } from '../../terminal-guard.js'
import type { Terminal } from './terminal.js'

/** Gives the terminal back to the shell that started us, until it has us go on. The guest stays as it is. */
export function suspend(terminal: Terminal, stdin: ReadStream, guard: TerminalGuard): void {
  terminal.restore()
  guard.screen(false)
  stdin.setRawMode?.(false)
  process.once('SIGCONT', () => {
    stdin.setRawMode?.(true)
    guard.screen(true)
    terminal.open()
    // The size may have changed meanwhile, and nothing of ours is on the screen.
    terminal.redraw()
  })
  process.kill(0, 'SIGTSTP')
}
