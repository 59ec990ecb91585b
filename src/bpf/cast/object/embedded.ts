import { extent } from '../../../extent.js'
import { ElfFile, type ElfSection, isElf64, machineBpf, sectionFlag, sectionType, symbolType } from './elf.js'

/** A BPF object and where in the file it lies. */
export interface EmbeddedObject {
  /** What the file calls it: the symbol of the bytes, or a section and an offset. */
  readonly name: string
  /** Bytes from the start of the file. */
  readonly offset: number
  readonly bytes: Uint8Array
}

/** Where Rust's libbpf-cargo and scx put their objects. */
const objectsSection = '.bpf.objs'
const mostObjects = 256
/** Headers looked at in one section: a hostile file may hold nothing else. */
const mostHeaders = 1024

/**
 * The BPF objects of a file: the file itself, those that the symbols of `.bpf.objs` delimit, and those that lie
 * anywhere else in initialised data, as the skeletons of bpftool keep them.
 */
export function findObjects(bytes: Uint8Array, name: string): EmbeddedObject[] {
  const file = ElfFile.parse(bytes, name)
  if (file.machine === machineBpf) return [{ name, offset: 0, bytes }]
  const found: EmbeddedObject[] = []
  for (const section of file.sections) {
    if (section.type !== sectionType.programBits || (section.flags & sectionFlag.executable) !== 0) continue
    const isObjects = section.name === objectsSection
    if (!isObjects && (section.flags & sectionFlag.allocate) === 0) continue
    if (isObjects) for (const object of delimited(bytes, file, section)) found.push(object)
    scan(bytes, file, section, found)
  }
  return found.toSorted((a, b) => a.offset - b.offset).slice(0, mostObjects)
}

/** One object for each symbol of data in the section. */
function delimited(bytes: Uint8Array, file: ElfFile, section: ElfSection): Iterable<EmbeddedObject> {
  const found = new Map<number, EmbeddedObject>()
  for (const symbol of file.symbols) {
    if (symbol.section !== section.index || symbol.type !== symbolType.object || symbol.size === 0) continue
    const offset = section.offset + symbol.value - section.address
    const end = offset + symbol.size
    const isInside = offset >= section.offset && end <= section.offset + section.data.length
    if (!isInside || found.has(offset)) continue
    found.set(offset, { name: symbol.name, offset, bytes: bytes.subarray(offset, end) })
  }
  return found.values()
}

/** Adds the objects whose ELF header stands in the section outside of those already found. */
function scan(bytes: Uint8Array, file: ElfFile, section: ElfSection, found: EmbeddedObject[]): void {
  const data = Buffer.from(section.data.buffer, section.data.byteOffset, section.data.length)
  let at = data.indexOf('\x7fELF\x02', 0, 'latin1')
  for (let n = 0; at >= 0 && n < mostHeaders && found.length < mostObjects; n++) {
    const offset = section.offset + at
    const isKnown = found.some(
      (other) => offset >= other.offset && offset < other.offset + other.bytes.length,
    )
    if (!isKnown && isElf64(section.data, at)) {
      const size = objectSize(section.data.subarray(at))
      if (size > 0) {
        const address = section.address + at
        const symbol = file.symbols.find(
          ({ type, value, section: index }) =>
            type === symbolType.object && index === section.index && value === address,
        )
        const name = symbol?.name || `${section.name}+0x${at.toString(16)}`
        found.push({ name, offset, bytes: bytes.subarray(offset, offset + size) })
      }
    }
    at = data.indexOf('\x7fELF\x02', at + 1, 'latin1')
  }
}

/** Where the last section of the BPF object at the start of the bytes ends; 0 when it is no BPF object. */
function objectSize(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const little = bytes[5] !== 2
  if (view.getUint16(18, little) !== machineBpf) return 0
  const file = ElfFile.parse(bytes, '')
  const table = Number(view.getBigUint64(40, little))
  const [, last] = extent(file.sections.map(({ offset, data }) => offset + data.length))
  const end = Math.max(table + view.getUint16(58, little) * file.sections.length, last)
  return file.lacking === undefined && end <= bytes.length ? end : 0
}
