import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { basename, join } from 'node:path'
import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import { architectures, type GuestArchitecture } from './architecture.js'
import { neededLibraries, type ReadAt } from './elf.js'
import { hasOwnLibraries, toolsDirectory } from './tools.js'

/** A library of this machine and where it goes in the guest. */
export interface PlacedLibrary {
  readonly host: string
  readonly guest: string
}

const mostLibraries = 256

/**
 * What a program of another kind of machine needs to start: its loader cannot be asked here, so names are followed as
 * the loader would, through directories of cross compilers, foreign packages and the tools cache.
 */
export function foreignLibraries(
  program: string,
  interpreter: string,
  architecture: GuestArchitecture,
): PlacedLibrary[] {
  const { multiarch } = architectures[architecture]
  const tools = toolsDirectory(architecture)
  const own = ['lib', 'usr/lib'].map((directory) => join(tools, directory, multiarch))
  // Programs of the cache come with the libraries that they were made for.
  const directories = hasOwnLibraries(program, architecture)
    ? own
    : [
        `/usr/${multiarch}/lib`,
        ...['/lib', '/usr/lib'].map((directory) => join(directory, multiarch)),
        ...own,
      ]
  const find = (name: string, wanter: string): string => {
    const place = directories.map((directory) => join(directory, name)).find((path) => existsSync(path))
    if (place !== undefined) return place
    throw new CryoscopeError(
      'environment',
      `${escapeText(wanter)} needs ${escapeText(name)} for ${architecture}, which is in none of ${directories.join(', ')}; link it statically, or install what provides it`,
    )
  }
  const found = new Map<string, PlacedLibrary>()
  const waiting = [{ host: program, needs: [basename(interpreter)] }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const name of new Set([...next.needs, ...withFile(next.host, neededLibraries)])) {
      if (found.has(name)) continue
      if (name.includes('/') || found.size >= mostLibraries) {
        throw new CryoscopeError(
          'usage',
          `${escapeText(next.host)} asks for the unusual library ${escapeText(name)}`,
        )
      }
      const host = find(name, next.host)
      const guest = name === basename(interpreter) ? interpreter : `/lib/${multiarch}/${name}`
      found.set(name, { host, guest })
      waiting.push({ host, needs: [] })
    }
  }
  return [...found.values()]
}

function withFile<T>(path: string, use: (read: ReadAt) => T): T {
  const file = openSync(path, 'r')
  try {
    return use((offset, length) => {
      const bytes = Buffer.alloc(length)
      return bytes.subarray(0, readSync(file, bytes, 0, length, offset))
    })
  } finally {
    closeSync(file)
  }
}
