import { Btf } from '../../src/btf/btf.js'
import { declare } from '../../src/btf/declaration.js'
import { readExtension } from '../../src/btf/ext.js'
import { alignOf, memberAt, memberPathAt, sizeOf, strip } from '../../src/btf/layout.js'
import { typeName } from '../../src/btf/type-name.js'
import { Problems } from '../../src/problems.js'
import { compileJson } from '../../src/value/render/compile-json.js'
import { jsonOf } from '../../src/value/render/json.js'
import { formatValue } from '../../src/value/render/text.js'
import { declareTypeScript } from '../../src/value/typescript.js'
import { everyKind } from '../../test/btf/every-kind.js'
import { FakeGuest } from '../../test/value/fake-guest.js'
import { allowed, checkText } from '../check.js'
import { damageFile, type FileBase } from '../damage.js'
import { applied } from '../input.js'
import { type Kind, Wrong } from '../kind.js'

/** Types of a damaged file that are rendered over the same bytes. */
const mostRendered = 12

/** BTF with one of each kind, damaged: parsed, declared in C and TypeScript, and values of its types rendered in each way. */
export const btfKind: Kind = {
  name: 'btf',
  room: 'btf',
  prepare() {
    const builder = everyKind()
    const bases = [
      file('little endian', builder.build()),
      file('big endian', builder.build({ bigEndian: true })),
    ]
    const context = new FakeGuest().context()
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => (i * 37) & 255)
    const view = new DataView(bytes.buffer)
    return {
      bases: bases.map(({ name }) => name),
      damage: (random) => damageFile(random, bases),
      read(input) {
        const data = applied((bases[input.base] as FileBase).bytes, input)
        allowed(() => {
          const btf = Btf.parse(data)
          const types = [...btf.types()]
          if (types.length !== btf.typeCount)
            throw new Wrong(`${types.length} types of ${btf.typeCount} are had`)
          for (const type of types) {
            strip(type)
            alignOf(type)
            checkText(typeName(type))
            checkText(declare(type, { offsets: true }))
            memberPathAt(type, 9)
            memberAt(type, 'b[2]')
          }
          for (const type of types.slice(0, mostRendered)) {
            const plain = JSON.stringify(jsonOf(context, type, bytes))
            const compiled = compileJson(context, type)(view, bytes, 0)
            if (JSON.stringify(JSON.parse(compiled)) !== JSON.stringify(JSON.parse(plain)))
              throw new Wrong('compiled and plain JSON differ')
            checkText(formatValue(context, type, bytes, { depth: 4, elements: 50 }))
            void sizeOf(type)
          }
          declareTypeScript(types)
          for (const name of btf.names()) if (!name.includes('\ufffd')) void btf.find(name)
        })
        allowed(() => {
          const base = Btf.parse((bases[0] as FileBase).bytes)
          const { lines } = readExtension(data, base, new Problems())
          for (const each of lines.values()) each.lineOf(64)
        })
      },
    }
  },
}

function file(name: string, bytes: Uint8Array): FileBase {
  return {
    name,
    bytes,
    structure: [
      { start: 2, end: 24 },
      { start: 24, end: bytes.length },
    ],
    magic: 2,
  }
}
