import { describe, expect, it } from 'vitest'
import { CommManager, type CommOutgoing } from '../../../src/ui/jupyter/comm.js'

function managed() {
  const sent: CommOutgoing[] = []
  return { sent, manager: new CommManager((message) => sent.push(message)) }
}

const rest = { metadata: {}, buffers: [] }

describe('CommManager', () => {
  it('opens, sends and closes', () => {
    const { sent, manager } = managed()
    const comm = manager.open('target', { data: { a: 1 }, buffers: [Uint8Array.of(1)] })
    comm.send({ b: 2 })
    expect(manager.info('target').comms).toEqual({ [comm.id]: { target_name: 'target' } })
    expect(manager.info('other').comms).toEqual({})
    comm.close()
    comm.close()
    expect(sent.map(({ type }) => type)).toEqual(['comm_open', 'comm_msg', 'comm_close'])
    expect(manager.info(undefined).comms).toEqual({})
  })

  it('hands messages to the comm that they are for, and forgets a comm that the front end closes', async () => {
    const { manager } = managed()
    const got: unknown[] = []
    const comm = manager.open('target')
    comm.onMessage = ({ data }) => {
      got.push(data)
    }
    comm.onClose = () => got.push('closed')
    await manager.take('comm_msg', { comm_id: comm.id, data: { x: 1 } }, rest)
    await manager.take('comm_msg', { comm_id: 'unknown', data: {} }, rest)
    await manager.take('comm_close', { comm_id: comm.id }, rest)
    await manager.take('comm_msg', { comm_id: comm.id, data: { x: 2 } }, rest)
    expect(got).toEqual([{ x: 1 }, 'closed'])
  })

  it('accepts targets that are registered and closes others at once', async () => {
    const { sent, manager } = managed()
    const opened: string[] = []
    manager.register('known', (comm) => {
      opened.push(comm.id)
    })
    await manager.take('comm_open', { comm_id: '1', target_name: 'known', data: {} }, rest)
    await manager.take('comm_open', { comm_id: '2', target_name: 'unknown', data: {} }, rest)
    expect(opened).toEqual(['1'])
    expect(sent).toEqual([{ type: 'comm_close', content: { comm_id: '2', data: {} } }])
  })
})
