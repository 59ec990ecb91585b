import { spawn } from 'node:child_process'
import { accessSync, constants, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CryoscopeError } from '../errors.js'
import { escapeText } from '../text.js'
import type { GuestArchitecture } from './architecture.js'
import { probeFirmware, probeSuccess } from './probe-firmware.js'
import { hostBootId } from './runtime-directory.js'

export type AcceleratorChoice = 'auto' | 'kvm' | 'tcg'

export interface Accelerator {
  readonly kind: 'kvm' | 'tcg'
  /** A sentence that says why this one. */
  readonly reason: string
}

/** What running on KVM showed. `why` completes "KVM cannot be used here: …". */
export interface KvmVerdict {
  readonly usable: boolean
  readonly why: string
}

const probeMilliseconds = 2000

/** Where this machine shows what it is; others for tests. */
interface HostPlaces {
  readonly kvm: string
  readonly cpuinfo: string
}
const hostPlaces: HostPlaces = { kvm: '/dev/kvm', cpuinfo: '/proc/cpuinfo' }

/** Chooses how the guest's CPUs run. `auto` takes KVM only where it was seen to work, once per boot of the host. */
export async function chooseAccelerator(
  choice: AcceleratorChoice,
  {
    architecture = 'amd64',
    host = hostPlaces,
    ...options
  }: { qemu: string; cacheDirectory: string; architecture?: GuestArchitecture; host?: HostPlaces },
): Promise<Accelerator> {
  if (choice === 'tcg') return { kind: 'tcg', reason: 'using TCG (emulation), as asked' }
  if (architecture !== 'amd64') {
    return { kind: 'tcg', reason: `using TCG (emulation): the guest is ${architecture}` }
  }
  const verdict = await kvmVerdict({ ...options, host })
  if (verdict.usable)
    return {
      kind: 'kvm',
      reason: isGuest(host) ? 'using KVM, nested: this machine is a guest itself' : 'using KVM',
    }
  if (choice === 'kvm') {
    throw new CryoscopeError('environment', `KVM cannot be used here: ${verdict.why}; use TCG (--accel tcg)`)
  }
  return { kind: 'tcg', reason: `using TCG (emulation): KVM cannot be used here, ${verdict.why}` }
}

async function kvmVerdict({
  qemu,
  cacheDirectory,
  host,
}: {
  qemu: string
  cacheDirectory: string
  host: HostPlaces
}): Promise<KvmVerdict> {
  // Permissions can change while the host runs; what the CPU can do cannot.
  const obstacle = obstacleToKvm(host)
  if (obstacle !== undefined) return { usable: false, why: obstacle }
  const cache = join(cacheDirectory, `.kvm-${hostBootId()}.json`)
  const cached = readVerdict(cache)
  if (cached !== undefined) return cached
  const verdict = await probeKvm(qemu, 'kvm', cacheDirectory)
  writeFileSync(`${cache}.${process.pid}`, JSON.stringify(verdict), { mode: 0o600 })
  renameSync(`${cache}.${process.pid}`, cache)
  return verdict
}

/** Whether a hypervisor runs this machine: KVM is nested then, and slower (CPUID 1, ECX bit 31). */
function isGuest({ cpuinfo }: HostPlaces): boolean {
  try {
    return /^flags\s*:.*\bhypervisor\b/m.test(readFileSync(cpuinfo, 'utf8'))
  } catch {
    return false
  }
}

function obstacleToKvm({ kvm }: HostPlaces): string | undefined {
  if (process.arch !== 'x64') return `this machine is ${process.arch}, and KVM runs only its own kind`
  try {
    accessSync(kvm, constants.R_OK | constants.W_OK)
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? 'there is no /dev/kvm'
      : '/dev/kvm may not be opened (add your user to the group kvm)'
  }
}

function readVerdict(path: string): KvmVerdict | undefined {
  try {
    const { usable, why } = JSON.parse(readFileSync(path, 'utf8')) as Partial<KvmVerdict>
    return typeof usable === 'boolean' && typeof why === 'string' ? { usable, why } : undefined
  } catch {
    return undefined
  }
}

/**
 * Runs the probe firmware and looks at how that ends, for two seconds at most. `accelerator` is QEMU's name of it, a
 * parameter so that tests can see the firmware succeed where there is no KVM.
 */
export async function probeKvm(
  qemu: string,
  accelerator: string,
  directory: string,
  limit = probeMilliseconds,
): Promise<KvmVerdict> {
  const firmware = join(directory, `.probe-${process.pid}.bin`)
  writeFileSync(firmware, probeFirmware(), { mode: 0o600 })
  try {
    return explain(await runProbe(qemu, accelerator, firmware, limit))
  } finally {
    unlinkSync(firmware)
  }
}

interface ProbeEnd {
  readonly status: number | null
  readonly words: string
  readonly late: boolean
}

function runProbe(qemu: string, accelerator: string, firmware: string, limit: number): Promise<ProbeEnd> {
  const child = spawn(
    qemu,
    [
      ...[
        '-accel',
        accelerator,
        '-cpu',
        'max',
        '-machine',
        'pc',
        '-m',
        '16M',
        '-no-user-config',
        '-nodefaults',
      ],
      ...['-display', 'none', '-no-reboot', '-bios', firmware, '-device', 'isa-debug-exit'],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  return new Promise((resolve, reject) => {
    let words = ''
    let late = false
    const timer = setTimeout(() => {
      late = true
      child.kill('SIGKILL')
    }, limit)
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(0, 4096)
      // QEMU would wait for someone to look at the stopped machine.
      if (/KVM internal error|emulation failure/i.test(words)) child.kill('SIGKILL')
    })
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(new CryoscopeError('environment', `cannot start ${qemu}: ${error.message}`, { cause: error }))
    })
    child.once('close', (status) => {
      clearTimeout(timer)
      resolve({ status, words, late })
    })
  })
}

function explain({ status, words, late }: ProbeEnd): KvmVerdict {
  if (status === probeSuccess) return { usable: true, why: 'a test program ran on it' }
  const first = escapeText(words.split('\n').find((line) => line.trim() !== '') ?? '').replace(
    /^\S*qemu\S*: /,
    '',
  )
  const why = late
    ? 'a test program took more than two seconds on it'
    : first !== ''
      ? `QEMU failed on it (${first})`
      : 'a test program of 64-bit instructions crashed on it'
  return { usable: false, why: hasVirtualization() ? why : `${why}; the CPU shows neither vmx nor svm` }
}

function hasVirtualization(): boolean {
  try {
    return /^flags\s*:.*\b(vmx|svm)\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'))
  } catch {
    return true
  }
}
