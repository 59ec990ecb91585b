import { accessSync, closeSync, constants, openSync, readFileSync, statfsSync, statSync } from 'node:fs'
import { freemem } from 'node:os'
import { delimiter, join } from 'node:path'

/** `closed`: this user may not open it. `dead`: it is there, and nothing in the kernel answers. */
export type DeviceState = 'usable' | 'absent' | 'closed' | 'dead'

/** What checks ask of the machine, so that tests can give another one. */
export interface Surroundings {
  readonly isRoot: boolean
  readonly isDebian: boolean
  /** Opens it, for reading and writing. */
  device(path: string): DeviceState
  /** The path of a program on PATH, or where administrators' tools are. */
  program(name: string): string | undefined
  /** Whether a program runs as its owner, and that is root. */
  runsAsRoot(path: string): boolean
  /** Bytes that this user may still write where a path is; undefined where nobody can say. */
  freeDisk(path: string): number | undefined
  /** Bytes that programs can have; what caches hold counts as free. */
  freeMemory(): number
}

export const here: Surroundings = {
  get isRoot() {
    return process.getuid?.() === 0
  },
  get isDebian() {
    try {
      return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
    } catch {
      return false
    }
  },
  device(path) {
    try {
      closeSync(openSync(path, constants.O_RDWR))
      return 'usable'
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return 'absent'
      return ['EACCES', 'EPERM'].includes(code) ? 'closed' : 'dead'
    }
  },
  program(name) {
    const places = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin']
    return places
      .map((place) => join(place, name))
      .find((path) => {
        try {
          accessSync(path, constants.X_OK)
          return statSync(path).isFile()
        } catch {
          return false
        }
      })
  },
  runsAsRoot(path) {
    try {
      const { mode, uid } = statSync(path)
      return uid === 0 && (mode & 0o4000) !== 0
    } catch {
      return false
    }
  },
  freeDisk(path) {
    try {
      const { bavail, bsize } = statfsSync(path)
      return bavail * bsize
    } catch {
      return undefined
    }
  },
  freeMemory() {
    try {
      const [, kibibytes] = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? []
      return kibibytes === undefined ? freemem() : Number(kibibytes) * 1024
    } catch {
      return freemem()
    }
  },
}

/** What to say of a Debian package: elsewhere it has another name, and images may lack apt, so it is said what is meant. */
export function packageAdvice(name: string, { isDebian, program }: Surroundings): string {
  return isDebian && program('apt') !== undefined
    ? `apt install ${name}`
    : `install what Debian calls ${name}`
}

/** Commands that only root may run, as this user gives them: minimal systems have no sudo. */
export function asRoot({ isRoot, program }: Surroundings, ...commands: readonly string[]): string {
  if (isRoot) return commands.join(' && ')
  if (program('sudo') === undefined) return `as root: ${commands.join(' && ')}`
  return commands.map((command) => `sudo ${command}`).join(' && ')
}
