import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { CryoscopeError } from '../errors.js'
import { checkBootOptions } from '../machine/options.js'
import { findQemu, withDefaults } from '../machine/qemu.js'
import { runtimeDirectory } from '../machine/runtime-directory.js'
import { OutputFile } from '../output-file.js'
import { escapeText } from '../text.js'
import { countingNumber } from './engine/layout.js'
import type { Moment } from './engine/run.js'
import { engineVersion, hashOfFile, openRun, type Proof, proofOf, type RunDescription } from './open-run.js'
import type { RunRecord } from './record.js'
import { magic } from './recording-file.js'

const longestHeader = 2 ** 20
const mostImage = 2 ** 31

interface Header {
  readonly layout: number
  readonly settings: RunDescription['settings']
  readonly seed: number
  readonly spacing: number
  readonly preempts?: true | undefined
  readonly ready: { readonly text: string } | { readonly pattern: string; readonly flags: string }
  readonly release: string
  readonly engine: string
  readonly kernel: { readonly bytes: number; readonly sha256: string }
  readonly initrd: { readonly bytes: number; readonly sha256: string }
  readonly proof: Proof
  readonly end: Moment
}

/** Writes what somebody else needs to have this run: kernel, initramfs, options and seed. The session goes to the start and back. */
export async function saveRecording(record: RunRecord, file: string): Promise<void> {
  const { description } = record
  const here = record.time
  const start = record.checkpoints[0]
  if (start === undefined) throw new CryoscopeError('guest', 'the record has no begin yet')
  if (here.instructions !== start.instructions) await record.goTo({ instructions: start.instructions })
  const proof = await proofOf(record)
  if (here.instructions !== start.instructions) await record.goTo({ instructions: here.instructions })
  const kernel = readFileSync(record.setup.machine.kernel)
  const initrd = gzipSync(readFileSync(record.setup.machine.initrd), { level: 6 })
  const { readyText } = description
  const header: Header = {
    layout: countingNumber,
    settings: description.settings,
    seed: description.seed,
    spacing: description.spacing,
    ...(description.preempts === true ? { preempts: true } : {}),
    ready:
      typeof readyText === 'string'
        ? { text: readyText }
        : { pattern: readyText.source, flags: readyText.flags },
    release: description.release,
    engine: description.engine,
    kernel: { bytes: kernel.length, sha256: description.kernelHash },
    initrd: { bytes: initrd.length, sha256: description.initrdHash },
    proof,
    end: record.end,
  }
  const output = await OutputFile.create(file, { isSecret: true })
  try {
    for (const part of [Buffer.from(`${magic}${JSON.stringify(header)}\n`), kernel, initrd])
      output.write(part)
    output.keep()
  } finally {
    output.close()
  }
}

interface OpenRecordingOptions {
  readonly name?: string
  readonly runs?: string | undefined
  readonly onProgress?: (sentence: string) => void
  readonly signal?: AbortSignal
}

/**
 * Opens a recording: its run is taken up where this machine knows it, else booted, and held against the recording where it
 * begins. Another QEMU is taken when it runs equally, and refused when not.
 */
