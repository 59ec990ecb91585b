import { afterEach, describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../../src/errors.js'
import type { Session } from '../../../src/session/session.js'
import { Engine } from '../../../src/ui/repl/engine.js'
import { scriptOf } from '../../../src/ui/repl/script.js'

let frozen = 0
const session = {
  target: { name: 'core' },
  state: 'dump',
  answer: 42n,
  refuse: () => {
    throw new CryoscopeError('not-found', 'there is no map x')
  },
  freeze: async () => {
    frozen++
  },
} as unknown as Session

describe('Engine', () => {
  const engines: Engine[] = []
  afterEach(() => {
    for (const engine of engines.splice(0)) engine.close()
  })
  function open(): Engine {
    const engine = new Engine(session)
    engines.push(engine)
    return engine
  }

  it('evaluates JavaScript and TypeScript, and keeps names', async () => {
    const engine = open()
    expect(await engine.evaluate('vm.answer')).toEqual({ kind: 'value', value: 42n })
    expect(await engine.evaluate('var n: number = 2; n as any')).toEqual({ kind: 'value', value: 2 })
    expect(await engine.evaluate('n + 1')).toEqual({ kind: 'value', value: 3 })
    expect(await engine.evaluate('_ + 1')).toEqual({ kind: 'value', value: 4 })
    expect(engine.valueOf('_')).toBe(4)
    expect(engine.valueOf('vm')).toBe(session)
    expect(engine.transcript).toEqual(['vm.answer', 'var n: number = 2; n as any', 'n + 1', '_ + 1'])
  })

  it('awaits, in turn', async () => {
    const engine = open()
    const first = engine.evaluate('await new Promise(r => setTimeout(r, 20)); var order = "first"')
    const second = engine.evaluate('order')
    expect(await second).toEqual({ kind: 'value', value: 'first' })
    expect((await first).kind).toBe('value')
  })

  it('takes names for one piece of code', async () => {
    expect(await open().evaluate('_.pid', { bindings: { _: { pid: 7 } } })).toEqual({
      kind: 'value',
      value: 7,
    })
  })

  it('says what failed, and what never ran', async () => {
    const engine = open()
    expect(await engine.evaluate('vm.refuse()')).toMatchObject({ kind: 'failed', text: 'there is no map x' })
    expect(await engine.evaluate('f(')).toEqual({ kind: 'unfinished' })
    expect(await engine.evaluate('const = 5\n1')).toEqual({
      kind: 'refused',
      text: '  const = 5\n        ~\nVariable declaration expected.\nNothing has run.',
    })
    expect(engine.transcript).toEqual([])
  })

  it('ends the waiting for a promise that nobody settles', async () => {
    const engine = open()
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 50)
    expect(await engine.evaluate('await new Promise(() => {})', { signal: abort.signal })).toEqual({
      kind: 'interrupted',
      text: 'interrupted',
    })
    expect(await engine.evaluate('1 + 1')).toEqual({ kind: 'value', value: 2 })
    expect(frozen).toBe(0)
  })

  it('looks without running anything', () => {
    const engine = open()
    expect(engine.look('vm.answer')).toBe(42n)
    expect(engine.look('vm.refuse()')).toBeUndefined()
    expect(engine.look('process.exit()')).toBeUndefined()
    expect(engine.look('vm.answer + 1')).toBeUndefined()
  })
})

describe('scriptOf', () => {
  it('separates pieces that would go on', () => {
    expect(scriptOf('core', ['a', '(b)', '[1]'])).toBe(
      '// cryoscope repl core -f THIS_FILE\n\na\n;(b)\n;[1]\n',
    )
  })
})
