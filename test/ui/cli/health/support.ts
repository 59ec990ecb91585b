import type { DeviceState, Surroundings } from '../../../../src/ui/cli/health/surroundings.js'

interface Machine {
  readonly isRoot?: boolean
  readonly isDebian?: boolean
  readonly device?: DeviceState
  /** Names of what is installed, beside `usual`. */
  readonly programs?: readonly string[]
  readonly usual?: readonly string[]
  /** Those of them that run as root. */
  readonly asRoot?: readonly string[]
  /** Bytes that are free, by directories that are there. */
  readonly disk?: Readonly<Record<string, number>>
  readonly memory?: number
}

/** A machine that is as it is said to be. */
export function machine({
  isRoot = false,
  isDebian = true,
  device = 'usable',
  programs = [],
  usual = ['apt', 'sudo'],
  asRoot = [],
  disk = {},
  memory = 0,
}: Machine): Surroundings {
  return {
    isRoot,
    isDebian,
    device: () => device,
    program: (name) => ([...usual, ...programs].includes(name) ? `/usr/bin/${name}` : undefined),
    runsAsRoot: (path) => asRoot.includes(path.slice('/usr/bin/'.length)),
    freeDisk: (path) => disk[path],
    freeMemory: () => memory,
  }
}
