import { describe, expect, it } from 'vitest'
import { checkpointJson, guestJson, stopJson } from '../../src/contract/guests.js'
import { namedTypesJson, typeJson } from '../../src/contract/types.js'
import { schedWorld, sessionOf } from '../report/support/worlds.js'

describe('guests', () => {
  const record = {
    name: 'vm1',
    state: 'running',
    kernel: '7.0.0',
    accelerator: 'tcg',
    cpus: 2,
    memoryBytes: 2 ** 29,
    created: '2026-01-02T03:04:05.000Z',
    qemu: { pid: 12, start: 1, secret: 'x' },
    owner: null,
    socket: '/run/x',
  }

  it('are listed with what people name and reach them by, and nothing of where they are kept', () => {
    expect(guestJson(record as never, 'frozen')).toEqual({
      name: '@vm1',
      state: 'frozen',
      kernel: '7.0.0',
      accelerator: 'tcg',
      cpus: 2,
      memoryBytes: 2 ** 29,
      created: '2026-01-02T03:04:05.000Z',
      pid: 12,
      owner: null,
    })
    expect(guestJson({ ...record, qemu: null, owner: { pid: 7 } } as never, 'unknown')).toMatchObject({
      pid: null,
      owner: 7,
    })
  })

  it('have checkpoints', () => {
    const checkpoint = { name: 'c1', created: '2026-01-02T03:04:05.000Z', bytes: 5, guestMilliseconds: 6 }
    expect(checkpointJson({ ...checkpoint, tag: 1 } as never)).toEqual(checkpoint)
  })

  it('that stop say where they are, each vCPU as the contract has it', () => {
    const { guest } = schedWorld()
    guest.finish()
    const session = sessionOf(guest.memory)
    const { name } = session.target
    expect(stopJson(session, { reason: 'breakpoint' })).toEqual({
      name,
      state: session.state,
      reason: 'breakpoint',
      vcpus: session.vcpus.map((vcpu) => vcpu.toJSON()),
    })
  })
})

it('types of one name are the first, and the others beside it', () => {
  const type = typeJson({ kind: 'struct' } as never, {
    name: 'struct rq',
    size: undefined,
    declaration: 'struct rq;',
  })
  expect(type).toEqual({ name: 'struct rq', kind: 'struct', size: null, declaration: 'struct rq;' })
  const [first, second] = ['1', '2'].map((id) => ({ ...type, id, of: 'vmlinux' }))
  expect(namedTypesJson([first as never, second as never])).toEqual({ ...first, alternatives: [second] })
})
