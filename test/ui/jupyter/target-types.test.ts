import { describe, expect, it } from 'vitest'
import { Session } from '../../../src/session/session.js'
import { type CodeTypes, TargetTypes } from '../../../src/ui/jupyter/target-types.js'
import type { TypeProblem } from '../../../src/ui/typescript/types.js'
import { KernelGuest } from '../../support/kernel-guest.js'

const never = (): AbortSignal => new AbortController().signal

function session(): Session {
  const guest = new KernelGuest()
  guest.finish()
  const { memory } = guest
  return new Session({ name: 'test', memory, control: undefined, vcpus: () => [], problems: [], facts: {} })
}

/** Types that find one thing wrong wherever `bad` stands, and what they were asked. */
function world(code: number, answer?: () => Promise<readonly TypeProblem[]>) {
  const asked: string[] = []
  const warned: string[] = []
  const check = async (text: string): Promise<readonly TypeProblem[]> => {
    asked.push(`check ${text}`)
    const start = text.indexOf('bad')
    return answer === undefined ? [{ start, length: 3, message: 'it is bad', code }] : await answer()
  }
  const types: CodeTypes = {
    check,
    complete: async () => ({ start: 0, items: [] }),
    describe: async () => undefined,
    accept: async (text) => void asked.push(`accept ${text}`),
    close: () => void asked.push('close'),
  }
  const targets = new TargetTypes(
    () => types,
    (text) => warned.push(text),
  )
  return { targets, asked, warned }
}

describe('TargetTypes', () => {
  it('asks nothing before a target is open, and then tells of the cells that have run', async () => {
    const { targets, asked } = world(2339)
    targets.follow({ maps: [] })
    expect(await targets.check('bad', never())).toEqual([])
    targets.ran('let a = 1')
    const first = session()
    targets.follow(first)
    targets.follow(first)
    expect(asked).toEqual(['accept let a = 1'])
    targets.follow(session())
    expect(asked).toEqual(['accept let a = 1', 'close', 'accept let a = 1'])
  })

  it('says line and column of what is wrong', async () => {
    const { targets } = world(2551)
    targets.follow(session())
    expect(await targets.check('const a = 1\n  bad', never())).toEqual(['2:3 - it is bad\n    bad\n    ~~~'])
    expect(await targets.check('vm = await open("x")\nbad', never())).toEqual([
      '2:1 - it is bad\n  bad\n  ~~~',
    ])
  })

  it('does not know the types of a target that the cell itself opens', async () => {
    const { targets, asked } = world(2339)
    targets.follow(session())
    for (const code of ['vm = await demo()', 'vm == 1', 'vm => 1', 'my.vm = 2'])
      await targets.check(code, never())
    expect(asked.filter((text) => text.includes('declare let vm'))).toEqual([
      "check declare let vm: import('cryoscope').AnyGuest;\nvm = await demo()",
    ])
  })

  it('refuses what the prompt refuses, assignments and arguments too', async () => {
    for (const code of [2322, 2345, 2339, 18048]) {
      const { targets } = world(code)
      targets.follow(session())
      expect(await targets.check('bad', never())).toEqual(['1:1 - it is bad\n  bad\n  ~~~'])
    }
  })

  it('leaves names and modules to tslab, and everything when a cell cannot be parsed', async () => {
    for (const code of [2304, 2307, 2451, 1005]) {
      const { targets } = world(code)
      targets.follow(session())
      expect(await targets.check('bad', never())).toEqual([])
    }
  })

  it('lets names through that are new when the guest has run', async () => {
    const { targets } = world(0)
    targets.follow(session())
    expect(await targets.check('vm.map("bad")', never())).toEqual([
      '1:9 - it is bad\n  vm.map("bad")\n          ~~~',
    ])
    expect(await targets.check('await vm.advance({ ms: 1 }); vm.map("bad")', never())).toEqual([])
  })

  it('stops waiting when the cell is interrupted', async () => {
    const { targets, warned } = world(0, () => new Promise(() => {}))
    targets.follow(session())
    const abort = new AbortController()
    const checked = targets.check('bad', abort.signal)
    abort.abort()
    await expect(checked).rejects.toThrow('interrupted')
    expect(warned).toEqual([])
  })

  it('says once when there are no types, and lets cells run', async () => {
    const { targets, warned } = world(0, async () => {
      throw new Error('the thread has ended')
    })
    targets.follow(session())
    expect([await targets.check('bad', never()), await targets.check('bad', never())]).toEqual([[], []])
    expect(warned).toEqual([expect.stringContaining('the thread has ended')])
  })
})
