import { declare } from '../../../btf/declaration.js'
import { typeName } from '../../../btf/type-name.js'
import type { CType } from '../../../btf/types.js'
import type { Kallsyms } from '../../../kernel/image/kallsyms.js'
import { describeType } from '../../../session/names.js'
import { escapeText } from '../../../text.js'
import type { Desk } from '../model/desk.js'
import { namedTypes } from '../model/named-types.js'
import type { Row, RowSource } from '../model/row.js'
import type { Target } from '../model/target.js'
import type { View } from '../model/view.js'
import { textContent } from './text-content.js'

/** Every named type of the kernel, then every symbol; names are decoded when they are shown. */
export function symbolsView(desk: Desk): View {
  return {
    title: 'Symbols and types',
    load: () => ({
      columns: [
        { title: 'NAME', tone: 'name', identifies: true },
        { title: 'KIND', rigid: true, tone: 'dim' },
        { title: 'ADDRESS OR SIZE', align: 'right', rigid: true },
      ],
      rows: new SymbolRows(desk),
      empty: 'This kernel has neither symbols nor types.',
      note: 'type / to search',
    }),
    detail(row) {
      if (row.target?.kind !== 'type') return undefined
      const { name } = row.target
      return { title: name, content: textContent(`type:${name}`, typeLines(desk, name)) }
    },
  }
}

class SymbolRows implements RowSource {
  readonly complete = true
  readonly #types: readonly CType[]
  readonly #symbols: Kallsyms

  constructor({ vm }: Desk) {
    this.#types = namedTypes(vm.kernel.types)
    this.#symbols = vm.kernel.symbols
  }

  get length(): number {
    return this.#types.length + this.#symbols.count
  }

  at(index: number): Row | undefined {
    const type = this.#types[index]
    if (type !== undefined) {
      const name = typeName(type)
      const size = 'size' in type ? `${type.size} bytes` : ''
      return {
        id: `types/${type.id}`,
        cells: [escapeText(name), type.kind, size],
        inert: true,
        target: { kind: 'type', name },
        value: () => type,
        copy: name,
      }
    }
    const at = index - this.#types.length
    if (at >= this.#symbols.count) return undefined
    const { name, type: letter, address } = this.#symbols.at(at)
    return {
      id: `symbols/${at}`,
      cells: [escapeText(name), kindOf(letter), `0x${address.toString(16)}`],
      inert: true,
      target: { kind: 'address', address },
      value: () => address,
      copy: name,
    }
  }
}

/** The letters of nm(1). */
function kindOf(letter: string): string {
  switch (letter.toLowerCase()) {
    case 't':
    case 'w':
      return 'code'
    case 'd':
    case 'b':
    case 'v':
      return 'data'
    case 'r':
      return 'constant'
    case 'a':
      return 'absolute'
    default:
      return letter
  }
}

export function typeView(desk: Desk, target: Extract<Target, { kind: 'type' }>): View {
  return {
    title: escapeText(target.name),
    target,
    load: () =>
      textContent(`type:${target.name}`, typeLines(desk, target.name), {
        empty: 'This type has no declaration.',
      }),
  }
}

function typeLines({ vm }: Desk, name: string): string[] {
  const found = vm.typesNamed(name)
  const declared =
    found.length < 2
      ? declare(vm.type(name), { offsets: true })
      : found
          .map(
            (each) => `/* ${describeType(each)}, id ${each.id} */\n${declare(each.type, { offsets: true })}`,
          )
          .join('\n\n')
  return declared.split('\n').map((line) => escapeText(line.replaceAll('\t', '        ')))
}
