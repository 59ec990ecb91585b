import { readFileSync } from 'node:fs'
import { Btf } from '../../btf/btf.js'
import { CryoscopeError } from '../../errors.js'
import { escapeText } from '../../text.js'
import { analyzeObject } from '../cast/analyze.js'
import { ElfFile } from '../cast/object/elf.js'
import { findObjects } from '../cast/object/embedded.js'
import { btfIdentity } from '../cast/object/identity.js'
import type { CastReport } from '../cast/report.js'

/** A scheduler's executable or a compiled object, as the file that loaded programs came from. */
export class ObjectFile {
  readonly path: string
  readonly #bytes: Uint8Array
  /** Names of the objects in it by which BTF they have. */
  readonly objects: ReadonlyMap<string, string>
  /** The objects with what the file calls them, and their types. */
  readonly contents: readonly { readonly name: string; readonly types: Btf }[]
  #report: CastReport | undefined

  /** Throws 'not-found' when the file cannot be read or holds no BPF object, 'unreadable' when it is no ELF file. */
  constructor(path: string) {
    this.path = path
    try {
      this.#bytes = readFileSync(path)
    } catch (cause) {
      const reason = (cause as NodeJS.ErrnoException).code ?? String(cause)
      throw new CryoscopeError('not-found', `cannot read ${escapeText(path)} (${reason}); check the path`, {
        cause,
      })
    }
    const found = new Map<string, string>()
    const contents: { name: string; types: Btf }[] = []
    for (const { bytes, name } of findObjects(this.#bytes, path)) {
      const section = ElfFile.parse(bytes, name).section('.BTF')
      if (section === undefined) continue
      const parsed = Btf.parse(section.data, { name })
      found.set(btfIdentity(parsed), name)
      contents.push({ name, types: parsed })
    }
    if (found.size === 0) {
      throw new CryoscopeError(
        'not-found',
        `${escapeText(path)} holds no BPF object with types; give a scheduler's executable or a compiled .bpf.o`,
      )
    }
    this.objects = found
    this.contents = contents
  }

  /** What its programs keep where; analysed, or taken from the cache, when first asked for. */
  get report(): CastReport {
    this.#report ??= analyzeObject(this.#bytes, { name: this.path })
    return this.#report
  }
}
