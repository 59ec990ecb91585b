import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { CryoscopeError, quietly } from '../../errors.js'
import { kernelText } from '../../kernel/kernels.js'
import { packageRoot } from '../../package-root.js'
import type { Session } from '../../session/session.js'
import { escapeText } from '../../text.js'
import { durationText } from '../../units.js'
import { opening } from './opening.js'
import type { Output } from './output.js'

export const targetHelp =
  'a dump file, @name of a guest (cryoscope ps), the QMP socket of any QEMU, or live: this machine'
/** The option of commands that show values. */
export const objectOption = [
  '--object <file>',
  'recover pointers from the file that programs were loaded from (may be repeated)',
  (file: string, files: readonly string[] = []) => [...files, file],
] as const

/** The same of commands that show values without more about programs. */
export const onlyProvenOption = [
  '--only-proven',
  'show integers as pointers only where that is proven (docs/casts.md)',
] as const

/** How integers in which programs keep pointers are shown: the options above, as commands get them. */
export interface PointerOptions {
  readonly object?: readonly string[]
  readonly onlyProven?: boolean
}

export const guestHelp = '@name of a guest (cryoscope ps)'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** "@vm1" as it was given; a person who leaves the @ away gets told. */
export function guestName(word: string): string {
  if (word.startsWith('@') && word.length > 1) return word
  // The QMP socket of a QEMU that others run; what is no file at all gets its sentence when it is opened.
  if (word.includes('/') && statSync(word, { throwIfNoEntry: false })?.isFile() !== true) return word
  throw new CryoscopeError(
    'usage',
    `this command needs a guest, written @name (cryoscope ps lists them), not "${escapeText(word)}"`,
  )
}

/** Opens a target, lets `work` look at it, and closes it. A running guest stands still meanwhile, however this ends. */
export async function withTarget<T>(
  target: string,
  output: Output,
  work: (session: Session) => Promise<T>,
  pointers: PointerOptions = {},
): Promise<T> {
  const look = async (session: Session): Promise<T> => {
    const epoch = session.target.control?.epoch
    const result = await work(session)
    if (session.target.control?.epoch !== epoch) {
      output.note(`${session.target.name} ran while it was read: what was printed may not fit together`)
    }
    const drift = session.target.drift?.()
    if (drift !== undefined && drift.changed > 0) {
      output.note(
        `this machine ran while it was read: ${drift.changed} of ${drift.read} pages changed meanwhile, values in them may not fit together`,
      )
    }
    return result
  }
  return await withSession(target, output, look, pointers)
}

/** The same for work that may let the guest run by itself. */
export async function withSession<T>(
  target: string,
  output: Output,
  work: (session: Session) => Promise<T>,
  pointers: PointerOptions = {},
): Promise<T> {
  const { open } = await import('../../session/open.js')
  const session = await open(target, { ...opening(), onlyProven: pointers.onlyProven ?? false })
  try {
    noteOtherKernel(session, output)
    const restore = await hold(session, output)
    try {
      await addObjects(session, output, pointers.object ?? [])
      return await work(session)
    } finally {
      await restore?.()
    }
  } finally {
    await session.close()
  }
}

/** Whatever is printed is of one kernel; that there is another one is said each time. */
function noteOtherKernel(session: Session, output: Output): void {
  const kernels = quietly(() => session.kernels) ?? []
  const other = kernels.find(({ kernel }) => kernel !== session.kernel)
  const told = kernels.find(({ kernel }) => kernel === session.kernel)
  if (other === undefined || told === undefined) return
  const at = other.kernel.noteAt === undefined ? '' : ` (--kernel-at 0x${other.kernel.noteAt.toString(16)})`
  output.note(
    escapeText(
      `two kernels are in this memory: told is ${kernelText(told)}, and not ${kernelText(other)}${at}`,
    ),
  )
}

async function addObjects(session: Session, output: Output, objects: readonly string[]): Promise<void> {
  for (const path of objects) {
    if (session.addObject(path)) continue
    const { fitText } = await import('../../bpf/recovery/object-fit.js')
    const fit = session.closestObject(path)
    const closest = fit === undefined ? '' : `; ${fitText(fit)}`
    output.note(escapeText(`${path}: none of its objects is loaded here, by their types${closest}`))
  }
}

/** Freezes a running guest for a reading; the result lets it run again. Signals that would end us do that first. */
async function hold(session: Session, output: Output): Promise<(() => Promise<void>) | undefined> {
  const start = performance.now()
  const look = await session.target.control?.hold()
  if (look === undefined) return undefined
  let release: Promise<void> | undefined
  const thaw = () => {
    release ??= look.release()
    return release
  }
  const end = (signal: NodeJS.Signals) => {
    void thaw()
      .catch((error: Error) => output.note(error.message))
      .then(() => {
        process.off('exit', lastResort)
        for (const name of signals) process.off(name, end)
        process.kill(process.pid, signal)
      })
  }
  // Code of `repl -e` may call process.exit, and we may crash: no time for promises then.
  const lastResort = () => {
    if (!look.abandon()) return
    const command = join(packageRoot(), 'bin/cryoscope.js')
    spawnSync(process.execPath, [command, 'thaw', session.target.name], { stdio: 'ignore' })
  }
  process.on('exit', lastResort)
  for (const name of signals) process.on(name, end)
  return async () => {
    await thaw()
    process.off('exit', lastResort)
    for (const name of signals) process.off(name, end)
    output.progress(`${session.target.name} stood still for ${durationText(performance.now() - start)}`)
  }
}

/** Says on stderr what could not be read. */
export function noteProblems(output: Output, problems: readonly string[]): void {
  const shown = 20
  for (const problem of problems.slice(0, shown)) output.note(`not all could be read: ${problem}`)
  if (problems.length > shown) output.note(`${problems.length - shown} more such problems (--json lists all)`)
}
