import type { Details } from '../../contract/details.js'
import { objectJson } from '../../contract/objects.js'
import type { Kernel } from '../../kernel/kernel.js'
import type { StructReader } from '../../kernel/struct-reader.js'
import type { Problems } from '../../problems.js'
import { nameProgram } from './objects/program.js'

const hooks = ['msg_parser', 'stream_parser', 'stream_verdict', 'skb_verdict'] as const

/** Programs attached to a sockmap or sockhash: its `progs`, a struct sk_psock_progs (include/linux/skmsg.h). */
export function sockPrograms(kernel: Kernel, map: StructReader, problems: Problems): Details {
  const programs: { [hook: string]: Details } = {}
  for (const hook of hooks) {
    if (!map.has(`progs.${hook}`)) continue
    const program = map.pointer(`progs.${hook}`)
    if (program !== 0n) programs[hook] = objectJson(nameProgram(kernel, program, problems))
  }
  return { programs: programs as Details }
}
