import { describe, expect, test } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { kernelContext } from '../../src/value/kernel-context.js'
import { BtfBuilder } from '../btf/builder.js'
import { KernelGuest } from '../support/kernel-guest.js'

const types = new BtfBuilder()
const word = types.int('long unsigned int', 8)
types.forward('hidden')
types.struct('rq', [{ name: 'clock', type: word }])
types.enum('state', { IDLE: 0 })
types.typedef('u64', word)
const guest = new KernelGuest({ cpus: [0, 2], btf: types.build() })
const schedule = guest.symbol('schedule', guest.image(64), 'T')
const variable = guest.allocPerCpu(8)
const kernel = guest.kernel()
const context = kernelContext(kernel)

describe('values of a kernel', () => {
  test('are in its memory, for the CPUs that it may have', () => {
    expect(context.memory).toBe(kernel.space)
    expect(context.cpus).toEqual([0, 2])
    expect(context.perCpu(variable, 2)).toBe(guest.perCpu(variable, 2))
  })

  test('are named by its symbols', () => {
    expect(context.symbolize(schedule + 4n)).toBe('schedule+0x4')
    expect(context.symbolize(0x1000n)).toBeUndefined()
  })

  test('are completed by its types', () => {
    const program = new BtfBuilder()
    const ids = [program.forward('rq'), program.const(program.forward('rq')), program.forward('none')]
    const btf = Btf.parse(program.build())
    const [rq, constant, none] = ids.map((id) => context.resolveForward?.(btf.type(id)))
    expect(rq).toBe(kernel.types.findStruct('rq'))
    expect(constant).toBe(rq)
    expect(none).toBeUndefined()
    const own = program.struct('rq', [])
    expect(context.resolveForward?.(Btf.parse(program.build()).type(own))).toBeUndefined()
  })

  test('are cast to types of any name that C has for them', () => {
    const find = (name: string) => context.findType?.(name)
    expect(find('rq')).toBe(kernel.types.findStruct('rq'))
    expect(find('struct rq')).toBe(find('rq'))
    expect(find('enum state')).toBe(kernel.types.find('state', 'enum'))
    expect(find('u64')?.kind).toBe('typedef')
    expect(find('union rq')).toBeUndefined()
    // Only declared: that is no type to cast to.
    expect(find('hidden')).toBeUndefined()
  })
})
