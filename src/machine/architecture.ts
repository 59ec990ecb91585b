import { CryoscopeError } from '../errors.js'
import type { BootOptions } from './options.js'

/** Kinds of machines that guests can be, by Debian's names. */
export const guestArchitectures = ['amd64', 'arm64'] as const
export type GuestArchitecture = (typeof guestArchitectures)[number]

/** What differs between them. */
export interface ArchitectureTraits {
  /** In sentences. */
  readonly title: string
  /** e_machine of its programs. */
  readonly elfMachine: number
  readonly qemu: string
  /** The Debian package of that QEMU. */
  readonly qemuPackage: string
  /** QEMU's machine types that are known here, the usual one first. */
  readonly machines: readonly [GuestMachine, ...GuestMachine[]]
  readonly cpu: string
  /** The kernel's name of the first serial port. */
  readonly console: string
  /** Debian's directory of its libraries. */
  readonly multiarch: string
}

export type GuestMachine = 'q35' | 'pc' | 'virt'

export const architectures: Readonly<Record<GuestArchitecture, ArchitectureTraits>> = {
  amd64: {
    title: 'x86-64',
    elfMachine: 62,
    qemu: 'qemu-system-x86_64',
    qemuPackage: 'qemu-system-x86',
    machines: ['q35', 'pc'],
    cpu: 'max',
    console: 'ttyS0',
    multiarch: 'x86_64-linux-gnu',
  },
  arm64: {
    title: 'arm64',
    elfMachine: 183,
    qemu: 'qemu-system-aarch64',
    qemuPackage: 'qemu-system-arm',
    machines: ['virt'],
    // The oldest with atomic instructions, which programs on arenas need: emulating what came later takes time.
    cpu: 'cortex-a76',
    console: 'ttyAMA0',
    multiarch: 'aarch64-linux-gnu',
  },
}

/** Refuses what a guest of that kind cannot be told. */
export function checkForArchitecture(options: BootOptions, architecture: GuestArchitecture): void {
  const { title, machines } = architectures[architecture]
  const refuse = (why: string): never => {
    throw new CryoscopeError('usage', `cannot boot a guest so: ${why}`)
  }
  if (options.arch !== undefined && options.arch !== architecture) {
    refuse(`its kernel is for ${title}, and --arch says ${options.arch}`)
  }
  if (options.machine !== undefined && !machines.includes(options.machine)) {
    refuse(`machine is one of ${machines.join(', ')} for ${title}, not "${options.machine}"`)
  }
  if (architecture === 'arm64' && options.boot === 'elf')
    refuse('an arm64 kernel is started as it is, not by PVH')
  if (architecture === 'arm64' && options.accelerator === 'kvm') {
    refuse('KVM runs only guests of the kind of this machine; leave --accel away for arm64')
  }
}
