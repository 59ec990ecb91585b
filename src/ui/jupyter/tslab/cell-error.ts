import { inspect } from 'node:util'
import { CryoscopeError } from '../../../errors.js'
import { escapeLines } from '../../../text.js'
import { InterruptedError } from '../cell-scope.js'

/** What Jupyter shows of a failure. */
export interface CellError {
  readonly ename: string
  readonly evalue: string
  readonly traceback: readonly string[]
}

/** Frames of cells are kept, those of Node.js, tslab and our own code say nothing to the person who wrote the cell. */
const ownFrame = /^\s+at .*(?:node:|node_modules\/tslab\/|\/dist\/bundle\/|\/dist\/ui\/|\bnew Promise \()/
const framesShown = 10

/** What a cell is called that the compiler refused. */
export const diagnosticsName = 'TypeScriptError'

export function errorOfDiagnostics(lines: readonly string[]): CellError {
  if (lines.length === 0) return errorOfDiagnostics(['the cell is not valid'])
  const [sentence = ''] = (lines[0] ?? '').split('\n')
  return { ename: diagnosticsName, evalue: sentence, traceback: lines.flatMap((each) => each.split('\n')) }
}

/** Sentences of ours as they are; other errors with the frames of cells. Never throws, whatever was thrown. */
export function errorOfThrown(
  thrown: unknown,
  place: (frame: string) => string | undefined = (frame) => frame,
): CellError {
  if (thrown instanceof CryoscopeError) {
    const line = `${thrown.name}: ${thrown.message}`
    return { ename: thrown.name, evalue: thrown.message, traceback: [escapeLines(line)] }
  }
  if (isInterrupt(thrown)) {
    return {
      ename: 'Interrupted',
      evalue: 'the cell was interrupted',
      traceback: ['the cell was interrupted'],
    }
  }
  if (!isError(thrown)) {
    const text = escapeLines(describe(thrown))
    return { ename: typeName(thrown), evalue: text, traceback: [`Uncaught ${text}`] }
  }
  const name = String(thrown.name)
  const message = escapeLines(String(thrown.message))
  const frames = String(thrown.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && !ownFrame.test(line))
    .map(place)
    .filter((line) => line !== undefined)
    .slice(0, framesShown)
    .map(escapeLines)
  const cause = thrown.cause === undefined ? [] : [`caused by ${escapeLines(describe(thrown.cause))}`]
  return { ename: name, evalue: message, traceback: [`${name}: ${message}`, ...frames, ...cause] }
}

function describe(value: unknown): string {
  try {
    if (isError(value)) return `${value.name}: ${value.message}`
    return typeof value === 'string' ? value : inspect(value)
  } catch {
    return 'a value that cannot be shown'
  }
}

/** By our own check, by tslab's, or by the signal that stops library code. */
function isInterrupt(thrown: unknown): boolean {
  if (!isError(thrown)) return false
  const { code } = thrown as NodeJS.ErrnoException
  if (code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED' || thrown instanceof InterruptedError) return true
  return thrown.message === 'Interrupted asynchronously'
}

function typeName(value: unknown): string {
  return value === null ? 'null' : typeof value
}

function isError(value: unknown): value is Error {
  return typeof value === 'object' && value !== null && 'message' in value && 'name' in value
}
