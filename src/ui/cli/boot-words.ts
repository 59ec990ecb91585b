import type { Command } from 'commander'
import { CryoscopeError } from '../../errors.js'
import type { BootOptions } from '../../machine/options.js'
import { parseSize, parseWhole } from './numbers.js'

/** Options that every command which starts a guest has. */
export interface GuestWords {
  readonly kernel?: string
  readonly cpus?: string
  readonly nodes?: string
  readonly memory?: string
  readonly accel?: string
  readonly append?: string
  readonly kaslr?: boolean
  readonly boot?: string
  readonly deterministic?: string | true
}

export function addGuestOptions(command: Command): void {
  command
    .option(
      '--kernel <kernel>',
      'a known version such as 6.18, host, or the path of an image, a package (.deb, .rpm, .pkg.tar.zst) or a build tree',
    )
    .option('--cpus <n>', 'vCPUs (default 2)')
    .option('--nodes <n>', 'NUMA nodes, each a socket with as many of the vCPUs (default 1)')
    .option('--memory <size>', 'such as 512M or 2G (default 512M)')
    .option('--accel <kind>', 'auto, kvm or tcg (default auto: KVM where it works)')
    .option('--append <words>', "more words for the kernel's command line")
    .option('--no-kaslr', 'boot the kernel at its link address')
    .option(
      '--deterministic [seed]',
      'a guest that runs the same way each time, so that one can go back; another seed (default 0) is another run',
    )
    .option('--boot <way>', 'bzimage, or elf: unpack the vmlinux and start it by PVH (default bzimage)')
}

/** The options for Machine.boot; what is not given is left to its defaults. */
export function guestOptions(words: GuestWords): BootOptions {
  const { kernel, append } = words
  return {
    ...(kernel === undefined ? {} : { kernel }),
    ...(append === undefined ? {} : { append }),
    ...(words.cpus === undefined ? {} : { cpus: parseWhole(words.cpus, '--cpus', 1) }),
    ...(words.nodes === undefined ? {} : { nodes: parseWhole(words.nodes, '--nodes', 1) }),
    ...(words.memory === undefined ? {} : { memoryBytes: parseSize(words.memory, '--memory') }),
    ...(words.accel === undefined
      ? {}
      : { accelerator: oneOf(words.accel, '--accel', ['auto', 'kvm', 'tcg'] as const) }),
    ...(words.boot === undefined ? {} : { boot: oneOf(words.boot, '--boot', ['bzimage', 'elf'] as const) }),
    ...(words.kaslr === false ? { kaslr: false } : {}),
    ...(words.deterministic === undefined ? {} : deterministic(words.deterministic)),
  }
}

function deterministic(seed: string | true): BootOptions {
  return { deterministic: true, ...(seed === true ? {} : { seed: parseWhole(seed, '--deterministic', 0) }) }
}

export function oneOf<T extends string>(word: string, option: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === word)
  if (found !== undefined) return found
  throw new CryoscopeError('usage', `${option} is one of ${allowed.join(', ')}, not "${word}"`)
}
