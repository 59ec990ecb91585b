import { jsonText } from '../../../contract/json.js'
import { type SymbolJson, symbolJson } from '../../../contract/symbols.js'
import { CryoscopeError } from '../../../errors.js'
import { symbolsNamed } from '../../../session/names.js'
import type { Session } from '../../../session/session.js'
import { escapeText } from '../../../text.js'
import { defineCommand, required } from '../definition.js'
import { targetHelp, withTarget } from '../target.js'

export const symbol = defineCommand<{ json?: boolean }>({
  configure(command) {
    command
      .argument('<target>', targetHelp)
      .argument('<symbol>', 'a name, or an address such as 0xffffffff81000000')
      .option('--json', 'print one JSON document: an array, since static functions share names')
  },
  async run(call) {
    const { output, options } = call
    await withTarget(required(call, 0), output, async (session) => {
      const found = findSymbols(session, required(call, 1))
      if (options.json) await output.line(jsonText(found))
      else await output.line(found.map(symbolLine).join('\n'))
    })
    return 0
  },
})

export function findSymbols(session: Session, wanted: string): SymbolJson[] {
  if (/^0x/i.test(wanted) || /^[0-9a-f]{16}$/i.test(wanted)) {
    const digits = wanted.replace(/^0x/i, '')
    if (!/^[0-9a-f]{1,16}$/i.test(digits)) {
      throw new CryoscopeError(
        'usage',
        `"${escapeText(wanted)}" is no address; write it as 0xffffffff81000000`,
      )
    }
    const address = BigInt(`0x${digits}`)
    return [symbolJson(session.symbol(address), address)]
  }
  const all = symbolsNamed(session.kernel, wanted)
  const symbols = all.length > 0 ? all : [session.symbol(wanted)]
  return symbols.map((each) => symbolJson(each, each.address))
}

function symbolLine({ name, address, type, group, offset }: SymbolJson): string {
  const place = offset === 0 ? '' : `+0x${offset.toString(16)}`
  return escapeText(`${address} ${type} ${name}${place}${group === null ? '' : ` [${group}]`}`)
}
