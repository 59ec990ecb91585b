import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { architectures, type GuestArchitecture } from '../../../src/machine/architecture.js'
import { buildImage, writeImage } from '../../../src/machine/image.js'
import { resolveKernel } from '../../../src/machine/kernels.js'
import { boot } from '../../../src/session/guest.js'
import type { Session } from '../../../src/session/session.js'

const source = fileURLToPath(new URL('kexec-load.c', import.meta.url))
const fetchPackages = fileURLToPath(new URL('../../../scripts/apt-fetch', import.meta.url))

/** kexec-tools with their libraries: Debian's kernel for arm64 knows no kexec_file_load. */
const toolPackages = [
  ...['kexec-tools', 'libc6', 'zlib1g', 'liblzma5', 'libxenmisc4.17', 'libxencall1', 'libxentoollog1'],
  ...['libxenevtchn1', 'libxengnttab1', 'libxenforeignmemory1', 'libxendevicemodel1', 'libxentoolcore1'],
]

/** A guest that panicked and whose capture kernel runs. */
export interface CapturedGuest {
  readonly session: Session
  readonly directory: string
  /** Pids of the tasks that spun on the CPUs, by CPU. */
  readonly spinners: ReadonlyMap<number, number>
  /** What the crashed kernel printed, to its end. */
  readonly printed: string
  /** What the capture kernel saved, as soon as it says so. */
  saved(): Promise<string>
  close(): Promise<void>
}

export interface CaptureOptions {
  readonly kernel: string
  readonly arch?: GuestArchitecture
  readonly cpus: number
  /** CPUs that are taken offline before the panic. */
  readonly offline: readonly number[]
  /** Words for the shell that make it panic, or prepare for what does. */
  readonly panic: string
  /** Makes it panic from outside. */
  readonly trigger?: (session: Session) => Promise<void>
  /** Words for the capture kernel's shell that write a dump to standard output. */
  readonly save: string
  /** Program of the host that saves, with its libraries. */
  readonly program?: string
}

/**
 * Boots a guest with a capture kernel (Documentation/admin-guide/kdump/kdump.rst), a spinning task on each CPU, takes
 * CPUs offline and makes it panic. Resolves when the capture kernel has begun to save, by a task named `capturing`.
 */
export async function captureCrash(options: CaptureOptions): Promise<CapturedGuest> {
  const { arch = 'amd64', cpus, offline } = options
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-capture-'))
  const at = (name: string): string => join(directory, name)
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  try {
    const tools = arch === 'amd64' ? undefined : captureTools(arch)
    writeFileSync(
      at('load'),
      tools === undefined
        ? compileLoader()
        : `#!/bin/sh\nexec ${callOf('kexec', '-p "$1" --initrd="$2" --append="$3"')}\n`,
      {
        mode: 0o755,
      },
    )
    copyFileSync((await resolveKernel(options.kernel, { arch })).path, at('vmlinuz'))
    writeFileSync(
      at('capture.sh'),
      `printf capturing >/proc/$$/comm
echo "capture: saving"
${options.save} >/dev/virtio-ports/cryoscope.out
echo "capture: saved with status $?"
while :; do sleep 1000; done
`,
    )
    const capture = await buildImage({
      hostname: 'capture',
      architecture: arch,
      run: options.program === undefined ? [] : [[options.program, '-v']],
      files: tools === undefined ? [] : [`${tools}:/tools`],
      script: at('capture.sh'),
    })
    await writeImage(capture, at('capture.cpio.gz'), { gzip: true })
    const { console } = architectures[arch]
    const words = `console=${console} quiet panic=-1 maxcpus=1 reset_devices cgroup_disable=memory nokaslr`
    writeFileSync(
      at('script.sh'),
      `cd /capture
./load vmlinuz initrd "${words}" || { echo "capture: not loaded, error $?"; exit 1; }
cpu=0
while [ $cpu -lt ${cpus} ]; do
  taskset -c $cpu sh -c 'while :; do :; done' &
  pids="$pids $!"
  cpu=$((cpu + 1))
done
sleep 1
set -- $pids
${offline.map((cpu) => `kill -9 $${cpu + 1}; echo 0 >/sys/devices/system/cpu/cpu${cpu}/online`).join('\n')}
sleep 1
for pid in $pids; do
  [ -e /proc/$pid/stat ] && echo "capture: runs $pid $(cut -d' ' -f39 /proc/$pid/stat)"
done
echo "capture: ready"
sleep 1
${options.panic}
sleep 1000
`,
    )
    const session = await boot({
      kernel: options.kernel,
      arch,
      cpus,
      memoryBytes: 640 * 2 ** 20,
      append: 'crashkernel=224M',
      files: [
        `${at('load')}:/capture/load`,
        `${at('vmlinuz')}:/capture/vmlinuz`,
        `${at('capture.cpio.gz')}:/capture/initrd`,
        ...(tools === undefined ? [] : [`${tools}:/tools`]),
      ],
      script: at('script.sh'),
      waitFor: /^capture: (ready|not loaded.*)/m,
      bootTimeoutMs: 400_000,
    })
    const text = (): string => (session.machine?.console.text() ?? '').replaceAll('\r', '')
    const said = async (what: RegExp): Promise<string> => {
      const end = performance.now() + 400_000
      while (!what.test(text())) {
        if (performance.now() > end) throw new Error(`it never said ${what}:\n${text()}`)
        await new Promise((go) => setTimeout(go, 100))
      }
      return text()
    }
    if (/^capture: not loaded/m.test(text())) throw new Error(text())
    await options.trigger?.(session)
    const printed = await said(/^capture: saving/m)
    const spinners = new Map(
      [...printed.matchAll(/^capture: runs (\d+) (\d+)/gm)].map(([, pid, cpu]) => [Number(cpu), Number(pid)]),
    )
    return {
      session,
      directory,
      printed,
      spinners,
      async saved() {
        const [, status] = /^capture: saved with status (\d+)/m.exec(await said(/^capture: saved/m)) ?? []
        if (status !== '0') throw new Error(`it could not save:\n${text()}`)
        copyFileSync(session.machine?.outbox ?? '', at('saved'))
        return at('saved')
      },
      async close() {
        await session.close()
        remove()
      },
    }
  } catch (error) {
    remove()
    throw error
  }
}

