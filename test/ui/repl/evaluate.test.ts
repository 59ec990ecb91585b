import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../../src/errors.js'
import type { Session } from '../../../src/session/session.js'
import { evaluateAndPrint } from '../../../src/ui/repl/evaluate.js'
import { greeting, promptOf } from '../../../src/ui/repl/prompt.js'
import { capture } from '../support/capture.js'

// The prompt touches nothing of a session by itself, so a few properties are enough of one.
const session = {
  target: { name: 'core' },
  state: 'dump',
  answer: 42n,
  nothing: undefined,
  table: new Map([[1, []]]),
  change: () => undefined,
  refuse: () => {
    throw new CryoscopeError('not-found', 'there is no map x')
  },
} as unknown as Session

async function evaluate(code: string, json = false) {
  const { output, stdout, stderr } = capture()
  const exit = await evaluateAndPrint(session, code, { json, output })
  return { exit, stdout: stdout(), stderr: stderr() }
}

describe('-e', () => {
  it.each([
    ['vm.answer', '42n\n'],
    ['1 + 1; "text"', 'text\n'],
    ['const a = await Promise.resolve(5); a * 2', '10\n'],
    ['for (const x of [1]) await x; undefined', ''],
    ['({ a: 1 })', '{ a: 1 }\n'],
    ['{ a: 1 }', '{ a: 1 }\n'],
  ])('%s', async (code, stdout) => {
    expect(await evaluate(code)).toEqual({ exit: 0, stdout, stderr: '' })
  })

  it('prints JSON, null for undefined', async () => {
    expect(await evaluate('[vm.answer, 2n ** 64n]', true)).toMatchObject({
      stdout: '[\n  42,\n  "18446744073709551616"\n]\n',
    })
    expect(await evaluate('undefined', true)).toMatchObject({ exit: 0, stdout: 'null\n' })
  })

  it.each([
    ['throw new Error("no")', 'cryoscope: Error: no\n    at code:1:7\n'],
    ['throw 5', 'cryoscope: the code threw 5\n'],
    ['null.x', /^cryoscope: TypeError: Cannot read properties of null/],
    ['await Promise.reject(new Error("late"))', /^cryoscope: Error: late\n/],
    ['nosuch', /^cryoscope: ReferenceError: nosuch is not defined\n/],
    ['1 +', 'cryoscope: SyntaxError: the code ends too early\n'],
    ['const const', /^cryoscope: the code is refused\n {2}const const\n/],
    ['const n: number = ;', /^cryoscope: the code is refused\n/],
    ['throw new Error("\\u001b[2J")', 'cryoscope: Error: \\x1b[2J\n    at code:1:7\n'],
  ])('is exit code 1 and a sentence, without our stack: %s', async (code, stderr) => {
    const result = await evaluate(code)
    expect(result).toMatchObject({ exit: 1, stdout: '' })
    expect(result.stderr).toEqual(typeof stderr === 'string' ? stderr : expect.stringMatching(stderr))
    expect(result.stderr).not.toMatch(/node:|\.[jt]s:/)
  })

  it.each([
    ['vm.anwser', 'vm has no member anwser; did you mean answer?'],
    ['const { target } = vm; target.nam', 'target has no member nam; did you mean name?'],
    ['const t = vm.target;\nt?.nmae;', 't has no member nmae; did you mean name?'],
    ['vm.table.get(7)', 'vm.table holds nothing at the key 7'],
    ['await 0; vm.table.nosuch', 'vm.table has no member nosuch'],
  ])('says what is not there instead of nothing: %s', async (code, sentence) => {
    await expect(evaluate(code)).rejects.toMatchObject({ code: 'not-found', message: sentence })
  })

  it.each(['vm.nothing', 'vm.table.get(1)?.[0]', 'vm.change()', 'void vm.anwser', 'var x = 5'])(
    'takes undefined as a value where it is one: %s',
    async (code) => {
      expect(await evaluate(code)).toEqual({ exit: 0, stdout: '', stderr: '' })
    },
  )

  it('says of a member of what a call gave that it is undefined, for the call cannot be made again to look', async () => {
    expect(await evaluate('[vm].find(() => true).anwser')).toEqual({
      exit: 0,
      stdout: '',
      stderr: 'cryoscope: undefined: what the call gave has no member anwser, or that holds nothing\n',
    })
  })

  it('leaves errors of ours to whoever decides about exit codes', async () => {
    await expect(evaluate('vm.refuse()')).rejects.toThrow('there is no map x')
    await expect(evaluate('await (async () => vm.refuse())()')).rejects.toBeInstanceOf(CryoscopeError)
  })

  it('reports what fails beside the result', async () => {
    const result = await evaluate(
      'setTimeout(() => Promise.reject(new Error("loose")), 1); await new Promise((r) => setTimeout(r, 50)); 7',
    )
    expect(result.exit).toBe(1)
    expect(result.stderr).toContain('Error: loose')
  })

  it('listens to nothing afterwards', async () => {
    const before = process.listenerCount('unhandledRejection') + process.listenerCount('SIGINT')
    await evaluate('1')
    expect(process.listenerCount('unhandledRejection') + process.listenerCount('SIGINT')).toBe(before)
  })
})

it('the prompt says what vm is and does', () => {
  const at = (state: string) => promptOf({ target: { name: '@vm1' }, state } as unknown as Session)
  expect(at('frozen')).toBe('@vm1 (frozen)> ')
  expect(at('running')).toBe('@vm1 (running)> ')
  expect(at('dump')).toBe('@vm1> ')
})

describe('the greeting', () => {
  it('breaks between words, at the width of the terminal', () => {
    const text = greeting({ target: { name: 'vmcore' } as Session['target'], state: 'dump' }, 40)
    const lines = text.split('\n')
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(40)
    expect(lines[0]).toBe('vmcore is vm.')
    expect(lines.slice(1).join(' ')).toMatch(/^Tab completes, \?map explains vm\.map, .* Ctrl-D leaves\.$/)
  })
})
