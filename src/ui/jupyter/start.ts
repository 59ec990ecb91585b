import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../package-root.js'
import { PromptTypes } from '../typescript/prompt-types.js'
import { demo, open } from './cell.js'
import { checkInterrupt } from './cell-scope.js'
import { Cells } from './cells.js'
import { formatValue } from './display/format.js'
import { keepAlive } from './exit.js'
import { setHost } from './host.js'
import { Kernel } from './kernel.js'
import { preloaded, preloadedNames } from './preloaded.js'
import { closeSessions, unopened } from './sessions.js'
import { cellSurroundings, TargetTypes } from './target-types.js'
import { errorOfThrown } from './tslab/cell-error.js'
import { CellEngine } from './tslab/engine.js'
import { serveFrontEnds } from './widgets/front-end.js'
import { live } from './widgets/widget.js'
import { readConnection } from './wire/connection.js'

/** A guest whose parent has gone is of no use to anybody. */
const parentCheckMs = 1000

/** Runs a kernel until it is shut down, its server is gone, or a signal ends it. */
export async function startKernel(connectionFile: string, target: string | undefined): Promise<void> {
  keepAlive(process)
  const kernel: Kernel = new Kernel(readConnection(connectionFile), {
    cells: () => new Cells(makeEngine(), makeTypes()),
    format: formatValue,
    prepare: () => openTarget(kernel, target),
    end: closeSessions,
  })
  setHost(kernel)
  serveFrontEnds(kernel.comms, live)
  const end = (code: number) => {
    void kernel.end().finally(() => process.exit(code))
  }
  process.on('SIGTERM', () => end(143))
  process.on('SIGHUP', () => end(129))
  // Ctrl-C in the server's terminal reaches its kernels too; they are interrupted by message.
  process.on('SIGINT', () => kernel.interrupt())
  const parent = process.ppid
  setInterval(() => {
    if (process.ppid === parent) return
    // Whoever started it would have removed that.
    rmSync(connectionFile, { force: true })
    end(0)
  }, parentCheckMs).unref()

  const makeEngine = () =>
    new CellEngine({
      directory: process.cwd(),
      declarations: declarations(),
      values: { ...preloaded, vm: unopened() },
      check: checkInterrupt,
      modules: { cryoscope: { types: { path: typesPath() }, file: modulePath() } },
      display: ({ data, metadata, transient }, update) =>
        kernel.display({ data, metadata, transient }, update),
    })
  const makeTypes = () =>
    new TargetTypes(
      (session) => new PromptTypes(session, `${typesPath()}.d.ts`, cellSurroundings),
      (text) => kernel.output.stream('stderr', text),
    )
  await kernel.start()
}

/** A notebook's own target: it is there when the first cell runs, or the first cell says why it is not. */
async function openTarget(kernel: Kernel, target: string | undefined): Promise<void> {
  if (target === undefined) return
  try {
    kernel.cells.assign('vm', await (target === 'demo' ? demo() : open(target)))
  } catch (error) {
    kernel.output.stream('stderr', `${errorOfThrown(error).traceback.join('\n')}\n`)
  }
}

function declarations(): string {
  return [
    `import { type AnyGuest, ${preloadedNames.join(', ')} } from "cryoscope";`,
    'declare let vm: AnyGuest;',
    '',
  ].join('\n')
}

function typesPath(): string {
  return join(packageRoot(), 'dist/ui/jupyter/cell')
}

function modulePath(): string {
  return join(packageRoot(), 'dist/bundle/cell.js')
}
