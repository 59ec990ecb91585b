import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Btf } from '../../btf/btf.js'
import { TypeScriptWriter } from '../../value/typescript.js'

/** Changes when what is written for the same BTF does. */
const format = 2

/** ${XDG_CACHE_HOME:-~/.cache}/cryoscope/types */
export function typesDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const cache = environment.XDG_CACHE_HOME
  return join(cache?.startsWith('/') ? cache : join(homedir(), '.cache'), 'cryoscope', 'types')
}

/** Tells kernels apart whose types differ. */
export function hashOf(btf: Btf): string {
  return createHash('sha256').update(`${format}\n`).update(btf.bytes).digest('hex').slice(0, 24)
}

/**
 * Declarations of every type of a kernel, without the import that they need: from the cache, or written and kept there.
 * A cache that cannot be read or written is no error.
 */
export function kernelDeclarations(hash: string, btf: () => Btf, directory = typesDirectory()): string {
  const known = stored(bodyPath(hash, directory))
  if (known !== undefined) return known
  const text = new TypeScriptWriter(btf()).file()
  keep(directory, bodyPath(hash, directory), `${digest(text)}\n${text}`)
  return text
}

function bodyPath(hash: string, directory: string): string {
  return join(directory, `vmlinux-${hash}.body`)
}

/** Writes a file so that it appears under its name when it is whole; false when that cannot be. */
export function keep(directory: string, path: string, text: string): boolean {
  const temporary = `${path}.${randomUUID()}`
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' })
    renameSync(temporary, path)
    return true
  } catch {
    rmSync(temporary, { force: true })
    return false
  }
}

/** What was kept, unless it is damaged. */
function stored(path: string): string | undefined {
  try {
    const content = readFileSync(path, 'utf8')
    const end = content.indexOf('\n')
    const text = content.slice(end + 1)
    return digest(text) === content.slice(0, end) ? text : undefined
  } catch {
    return undefined
  }
}

function digest(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
