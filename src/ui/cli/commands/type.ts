import { declare } from '../../../btf/declaration.js'
import { sizeOf } from '../../../btf/layout.js'
import { typeName } from '../../../btf/type-name.js'
import { jsonText } from '../../../contract/json.js'
import { CryoscopeError } from '../../../errors.js'
import { declareTypeScript } from '../../../value/typescript.js'
import { defineCommand, required } from '../definition.js'
import { targetHelp, withTarget } from '../target.js'

export const type = defineCommand<{ json?: boolean; offsets?: boolean; ts?: boolean }>({
  configure(command) {
    command
      .argument('<target>', targetHelp)
      .argument('<name...>', "a C type: 'struct rq', task_struct, u64, 'enum pid_type'")
      .option(
        '--offsets',
        'with the offset and size of each member, holes and cache lines, as pahole prints them',
      )
      .option('--ts', 'as TypeScript declarations')
      .option('--json', 'print one JSON document: name, kind, size and declaration')
  },
  async run(call) {
    const { output, options } = call
    if (options.offsets && options.ts) {
      throw new CryoscopeError('usage', '--offsets and --ts exclude each other: take one of them')
    }
    await withTarget(required(call, 0), output, async (session) => {
      // "struct rq" may come as one word or as two; commander collects them in an array.
      const name = [call.args[1]].flat().join(' ')
      const found = session.type(name)
      const text = options.ts
        ? declareTypeScript([found]).trimEnd()
        : declare(found, { offsets: options.offsets ?? false })
      if (options.json) {
        const { kind } = found
        await output.line(
          jsonText({ name: typeName(found), kind, size: sizeOf(found) ?? null, declaration: text }),
        )
      } else await output.line(text)
    })
    return 0
  },
})
