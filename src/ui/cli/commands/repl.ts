import { readFileSync } from 'node:fs'
import { CryoscopeError } from '../../../errors.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
import { opening } from '../opening.js'
import { objectOption, onlyProvenOption, type PointerOptions, targetHelp, withSession } from '../target.js'

interface Options extends PointerOptions {
  readonly eval?: string
  readonly file?: string
  readonly check?: boolean
  readonly json?: boolean
}

export const repl = defineCommand<Options>({
  configure(command) {
    command
      .argument('<target>', targetHelp)
      .option('-e, --eval <code>', 'evaluate TypeScript, print the result and end')
      .option('-f, --file <script>', 'the same with a script, such as .save of the prompt writes')
      .option('--check', 'with code: refuse it before anything runs when its types are wrong')
      .option(...objectOption)
      .option(...onlyProvenOption)
      .option('--json', 'with code: print the result as one JSON document')
      .addHelpText(
        'after',
        `
vm is the target: vm.maps, vm.map('name').get(1), vm.task(1).comm, await vm.advance({ ms: 5 }), vm.help().
Code is TypeScript with top-level await. When stdin is no terminal, it is a script: evaluated like -e, the value of
its last expression is printed.
A running guest stands still while code is evaluated; the prompt leaves it as it is.`,
      )
  },
  async run(call) {
    const { output, options } = call
    const { json = false } = options
    const target = required(call, 0)
    if (options.eval !== undefined && options.file !== undefined) {
      throw new CryoscopeError('usage', '-e and -f exclude each other: take one of them')
    }
    const code = options.eval ?? (options.file === undefined ? await codeOnStdin() : readScript(options.file))
    if (code !== undefined) {
      const { evaluateAndPrint } = await import('../../repl/evaluate.js')
      return await withSession(
        target,
        output,
        (session) => evaluateAndPrint(session, code, { json, output, check: options.check ?? false }),
        options,
      )
    }
    if (json)
      throw new CryoscopeError('usage', '--json goes with code: -e CODE, -f SCRIPT, or a script on stdin')
    const { open } = await import('../../../session/open.js')
    const { openPrompt } = await import('../../repl/prompt.js')
    const session = await open(target, {
      ...opening(),
      objects: options.object ?? [],
      onlyProven: options.onlyProven ?? false,
    })
    try {
      await openPrompt(session)
    } finally {
      await session.close()
    }
    return 0
  },
})

function readScript(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new CryoscopeError('usage', `cannot read ${escapeText(file)}: ${(cause as Error).message}`, {
      cause,
    })
  }
}

/** All of stdin when it is no terminal: a script. */
export async function codeOnStdin(): Promise<string | undefined> {
  if (process.stdin.isTTY) return undefined
  const { text } = await import('node:stream/consumers')
  return await text(process.stdin)
}
