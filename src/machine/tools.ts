import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { GuestArchitecture } from './architecture.js'
import { type FetchOptions, fetchByScript } from './fetch.js'
import { cacheDirectory } from './kernels.js'

/** Where scripts/fetch-tools puts programs for guests of a kind of machine. */
export function toolsDirectory(architecture: GuestArchitecture): string {
  return join(cacheDirectory(), architecture === 'amd64' ? 'tools' : `tools-${architecture}`)
}

/** The statically linked busybox for guests of another kind than this machine; fetched when the cache lacks it. */
export async function foreignBusybox(
  architecture: GuestArchitecture,
  options: FetchOptions,
): Promise<string> {
  const places = ['bin/busybox', 'usr/bin/busybox'].map((name) => join(toolsDirectory(architecture), name))
  const find = () => places.find((place) => existsSync(place))
  const present = find()
  if (present !== undefined) return present
  options.onProgress?.(`fetching busybox for ${architecture}`)
  await fetchByScript(`busybox for ${architecture}`, 'fetch-tools', ['--arch', architecture], options)
  return find() ?? (places[0] as string)
}
