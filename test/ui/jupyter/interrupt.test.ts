import vm from 'node:vm'
import ts from 'typescript'
import { beforeEach, describe, expect, it, vi } from 'vitest'

/** The word that the control thread sets; here after so many checks. */
const word = { interrupted: false }
vi.mock('../../../src/ui/jupyter/wire/control.js', () => ({
  isInterrupted: () => word.interrupted,
  takeInterrupt: () => {
    const was = word.interrupted
    word.interrupted = false
    return was
  },
}))
const { checkInterrupt, foreground, InterruptedError, runInScope } = await import(
  '../../../src/ui/jupyter/cell-scope.js'
)
const { guardLoops, guardName } = await import('../../../src/ui/typescript/loop-guard.js')
const { keepAlive } = await import('../../../src/ui/jupyter/exit.js')

const scopeOf = () => ({ request: {} as never, abort: new AbortController() })

/** Runs code as a cell that is interrupted once, after some turns; it must not run on for longer than the limit. */
async function interrupted(code: string): Promise<unknown> {
  let turns = 0
  const check = () => {
    if (++turns === 50) word.interrupted = true
    if (turns > 100_000) throw Object.assign(new Error('it runs on'), { turns })
    checkInterrupt()
  }
  const context = vm.createContext({ [guardName]: check })
  const scope = scopeOf()
  const run = () =>
    Promise.resolve(vm.runInContext(guardLoops(ts as never, code), context, { timeout: 5000 }))
  return await runInScope(scope, () => foreground(scope, async () => await run())).then(
    () => 'it ended by itself',
    (error: unknown) => error,
  )
}

beforeEach(() => {
  word.interrupted = false
})

describe('an interrupt ends a loop that catches everything', () => {
  it.each([
    'let i = 0; while (true) i++',
    'while (true) { try { while (true) {} } catch (e) {} }',
    'try { for (;;) { try { for (;;) {} } catch {} } } finally {}',
    'while (true) { try { while (true) {} } finally { continue } }',
    'function f() { for (;;) { try { f() } catch { } } }\nf()',
    'for (;;) { try { null.x } catch { } }',
    '(async () => { await 1; for (;;) { try { for (;;) {} } catch {} } })()',
    '(async () => { for (;;) { try { await 1; for (;;) {} } catch {} } })()',
  ])('%s', async (code) => {
    expect(await interrupted(code)).toBeInstanceOf(InterruptedError)
  })

  it('and the next cell runs', async () => {
    await interrupted('for (;;) { try { for (;;) {} } catch {} }')
    const scope = scopeOf()
    const ran = runInScope(scope, () =>
      foreground(scope, async () => {
        checkInterrupt()
        return 7
      }),
    )
    expect(await ran).toBe(7)
  })
})

describe('a cell that would end the process', () => {
  it('is told what to do, and others are not hindered', () => {
    const calls: unknown[] = []
    const fake = { exit: (code: number) => calls.push(code), abort: () => calls.push('abort') }
    keepAlive(fake as unknown as NodeJS.Process)
    runInScope(scopeOf(), () => {
      expect(() => fake.exit(3)).toThrow("process.exit would end the notebook's kernel")
      expect(() => fake.abort()).toThrow('process.abort would end')
    })
    expect(calls).toEqual([])
    fake.exit(5)
    expect(calls).toEqual([5])
  })
})
