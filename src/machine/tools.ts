import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CryoscopeError } from '../errors.js'
import { architectures, type GuestArchitecture } from './architecture.js'
import { type FetchOptions, fetchByScript, hasApt } from './fetch.js'
import { dropFile, isIntact } from './kept-file.js'
import { cacheDirectory } from './kernels.js'
import { findMirror } from './packages/debian-mirror.js'
import { fetchToolPackages } from './packages/fetch.js'

/** Where scripts/fetch-tools puts programs for guests of a kind of machine. */
export function toolsDirectory(architecture: GuestArchitecture): string {
  return join(cacheDirectory(), architecture === 'amd64' ? 'tools' : `tools-${architecture}`)
}

/** The statically linked busybox of the tools cache; fetched when the cache lacks it. */
export async function cachedBusybox(architecture: GuestArchitecture, options: FetchOptions): Promise<string> {
  return await cachedTool('busybox', ['bin/busybox', 'usr/bin/busybox'], architecture, options)
}

/** The bpftool of the tools cache, which knows arenas; fetched when the cache lacks it. */
export async function cachedBpftool(options: FetchOptions): Promise<string> {
  return await cachedTool('bpftool', ['usr/sbin/bpftool'], 'amd64', options)
}

/**
 * Whether a program of the tools cache has its own libraries beside it: then those go with it into the guest, and none
 * of this machine's.
 */
export function hasOwnLibraries(program: string, architecture: GuestArchitecture): boolean {
  const tools = toolsDirectory(architecture)
  const { multiarch } = architectures[architecture]
  return (
    program.startsWith(`${tools}/`) &&
    ['lib', 'usr/lib'].some((directory) => existsSync(join(tools, directory, multiarch, 'libc.so.6')))
  )
}

async function cachedTool(
  name: string,
  places: readonly string[],
  architecture: GuestArchitecture,
  options: FetchOptions,
): Promise<string> {
  const paths = places.map((place) => join(toolsDirectory(architecture), place))
  const find = () => paths.find((path) => existsSync(path) && isIntact(path))
  const present = find()
  if (present !== undefined) return present
  const what = architecture === 'amd64' ? name : `${name} for ${architecture}`
  const damaged = paths.filter((path) => existsSync(path))
  for (const path of damaged) dropFile(path)
  options.onProgress?.(
    damaged.length === 0 ? `fetching ${what}` : `${what} is damaged in the cache; fetching it again`,
  )
  const mirror = hasApt() ? undefined : findMirror()
  if (mirror === undefined) await fetchByScript(what, 'fetch-tools', ['--arch', architecture], options)
  else await fetchToolPackages(mirror, architecture, toolsDirectory(architecture), options)
  const fetched = find()
  if (fetched !== undefined) return fetched
  throw new CryoscopeError('environment', `fetching ${what} left none in ${toolsDirectory(architecture)}`)
}
