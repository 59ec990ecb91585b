import { describe, expect, it } from 'vitest'
import { runInScope } from '../../../src/ui/jupyter/cell-scope.js'
import { Output } from '../../../src/ui/jupyter/output.js'
import type { Message, Outgoing } from '../../../src/ui/jupyter/wire/message.js'

const turn = () => new Promise((resolve) => setImmediate(resolve))

function cell(id: string) {
  const request = { header: { msg_id: id } } as unknown as Message
  return { request, abort: new AbortController() }
}

function output() {
  const sent: Outgoing[] = []
  const out = new Output((message) => sent.push(message))
  const said = () => sent.map(({ type, content, parent }) => [type, content, parent?.msg_id])
  return { out, said }
}

describe('Output', () => {
  it('sends what one cell prints in one turn as one message, and each cell its own', async () => {
    const { out, said } = output()
    const [a, b] = [cell('a'), cell('b')]
    runInScope(a, () => {
      out.stream('stdout', '1')
      out.stream('stdout', '2')
      out.stream('stderr', '!')
    })
    runInScope(b, () => out.stream('stderr', '3'))
    await turn()
    expect(said()).toEqual([
      ['stream', { name: 'stdout', text: '12' }, 'a'],
      ['stream', { name: 'stderr', text: '!' }, 'a'],
      ['stream', { name: 'stderr', text: '3' }, 'b'],
    ])
  })

  it('keeps the order of text and of what else is shown', () => {
    const { out, said } = output()
    runInScope(cell('a'), () => {
      out.stream('stdout', 'before')
      out.send({ type: 'display_data', content: 1 })
    })
    expect(said().map(([type]) => type)).toEqual(['stream', 'display_data'])
  })

  it('gives what belongs to no cell to the last one', () => {
    const { out, said } = output()
    out.fallback = { msg_id: 'last' }
    out.send({ type: 'display_data', content: 1 })
    runInScope(cell('a'), () => out.send({ type: 'display_data', content: 2 }))
    out.send({ type: 'status', content: 3, parent: { msg_id: 'told' } })
    expect(said().map(([, , parent]) => parent)).toEqual(['last', 'a', 'told'])
  })

  it('does not wait for the turn’s end with very much', () => {
    const { out, said } = output()
    out.stream('stdout', 'x'.repeat(70_000))
    out.stream('stdout', 'y')
    expect(said()).toHaveLength(1)
    out.flush()
    expect(said()).toHaveLength(2)
  })
})
