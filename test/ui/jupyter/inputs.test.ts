import { describe, expect, it } from 'vitest'
import { runInScope } from '../../../src/ui/jupyter/cell-scope.js'
import { Inputs } from '../../../src/ui/jupyter/inputs.js'
import type { Message } from '../../../src/ui/jupyter/wire/message.js'

function scope(allow: boolean) {
  const request = { content: { allow_stdin: allow } } as unknown as Message
  return { request, abort: new AbortController() }
}

describe('Inputs', () => {
  it('gives answers in the order in which was asked', async () => {
    const inputs = new Inputs()
    const asked: Message[] = []
    const cell = scope(true)
    const answers = runInScope(cell, () => [1, 2].map(() => inputs.ask((request) => asked.push(request))))
    expect(asked).toEqual([cell.request, cell.request])
    inputs.take('one')
    inputs.take('two')
    inputs.take('nobody asked')
    expect(await Promise.all(answers)).toEqual(['one', 'two'])
  })

  it('ends with an interrupt, and what is typed then is nobody else’s', async () => {
    const inputs = new Inputs()
    const [first, second] = [scope(true), scope(true)]
    const given = runInScope(first, () => inputs.ask(() => {}))
    first.abort.abort()
    await expect(given).rejects.toThrow('interrupted')
    await expect(runInScope(first, () => inputs.ask(() => {}))).rejects.toThrow('interrupted')
    const next = runInScope(second, () => inputs.ask(() => {}))
    inputs.take('mine')
    expect(await next).toBe('mine')
  })

  it('takes no answer from others that wait when one is interrupted', async () => {
    const inputs = new Inputs()
    const [first, second] = [scope(true), scope(true)]
    const given = runInScope(first, () => inputs.ask(() => {}))
    const other = runInScope(second, () => inputs.ask(() => {}))
    first.abort.abort()
    await expect(given).rejects.toThrow('interrupted')
    inputs.take('mine')
    expect(await other).toBe('mine')
  })

  it('says where nobody can be asked', async () => {
    const inputs = new Inputs()
    const sent: unknown[] = []
    const asking = runInScope(scope(false), () => inputs.ask((request) => sent.push(request)))
    await expect(asking).rejects.toThrow('nobody can be asked here')
    await expect(inputs.ask((request) => sent.push(request))).rejects.toThrow('nobody can be asked here')
    expect(sent).toEqual([])
  })
})
