import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import type { AcceleratorChoice } from './accelerator.js'
import {
  architectures,
  type GuestArchitecture,
  type GuestMachine,
  guestArchitectures,
} from './architecture.js'
import { checkGuestName } from './registry.js'

/** How to start a guest. Everything has a default. */
export interface BootOptions {
  /** A known version ("6.18"), a cached release, or the path of a bzImage or vmlinux. */
  readonly kernel?: string
  /** Which build of a known version. Default amd64; an image given by its path is what it is. */
  readonly arch?: GuestArchitecture
  /** Programs to start in the guest, each with its arguments; host paths or names on PATH. */
  readonly run?: readonly (readonly string[])[]
  /** "HOST:GUEST" pairs of files or directories. */
  readonly files?: readonly string[]
  /** Host path of a shell script that the guest's init runs last. */
  readonly script?: string
  /** Default 2. */
  readonly cpus?: number
  /** NUMA nodes, each a socket with as many of the vCPUs; RAM is all on node 0. Default 1. */
  readonly nodes?: number
  /** Whole MiB, at least 128 MiB. Default 512 MiB. */
  readonly memoryBytes?: number
  /** Default `auto`: KVM where it was seen to work, TCG elsewhere. */
  readonly accelerator?: AcceleratorChoice
  /** More words for the kernel's command line. */
  readonly append?: string
  /** Leave the guest running when this process ends. */
  readonly detach?: boolean
  /** False boots a bzImage at its link address (nokaslr). Default true. */
  readonly kaslr?: boolean
  /** `elf` unpacks a bzImage and starts the vmlinux in it by PVH. Default `bzimage`. */
  readonly boot?: 'bzimage' | 'elf'
  /** QEMU's machine type. Default q35, and virt for arm64. */
  readonly machine?: GuestMachine
  /** QEMU's -cpu. Default `max` (`max,la57=off` gives 4-level page tables), and cortex-a76 for arm64. */
  readonly cpu?: string
  /** `multi` uses a host thread per vCPU under TCG, which now and then crashes a booting kernel. Default single. */
  readonly tcgThreads?: 'single' | 'multi'
  /** Runs the same way each time, so that one can go back (docs/time.md): emulated, with a clock that counts instructions. */
  readonly deterministic?: boolean
  /** Which of its possible runs a deterministic guest takes: 0 (the default) to 2^32 - 1. */
  readonly seed?: number
  /** A deterministic guest in which one vCPU goes on alone now and then, as the seed says: more interleavings. */
  readonly preempt?: boolean
  /** What the guest is called; default the first free of vm1, vm2, … */
  readonly name?: string
  /** Console text that says that the guest is ready. Default: its init has finished. */
  readonly waitFor?: string | RegExp
  /** Milliseconds a boot may take. Default 120,000. */
  readonly bootTimeoutMs?: number
  /** Called with one sentence at a time. */
  readonly onProgress?: (sentence: string) => void
  readonly signal?: AbortSignal
}

export const mebibyte = 1024 * 1024
const leastMemory = 128 * mebibyte
const mostMemory = 1024 * 1024 * mebibyte
const mostCpus = 255
const mostNodes = 64
export const defaultCpus = 2

const names = new Set<keyof BootOptions>([
  ...([
    'kernel',
    'arch',
    'run',
    'files',
    'script',
    'cpus',
    'nodes',
    'memoryBytes',
    'accelerator',
    'append',
    'detach',
    'kaslr',
  ] as const),
  ...([
    'boot',
    'machine',
    'cpu',
    'tcgThreads',
    'deterministic',
    'seed',
    'preempt',
    'name',
    'waitFor',
    'bootTimeoutMs',
    'onProgress',
    'signal',
  ] as const),
])

/** Refuses what cannot be meant, naming the option. */
export function checkBootOptions(options: BootOptions): void {
  for (const name of Object.keys(options)) {
    if (!(names as Set<string>).has(name)) refuse(`there is no boot option "${escapeText(name)}"`)
  }
  const { cpus = 1, memoryBytes = leastMemory, bootTimeoutMs = 1, name, append = '', cpu = 'max' } = options
  if (!Number.isInteger(cpus) || cpus < 1 || cpus > mostCpus) refuse(`cpus is 1 to ${mostCpus}, not ${cpus}`)
  const { nodes = 1 } = options
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > mostNodes)
    refuse(`nodes is 1 to ${mostNodes}, not ${nodes}`)
  if ((options.cpus ?? defaultCpus) % nodes !== 0)
    refuse(
      `${nodes} nodes cannot share ${options.cpus ?? defaultCpus} vCPUs evenly; give a multiple of ${nodes}`,
    )
  if (!Number.isInteger(memoryBytes / mebibyte) || memoryBytes > mostMemory) {
    refuse(`memory is a whole number of MiB up to 1 TiB, not ${memoryBytes} bytes`)
  }
  if (memoryBytes < leastMemory)
    refuse(`a guest needs at least 128 MiB of memory, not ${memoryBytes / mebibyte} MiB`)
  if (!(bootTimeoutMs > 0)) refuse(`bootTimeoutMs is a positive number, not ${bootTimeoutMs}`)
  oneOf('accelerator', options.accelerator, ['auto', 'kvm', 'tcg'])
  oneOf('boot', options.boot, ['bzimage', 'elf'])
  oneOf('arch', options.arch, guestArchitectures)
  oneOf(
    'machine',
    options.machine,
    Object.values(architectures).flatMap(({ machines }) => machines),
  )
  oneOf('tcgThreads', options.tcgThreads, ['single', 'multi'])
  if (options.deterministic === true) checkDeterministic(options)
  else if (options.seed !== undefined) refuse('a seed is for deterministic guests; add --deterministic')
  else if (options.preempt === true) refuse('preempt is for deterministic guests; add --deterministic')
  if (name !== undefined) checkGuestName(name)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they would end the command line early.
  if (/[\x00-\x1f]/.test(append)) refuse('append cannot hold control characters')
  if (!/^[\w.,=+:-]+$/.test(cpu))
    refuse(`cpu is a QEMU CPU model such as max or max,la57=off, not "${escapeText(cpu)}"`)
  for (const argv of options.run ?? []) {
    if (argv.some((word) => word.includes('\0'))) refuse('run cannot hold NUL characters')
  }
}

/** Refuses what would make runs differ. */
function checkDeterministic({ accelerator, tcgThreads, arch, detach, seed = 0 }: BootOptions): void {
  const not = (why: string) => refuse(`a deterministic guest ${why}`)
  if (accelerator === 'kvm') not('is emulated: on KVM the processors of the host decide when what happens')
  if (tcgThreads === 'multi') not('has one thread for all vCPUs: several run at the pace of the host')
  if (arch === 'arm64') not('is x86-64: the plugin that holds it knows no other registers')
  if (detach === true)
    not('lives in the process that keeps its time line; cryoscope record makes a file that others open')
  if (!Number.isInteger(seed) || seed < 0 || seed > 2 ** 32 - 1)
    refuse(`seed is a whole number from 0 to 4294967295, not ${seed}`)
}

function oneOf(name: string, value: string | undefined, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value)) {
    refuse(`${name} is one of ${allowed.join(', ')}, not "${escapeText(value)}"`)
  }
}

function refuse(why: string): never {
  throw new CryoscopeError('usage', `cannot boot a guest so: ${why}`)
}
