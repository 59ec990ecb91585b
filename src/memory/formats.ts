import { existsSync } from 'node:fs'
import { CryoscopeError } from '../errors.js'
import type { Dump } from './dump.js'
import { isElf, openElfCore, parseElfCore } from './elf-core.js'
import { FlattenedBytes, isFlattened } from './flattened.js'
import { isKdump, openKdump, parseKdump } from './kdump.js'
import { isLibvirtSave, openLibvirtSave } from './libvirt-save.js'
import { isLime, openLime } from './lime.js'
import { isMigration, openMigration } from './migration.js'
import { isQcow2, openQcow2 } from './qcow2.js'

/** One kind of dump file, recognised by its first bytes. */
interface Format {
  readonly recognises: (head: Uint8Array) => boolean
  readonly open: (path: string) => Dump
}

/** Every format that `open` knows. */
const formats: readonly Format[] = [
  { recognises: isElf, open: openElfCore },
  { recognises: isKdump, open: (path) => openKdump(path, otherParts(path)) },
  { recognises: isFlattened, open: openFlattened },
  { recognises: isMigration, open: openMigration },
  { recognises: isLibvirtSave, open: openLibvirtSave },
  { recognises: isQcow2, open: openQcow2 },
  { recognises: isLime, open: openLime },
]

/** Bytes of a file's start that suffice to recognise it. */
export const headLength = 4096

/** Opens the dump if its first bytes are of a known format. */
export function openByContent(path: string, head: Uint8Array): Dump | undefined {
  return formats.find(({ recognises }) => recognises(head))?.open(path)
}

/** Files of a split dump lie beside each other: NAME.1, NAME.2 … or NAME1, NAME2 … */
function otherParts(path: string): string[] {
  const [, stem, number] = /^(.*?)(\d+)$/.exec(path) ?? []
  if (stem === undefined || number === undefined) return []
  const parts: string[] = []
  for (const first of [0, 1]) {
    for (let i = first; ; i++) {
      const part = `${stem}${String(i).padStart(number.length, '0')}`
      if (!existsSync(part)) break
      if (part !== path) parts.push(part)
    }
    if (parts.length > 0) break
  }
  return parts
}

function openFlattened(path: string): Dump {
  const file = new FlattenedBytes(path)
  const inner = file.bytes(0, headLength)
  const dump = isElf(inner)
    ? parseElfCore(path, file)
    : isKdump(inner)
      ? parseKdump(path, [{ path, open: () => file }])
      : undefined
  if (dump === undefined) {
    file.close()
    throw new CryoscopeError(
      'unreadable',
      file.cut === undefined
        ? `${path} is a flattened stream of something else than an ELF core or a kdump`
        : `${file.cut}, and what tells the kind of dump has not come: get the rest of the file`,
    )
  }
  return {
    ...dump,
    format: `${dump.format}, flattened`,
    cut: dump.cut ?? file.cut,
    problems: [...file.problems, ...dump.problems],
  }
}
