import { asFrame, type Frame, frameAt, frameStart, type Physical } from '../../brands.js'
import type { PhysicalMemory, PhysicalRange } from '../../memory/types.js'

/**
 * VMCOREINFO: the note in which a kernel describes itself for dump tools
 * (kernel/vmcore_info.c; Documentation/admin-guide/kdump/vmcoreinfo.rst). Lines of KEY=VALUE.
 */
export class VmcoreInfo {
  readonly text: string
  /** Where the note lies; undefined when a dump's own notes carried it. */
  readonly physical: Physical | undefined
  readonly #values = new Map<string, string>()

  constructor(text: string, physical?: Physical) {
    this.text = text
    this.physical = physical
    for (const line of text.split('\n')) {
      const equals = line.indexOf('=')
      if (equals > 0) this.#values.set(line.slice(0, equals), line.slice(equals + 1))
    }
  }

  get(key: string): string | undefined {
    return this.#values.get(key)
  }

  get release(): string {
    return this.#values.get('OSRELEASE') ?? ''
  }

  /** SYMBOL(name): a run-time address. */
  symbol(name: string): bigint | undefined {
    return integer(this.#values.get(`SYMBOL(${name})`), 16)
  }

  /** NUMBER(name), signed as printed. */
  number(name: string): bigint | undefined {
    return integer(this.#values.get(`NUMBER(${name})`), 10)
  }

  /** How far KASLR moved the kernel image, in bytes. */
  get kernelOffset(): bigint {
    return integer(this.#values.get('KERNELOFFSET'), 16) ?? 0n
  }
}

function integer(text: string | undefined, base: 10 | 16): bigint | undefined {
  if (text === undefined) return undefined
  const match = /^(-?)(0x)?([0-9a-fA-F]{1,16}|[0-9]{1,20})$/.exec(text.trim())
  if (match === null) return undefined
  const [, sign, prefix, digits] = match
  if (base === 10 && prefix === undefined && !/^[0-9]+$/.test(digits ?? '')) return undefined
  const value = BigInt(prefix !== undefined || base === 16 ? `0x${digits}` : `${digits}`)
  return sign === '-' ? -value : value
}

const frameSize = 4096
const headerSize = 24
/** The kernel keeps the note in one page (VMCOREINFO_BYTES). */
const textLimit = frameSize - headerSize

/** How many frames are looked at for a note: those of 256 GiB that hold data. A dump of zeros has terabytes of them. */
export class ScanBudget {
  left = 2 ** 26
}

/**
 * Notes found by their header (Elf64_Nhdr of name "VMCOREINFO" at the start of a page), lazily: the caller stops at
 * the first that proves itself. Stale copies exist in freed pages and the page cache, so one hit proves nothing.
 */
export function* findVmcoreInfo(
  memory: PhysicalMemory,
  hint?: Physical,
  budget = new ScanBudget(),
): Generator<VmcoreInfo> {
  if (hint !== undefined) {
    const note = noteAt(memory, frameAt(hint))
    if (note !== undefined) yield note
  }
  yield* vmcoreInfoIn(memory, memory.dataRanges(), budget)
}

/** The same in these ranges only. */
export function* vmcoreInfoIn(
  memory: PhysicalMemory,
  ranges: readonly PhysicalRange[],
  budget = new ScanBudget(),
): Generator<VmcoreInfo> {
  for (const range of ranges) {
    const first = Math.ceil(range.start / frameSize)
    const end = Math.floor((range.start + range.length) / frameSize)
    for (let frame = first; frame < end; frame++) {
      if (budget.left-- <= 0) return
      const note = noteAt(memory, asFrame(frame))
      if (note !== undefined) yield note
    }
  }
}

function noteAt(memory: PhysicalMemory, frame: Frame): VmcoreInfo | undefined {
  const position = memory.locate(frame)
  if (position < 0) return undefined
  const window = memory.windows[Math.floor(position / 2 ** 32)]
  if (window === undefined) return undefined
  const at = position >>> 0
  const { view } = window
  // namesz 11, then "VMCO" at byte 12: two reads refuse nearly every page.
  if (view.getUint32(at, true) !== 11 || view.getUint32(at + 12, true) !== 0x4f434d56) return undefined
  const size = view.getUint32(at + 4, true)
  if (size === 0 || size > textLimit || view.getUint32(at + 8, true) !== 0) return undefined
  const note = Buffer.from(window.bytes.subarray(at, at + headerSize + size))
  if (note.toString('latin1', 12, 22) !== 'VMCOREINFO') return undefined
  const text = note.toString('latin1', headerSize).replace(/\0.*$/s, '')
  if (!text.startsWith('OSRELEASE=')) return undefined
  return new VmcoreInfo(text, frameStart(frame))
}
