import { CryoscopeError, exitCodes } from '../../errors.js'
import { BrokenPipe, type Output } from './output.js'

/** Runs `work`; what goes wrong becomes a sentence on stderr and an exit code. */
export async function guarded(output: Output, work: () => Promise<number>): Promise<number> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof BrokenPipe) return 0
    if (error instanceof CryoscopeError) {
      output.note(error.message)
      if (process.env.CRYOSCOPE_DEBUG) console.error(error)
      return exitCodes[error.code]
    }
    const message = error instanceof Error ? error.message : String(error)
    output.note(`${message} (this is a bug in cryoscope; CRYOSCOPE_DEBUG=1 shows where)`)
    if (process.env.CRYOSCOPE_DEBUG) console.error(error)
    return 1
  }
}

/** Ends the process when what was written has left it. */
export function finish(code: number): void {
  process.exitCode = code
  if (process.stdout.writableLength === 0) process.exit(code)
  process.stdout.once('drain', () => process.exit(code))
  process.stdout.once('close', () => process.exit(code))
}
