import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { accessSync, closeSync, constants, openSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { CryoscopeError } from '../errors.js'
import { architectures, type GuestArchitecture, type GuestMachine } from './architecture.js'
import { outboxPort } from './init-script.js'
import { type BootOptions, defaultCpus, mebibyte } from './options.js'
import { guestFiles } from './registry.js'

/** What makes QEMU run the same way each time (TCG on one thread, with a clock that counts instructions). */
export interface DeterministicOptions {
  readonly seed: number
  /** Our TCG plugin, the file that it shares with us, and its other arguments. */
  readonly plugin: string
  readonly shared: string
  readonly pluginArguments: readonly string[]
  /** Descriptor, in this process, of the file that is the guest's RAM. */
  readonly ram: number
  /** Waits for a state to go on from instead of booting. */
  readonly incoming: boolean
}

export interface QemuOptions {
  readonly directory: string
  readonly name: string
  readonly kernel: string
  readonly initrd: string
  readonly accelerator: 'kvm' | 'tcg'
  readonly cpus: number
  readonly nodes: number
  readonly memoryBytes: number
  readonly architecture: GuestArchitecture
  readonly machine: GuestMachine
  readonly cpu: string
  readonly tcgThreads: 'single' | 'multi'
  /** Words for the kernel after our own. */
  readonly append: string
  readonly deterministic?: DeterministicOptions | undefined
}

/** The id of the guest's RAM backend. */
export const ramId = 'ram'

/** QEMU's path, or an error that says how to install it. */
export function findQemu(architecture: GuestArchitecture = 'amd64', path = process.env.PATH ?? ''): string {
  const { qemu, qemuPackage } = architectures[architecture]
  for (const directory of path.split(delimiter)) {
    const program = join(directory, qemu)
    try {
      accessSync(program, constants.X_OK)
      return program
    } catch {
      // Not here.
    }
  }
  throw new CryoscopeError(
    'environment',
    `${qemu} is not installed; install it (Debian: apt install ${qemuPackage})`,
  )
}

/** QEMU's arguments: RAM in a shared nameless file, monitors and gdb on sockets of the guest's private directory. */
export function qemuArguments(options: QemuOptions): string[] {
  const files = guestFiles(options.directory)
  const memory = `${options.memoryBytes / mebibyte}M`
  const { deterministic } = options
  // The usual room for translated code depends on the host's memory, and what has to be translated again is looked up again.
  const translated = deterministic === undefined ? '' : ',tb-size=1024'
  const accelerator = options.accelerator === 'kvm' ? 'kvm' : `tcg,thread=${options.tcgThreads}${translated}`
  // Files of a run that goes on hold what it wrote before.
  const more = deterministic === undefined ? '' : ',append=on'
  // Panics end the guest (panic=-1 reboots at once, -no-reboot exits), so that whoever waits hears of it.
  const { console } = architectures[options.architecture]
  const append = `console=${console} quiet panic=-1 ${options.append}`.trim()
  return [
    ...[
      '-name',
      `cryoscope-${options.name}`,
      '-no-user-config',
      '-nodefaults',
      '-display',
      'none',
      '-no-reboot',
    ],
    ...['-accel', accelerator, '-cpu', options.cpu, '-m', memory],
    ...ramBackend(memory, deterministic),
    ...(deterministic === undefined ? [] : deterministicArguments(deterministic)),
    ...topology(options),
    ...['-kernel', options.kernel, '-initrd', options.initrd, '-append', append],
    ...[
      '-chardev',
      `file,id=console,path=${escapeComma(files.console)}${more}`,
      '-serial',
      'chardev:console',
    ],
    ...files.monitors.flatMap((path, index) => [
      ...['-chardev', `socket,id=qmp${index},path=${escapeComma(path)},server=on,wait=off`],
      ...['-mon', `chardev=qmp${index},mode=control`],
    ]),
    ...['-chardev', `socket,id=gdb,path=${escapeComma(files.gdb)},server=on,wait=off`, '-gdb', 'chardev:gdb'],
    // Else the main loop serves its queues, at times of its own.
    ...['-device', `virtio-serial-pci${deterministic === undefined ? '' : ',ioeventfd=off'}`],
    ...['-chardev', `file,id=outbox,path=${escapeComma(files.outbox)}${more}`],
    ...['-device', `virtserialport,chardev=outbox,name=${outboxPort}`],
    ...['-pidfile', files.pid],
  ]
}

/** Where a child finds the RAM file that we hand to it. */
const inheritedRam = 3

function ramBackend(memory: string, deterministic: DeterministicOptions | undefined): string[] {
  const kind =
    deterministic === undefined
      ? 'memory-backend-memfd'
      : `memory-backend-file,mem-path=/proc/self/fd/${inheritedRam}`
  return ['-object', `${kind},id=${ramId},size=${memory},share=on`]
}

function deterministicArguments(options: DeterministicOptions): string[] {
  const plugin = [
    options.plugin,
    `shared=${options.shared}`,
    `ram=/proc/self/fd/${inheritedRam}`,
    ...options.pluginArguments,
  ]
  return [
    ...['-icount', 'shift=1,sleep=off', '-rtc', 'base=2026-01-01,clock=vm', '-seed', String(options.seed)],
    ...['-plugin', plugin.map(escapeComma).join(','), '-S'],
    ...(options.incoming ? ['-incoming', 'defer'] : []),
  ]
}

/** The machine with its vCPUs. With more than one node RAM belongs to the first of them and not to the machine. */
function topology({ machine, cpus, nodes }: QemuOptions): string[] {
  if (nodes === 1) return ['-machine', `${machine},memory-backend=${ramId}`, '-smp', String(cpus)]
  const each = cpus / nodes
  return [
    ...['-machine', machine, '-smp', `${cpus},sockets=${nodes}`],
    ...Array.from({ length: nodes }, (_, node) => {
      const own = `cpus=${node * each}-${(node + 1) * each - 1}`
      return ['-numa', `node,nodeid=${node},${own}${node === 0 ? `,memdev=${ramId}` : ''}`]
    }).flat(),
  ]
}

/** QEMU's option parser ends a value at a comma and reads two as one. */
function escapeComma(path: string): string {
  return path.replaceAll(',', ',,')
}

/**
 * Starts QEMU in a session of its own, so that a Ctrl-C of the terminal does not reach it. Unless it is to outlive
 * us, the kernel kills it the moment we die, whatever kills us.
 */
export function startQemu(qemu: string, options: QemuOptions, outlive: boolean): ChildProcess {
  const words = qemuArguments(options)
  const log = openSync(guestFiles(options.directory).log, 'a', 0o600)
  try {
    const [program, ...args] =
      !outlive && canBindLifetimes() ? ['setpriv', '--pdeathsig', 'KILL', qemu, ...words] : [qemu, ...words]
    const { deterministic } = options
    const ram = deterministic === undefined ? [] : [deterministic.ram]
    // The plugin also is QEMU's clock of the host.
    const env =
      deterministic === undefined ? {} : { env: { ...process.env, LD_PRELOAD: deterministic.plugin } }
    const child = spawn(program ?? qemu, args, {
      stdio: ['ignore', log, log, ...ram],
      detached: true,
      cwd: '/',
      ...env,
    })
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

let bindsLifetimes: boolean | undefined

/** Whether util-linux's setpriv is there; without it the next `sweep` finds a QEMU that a SIGKILL of us left. */
function canBindLifetimes(): boolean {
  bindsLifetimes ??= spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true']).status === 0
  return bindsLifetimes
}

/** The defaults of the options that decide about QEMU. */
export function withDefaults(options: BootOptions, architecture: GuestArchitecture = 'amd64') {
  const { machines, cpu } = architectures[architecture]
  return {
    architecture,
    cpus: options.cpus ?? defaultCpus,
    nodes: options.nodes ?? 1,
    memoryBytes: options.memoryBytes ?? 512 * mebibyte,
    machine: options.machine ?? machines[0],
    cpu: options.cpu ?? cpu,
    tcgThreads: options.tcgThreads ?? 'single',
    append: [options.kaslr === false ? 'nokaslr' : '', options.append ?? ''].join(' ').trim(),
  } as const
}
