import type { Session } from '../src/session/session.js'
import { PromptTypes } from '../src/ui/typescript/prompt-types.js'
import { print, type Row } from './measure.js'

const runs = 40
const asked = [
  'vm.task(1).s',
  "vm.map('m",
  "vm.at(0xffffffff81000000n, 'struct rq').cf",
  'vm.variable("init_task").se.',
]

/** What a person at the prompt waits for: Tab and Enter, with the whole kernel typed. */
export async function measurePrompt(session: Session): Promise<void> {
  const start = performance.now()
  const types = new PromptTypes(session)
  try {
    await types.check('vm')
    const warm = performance.now() - start
    const rows: Row[] = [{ what: 'types ready, in the background', times: [warm] }]
    for (const code of asked) {
      rows.push({
        what: `Tab at ${code}`,
        times: await times(() => types.complete(code, code.length)),
        goal: 50,
      })
    }
    rows.push({
      what: 'Enter: check of vm.task(1).comn',
      times: await times(() => types.check('vm.task(1).comn')),
    })
    print('prompt', rows)
  } finally {
    types.close()
  }
}

async function times(ask: () => Promise<unknown>): Promise<number[]> {
  const found: number[] = []
  for (let i = 0; i < runs; i++) {
    const start = performance.now()
    await ask()
    found.push(performance.now() - start)
  }
  return found
}