export async function openRecording(path: string, options: OpenRecordingOptions = {}): Promise<RunRecord> {
  const { header, kernel, initrd } = readRecording(path)
  const qemu = findQemu('amd64')
  const engine = engineVersion(qemu)
  if (engine !== header.engine) {
    options.onProgress?.(
      `recorded with ${escapeText(header.engine)}, here is ${escapeText(engine)}: whether it runs equally shows where the guest is ready`,
    )
  }
  const directory = mkdtempSync(join(runtimeDirectory(), '.recording-'))
  try {
    const kernelPath = join(directory, 'kernel')
    writeFileSync(kernelPath, kernel, { mode: 0o600 })
    const record = await openRun(
      {
        qemu,
        kernel: kernelPath,
        writeInitrd: async (place) => writeFileSync(place, initrd, { mode: 0o600 }),
        describe: async (place) => {
          const hashes = { kernelHash: await hashOfFile(kernelPath), initrdHash: await hashOfFile(place) }
          if (hashes.kernelHash !== header.kernel.sha256 || hashes.initrdHash !== header.initrd.sha256) {
            throw new CryoscopeError(
              'unreadable',
              `${escapeText(path)} is damaged: its kernel or initramfs is not what was recorded`,
            )
          }
          const { settings, seed, spacing, preempts, ready, release } = header
          const readyText = 'text' in ready ? ready.text : new RegExp(ready.pattern, ready.flags)
          return { settings, seed, spacing, preempts, readyText, release, engine, ...hashes }
        },
        name: options.name,
        runs: options.runs,
        proof: header.proof,
        end: header.end,
        onProgress: options.onProgress,
        signal: options.signal,
      },
      header.settings.memoryBytes,
      header.settings.cpus,
    )
    record.onClose(() => rmSync(directory, { recursive: true, force: true }))
    return record
  } catch (error) {
    rmSync(directory, { recursive: true, force: true })
    throw error
  }
}

/** A recording comes from others: nothing in it is believed before it is checked. */
function readRecording(path: string): { header: Header; kernel: Buffer; initrd: Buffer } {
  const damaged = (why: string): never => {
    throw new CryoscopeError('unreadable', `${escapeText(path)} is a damaged recording: ${why}`)
  }
  const file = readFileSync(path)
  const end = file.indexOf(10, magic.length)
  if (end < 0 || end > longestHeader) return damaged('its header does not end')
  let header: Header
  try {
    header = checkHeader(JSON.parse(file.toString('utf8', magic.length, end)))
  } catch (error) {
    return damaged(`its header cannot be read (${escapeText((error as Error).message)})`)
  }
  const kernel = file.subarray(end + 1, end + 1 + header.kernel.bytes)
  const packed = file.subarray(end + 1 + header.kernel.bytes)
  if (kernel.length !== header.kernel.bytes || packed.length !== header.initrd.bytes)
    return damaged('it ends early')
  try {
    return { header, kernel, initrd: gunzipSync(packed, { maxOutputLength: mostImage }) }
  } catch (error) {
    return damaged(`its initramfs cannot be unpacked (${escapeText((error as Error).message)})`)
  }
}

function checkHeader(value: unknown): Header {
  const { layout, settings, seed, spacing, preempts, ready, release, engine, kernel, initrd, proof, end } =
    Object(value) as Header
  if (layout !== countingNumber)
    throw new Error(`it counts in another way (${layout}), which this version does not know`)
  const { cpus, nodes, memoryBytes, cpu, machine, append, architecture, tcgThreads } = Object(
    settings,
  ) as Header['settings']
  checkBootOptions({ deterministic: true, seed, cpus, nodes, memoryBytes, cpu, machine, append, tcgThreads })
  if (architecture !== 'amd64') throw new Error('its guest is no x86-64')
  for (const number of [
    spacing,
    kernel?.bytes,
    initrd?.bytes,
    proof?.instructions,
    proof?.ns,
    end?.instructions,
    end?.ns,
  ]) {
    if (!Number.isSafeInteger(number) || number < 0) throw new Error('a number in it is none')
  }
  for (const text of [release, engine, kernel.sha256, initrd.sha256, proof.ram]) {
    if (typeof text !== 'string' || text.length > 1000) throw new Error('a text in it is none')
  }
  if (spacing < 2 ** 20) throw new Error('its checkpoints are too near each other')
  const isText = typeof (ready as { text?: unknown }).text === 'string'
  const { pattern, flags } = Object(ready) as { pattern?: unknown; flags?: unknown }
  if (!isText && (typeof pattern !== 'string' || typeof flags !== 'string'))
    throw new Error('it does not say when the guest is ready')
  const known = withDefaults({ cpus, nodes, memoryBytes, cpu, machine }, 'amd64')
  return {
    ...(preempts === true ? { preempts } : {}),
    ...{ layout, seed, spacing, ready, release, engine, kernel, initrd, proof, end },
    settings: { ...known, append },
  }
}