/** A directory with the program of Debian 12 that loads a capture kernel, and its libraries. */
function captureTools(arch: GuestArchitecture): string {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cryoscope')
  const tools = join(cache, `capture-tools-${arch}`)
  if (existsSync(tools)) return tools
  mkdirSync(cache, { recursive: true })
  const work = mkdtempSync(join(cache, '.capture-'))
  try {
    const packages = join(work, 'packages')
    execFileSync(fetchPackages, ['--arch', arch, 'bookworm', ...toolPackages, '--', packages])
    const flat = join(work, 'flat')
    mkdirSync(flat)
    for (const entry of readdirSync(packages, { recursive: true, withFileTypes: true })) {
      const isWanted = /^(?:kexec|ld-linux-.*|lib.*\.so\.[\d.]+)$/.test(entry.name)
      const path = join(entry.parentPath, entry.name)
      // A script of init is called kexec too.
      if (isWanted && statSync(path).isFile() && isElf(path)) copyFileSync(path, join(flat, entry.name))
    }
    renameSync(flat, tools)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return tools
}

const isElf = (path: string): boolean => readFileSync(path).readUInt32BE(0) === 0x7f454c46

/** Words for a shell that run one of them in a guest. */
const callOf = (name: string, words: string): string =>
  `/tools/ld-linux-aarch64.so.1 --library-path /tools /tools/${name} ${words}`

/** The text of the loader with an ELF header before it. */
function compileLoader(): Buffer {
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-loader-'))
  try {
    const object = join(directory, 'load.o')
    const flags = ['-O1', '-ffreestanding', '-fno-builtin', '-fno-stack-protector', '-fPIE']
    execFileSync('clang-19', [
      '--target=x86_64-linux-gnu',
      ...flags,
      '-fcf-protection=none',
      '-c',
      source,
      '-o',
      object,
    ])
    return program(textOf(readFileSync(object)))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** The one section that is executable (gABI 4, sections). */
function textOf(object: Buffer): Buffer {
  const table = Number(object.readBigUInt64LE(40))
  for (let i = 0; i < object.readUInt16LE(60); i++) {
    const at = table + i * 64
    const isCode = (object.readUInt32LE(at + 8) & 4) !== 0
    const from = Number(object.readBigUInt64LE(at + 24))
    const size = Number(object.readBigUInt64LE(at + 32))
    if (isCode && size > 0) return object.subarray(from, from + size)
  }
  throw new Error('clang made no code')
}

function program(text: Buffer): Buffer {
  const base = 0x400000
  const headers = 64 + 56
  const file = Buffer.alloc(headers + text.length)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  file.writeUInt16LE(2, 16)
  file.writeUInt16LE(62, 18)
  file.writeUInt32LE(1, 20)
  file.writeBigUInt64LE(BigInt(base + headers), 24)
  file.writeBigUInt64LE(64n, 32)
  file.writeUInt16LE(64, 52)
  file.writeUInt16LE(56, 54)
  file.writeUInt16LE(1, 56)
  file.writeUInt32LE(1, 64)
  file.writeUInt32LE(5, 68)
  file.writeBigUInt64LE(BigInt(base), 80)
  file.writeBigUInt64LE(BigInt(base), 88)
  file.writeBigUInt64LE(BigInt(file.length), 96)
  file.writeBigUInt64LE(BigInt(file.length), 104)
  file.writeBigUInt64LE(0x1000n, 112)
  file.set(text, headers)
  return file
}
