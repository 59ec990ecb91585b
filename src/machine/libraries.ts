import { execFile } from 'node:child_process'
import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import { architectures, type GuestArchitecture } from './architecture.js'
import { summarizeElf } from './elf.js'
import { foreignLibraries, type PlacedLibrary } from './foreign-libraries.js'
import { hasOwnLibraries } from './tools.js'

/** Host files that a program needs in the guest, the program itself first. Symbolic links are not resolved. */
export interface ProgramFiles {
  readonly program: string
  readonly files: readonly string[]
  /** Libraries that lie elsewhere in a guest of another kind than this machine. */
  readonly foreign: readonly PlacedLibrary[]
}

interface Search {
  readonly path: string
  readonly architecture: GuestArchitecture
  readonly foreign: PlacedLibrary[]
}

const loaderPattern = /^(ld-|ld\.|ld64)/
const longestShebang = 256
const deepestShebang = 4
const run = promisify(execFile)

/** Finds a program as a shell would (a path, or a name on PATH) and everything it needs to start. */
export async function resolveProgram(
  name: string,
  {
    path = process.env.PATH ?? '',
    architecture = 'amd64',
  }: { path?: string; architecture?: GuestArchitecture } = {},
): Promise<ProgramFiles> {
  const search: Search = { path, architecture, foreign: [] }
  const program = findProgram(name, path)
  const files = [...new Set(await filesOf(program, search, 0))]
  return { program, files, foreign: search.foreign }
}

function findProgram(name: string, path: string): string {
  const places = name.includes('/')
    ? [resolve(name)]
    : path.split(delimiter).map((place) => join(resolve(place), name))
  // Debian keeps administrators' tools (bpftool) off the PATH of ordinary users.
  if (!name.includes('/')) places.push(join('/usr/sbin', name), join('/sbin', name))
  const found = places.find(isProgram)
  if (found !== undefined) return found
  const shown = escapeText(name)
  const why = !name.includes('/')
    ? `there is no program ${shown} on PATH`
    : statSync(resolve(name), { throwIfNoEntry: false }) === undefined
      ? `there is no file ${shown}`
      : `${shown} is not an executable file; chmod +x it if it is a program`
  throw new CryoscopeError('usage', `cannot run ${shown} in the guest: ${why}`)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

async function filesOf(program: string, search: Search, depth: number): Promise<string[]> {
  const file = openSync(program, 'r')
  try {
    const read = (offset: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length)
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset))
    }
    const elf = summarizeElf(read)
    if (elf !== undefined) {
      const { elfMachine, title } = architectures[search.architecture]
      if (elf.machine !== elfMachine) {
        throw new CryoscopeError('usage', `${program} is not a program for ${title}, which the guest is`)
      }
      if (elf.interpreter === undefined) return [program]
      checkLoader(program, elf.interpreter)
      const isHost = search.architecture === 'amd64' && !hasOwnLibraries(program, search.architecture)
      if (isHost) return [program, ...(await librariesOf(program, elf.interpreter))]
      search.foreign.push(...foreignLibraries(program, elf.interpreter, search.architecture))
      return [program]
    }
    const interpreter = shebang(read(0, longestShebang))
    if (interpreter === undefined) {
      throw new CryoscopeError(
        'usage',
        `cannot run ${program} in the guest: it is neither an ELF program nor a script that starts with #!`,
      )
    }
    if (depth >= deepestShebang)
      throw new CryoscopeError('usage', `${program}: scripts interpret each other in a circle`)
    const needed = [program]
    // busybox is the guest's own shell; `env` needs both itself and what it starts.
    for (const word of interpreter) {
      if (!isGuestShell(word))
        needed.push(...(await filesOf(findProgram(word, search.path), search, depth + 1)))
    }
    return needed
  } finally {
    closeSync(file)
  }
}

/** The programs that the first line of a script names; undefined without one. */
export function shebang(start: Buffer): readonly string[] | undefined {
  const line = /^#![ \t]*([^\n]+)\n?/.exec(start.toString('utf8'))?.[1]
  const words = line?.trim().split(/[ \t]+/)
  const interpreter = words?.[0]
  if (words === undefined || interpreter === undefined || !interpreter.startsWith('/')) return undefined
  const started = /\/env$/.test(interpreter) ? words.slice(1).find((word) => !/^-|=/.test(word)) : undefined
  return started === undefined ? [interpreter] : [interpreter, started]
}

/** Whether busybox is that program in the guest. */
export function isGuestShell(program: string): boolean {
  return ['/bin/sh', '/usr/bin/sh', 'sh', '/usr/bin/env', '/bin/env'].includes(program)
}

function checkLoader(program: string, interpreter: string): void {
  if (
    !loaderPattern.test(interpreter.slice(interpreter.lastIndexOf('/') + 1)) ||
    !interpreter.startsWith('/')
  ) {
    throw new CryoscopeError('usage', `${program} asks for the unusual loader ${escapeText(interpreter)}`)
  }
}

/** Asks the program's own loader, which runs none of the program's code. */
async function librariesOf(program: string, interpreter: string): Promise<string[]> {
  if (!isProgram(interpreter)) {
    throw new CryoscopeError(
      'environment',
      `${program} needs ${interpreter}, which is not installed on this machine`,
    )
  }
  // LD_* is left out: the guest's environment will not have it either.
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('LD_')),
  )
  let output: string
  try {
    output = (await run(interpreter, ['--list', program], { env: environment, timeout: 10_000 })).stdout
  } catch (cause) {
    const words = String((cause as { stderr?: unknown }).stderr ?? cause).trim()
    throw new CryoscopeError(
      'environment',
      `cannot find the shared libraries of ${program}: ${escapeText(words.slice(0, 500))}; install what is missing`,
      { cause },
    )
  }
  const { libraries, missing } = parseLibraryList(output)
  if (missing.length > 0) {
    throw new CryoscopeError(
      'environment',
      `${program} needs ${missing.join(', ')}; install what provides it`,
    )
  }
  return [...new Set([interpreter, ...libraries])]
}

/** Reads lines such as "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)" of glibc's and musl's loaders. */
export function parseLibraryList(text: string): { libraries: string[]; missing: string[] } {
  const libraries: string[] = []
  const missing: string[] = []
  for (const line of text.split('\n')) {
    const [, name, target] = /^\s*(?:(\S.*?) => )?(not found|\/.*?)(?: \(0x[0-9a-f]+\))?\s*$/.exec(line) ?? []
    if (target === 'not found') missing.push(escapeText(name ?? '?'))
    else if (target !== undefined) libraries.push(target)
  }
  return { libraries, missing }
}
