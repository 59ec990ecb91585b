import { declare } from '../../../btf/declaration.js'
import { sizeOf } from '../../../btf/layout.js'
import { parseTypeName } from '../../../btf/parse-type-name.js'
import { typeName } from '../../../btf/type-name.js'
import type { CType } from '../../../btf/types.js'
import { jsonText } from '../../../contract/json.js'
import { type NamedTypeJson, namedTypesJson, type TypeJson, typeJson } from '../../../contract/types.js'
import { CryoscopeError } from '../../../errors.js'
import { chooseType, describeType, type NamedType, typesIn } from '../../../session/names.js'
import { declareTypeScript } from '../../../value/typescript.js'
import { type Call, defineCommand, required } from '../definition.js'
import { noteProblems, targetHelp, withTarget } from '../target.js'
import { readTypesFile } from '../types-file.js'

interface Options {
  readonly json?: boolean
  readonly offsets?: boolean
  readonly ts?: boolean
  readonly id?: string
}

export const type = defineCommand<Options>({
  configure(command) {
    command
      .argument('<target>', `${targetHelp}; or a file with BTF: a vmlinux, an object, raw BTF`)
      .argument('<name...>', "a C type: 'struct rq', task_struct, u64, 'enum pid_type'")
      .option(
        '--offsets',
        'with the offset and size of each member, holes and cache lines, as pahole prints them',
      )
      .option('--ts', 'as TypeScript declarations')
      .option(
        '--id <id>',
        'of several types of that name the one with this id, which the output without it tells',
      )
      .option(
        '--json',
        'print one JSON document: name, kind, size, declaration, id, of, and the same of alternatives',
      )
  },
  async run(call) {
    const { options } = call
    if (options.offsets && options.ts) {
      throw new CryoscopeError('usage', '--offsets and --ts exclude each other: take one of them')
    }
    const target = required(call, 0)
    // "struct rq" may come as one word or as two; commander collects them in an array.
    const name = [call.args[1]].flat().join(' ')
    const file = readTypesFile(target)
    if (file !== undefined) {
      const found = typesIn(file, name, file.name)
      await print(call, name, found, () => parseTypeName(file, name))
      noteProblems(call.output, file.problems.sentences)
      return 0
    }
    await withTarget(target, call.output, async (session) => {
      await print(call, name, session.typesNamed(name), () => session.type(name))
      noteProblems(call.output, session.problems)
    })
    return 0
  },
})

/** `other` finds what is no name of a type: a pointer, an array, an integer of several words. */
async function print(
  { output, options }: Call<Options>,
  name: string,
  found: readonly NamedType[],
  other: () => CType,
): Promise<void> {
  const chosen = options.id === undefined ? found : [chooseType(name, found, options.id) as NamedType]
  const [first, ...alternatives] = chosen
  if (first === undefined) {
    const type = other()
    if (options.json) await output.line(jsonText(described(type, options)))
    else await output.line(textOf(type, options))
    return
  }
  if (options.json) {
    const json = ({ type, id, of }: NamedType): NamedTypeJson => ({ ...described(type, options), id, of })
    await output.line(jsonText(namedTypesJson([json(first), ...alternatives.map(json)])))
    return
  }
  if (alternatives.length === 0) {
    await output.line(textOf(first.type, options))
    return
  }
  const texts = chosen.map(
    (each) => `/* id ${each.id}: ${describeType(each)} */\n${textOf(each.type, options)}`,
  )
  await output.line(texts.join('\n\n'))
  output.note(`${chosen.length} types are called ${name}; --id takes one`)
}

function textOf(type: CType, options: Options): string {
  return options.ts
    ? declareTypeScript([type]).trimEnd()
    : declare(type, { offsets: options.offsets ?? false })
}

function described(type: CType, options: Options): TypeJson {
  return typeJson(type, { name: typeName(type), size: sizeOf(type), declaration: textOf(type, options) })
}
