import { describe, expect, it } from 'vitest'
import { Btf } from '../../src/btf/btf.js'
import { chooseType, describeType, typesIn } from '../../src/session/names.js'
import { BtfBuilder } from '../btf/builder.js'

const builder = new BtfBuilder()
const int = builder.int('int', 4, { signed: true })
const long = builder.int('long int', 8, { signed: true })
const first = builder.struct('irq_info', [{ name: 'irq', type: int }])
const second = builder.struct('irq_info', [{ name: 'list', type: long }])
builder.struct('irq_info', [{ name: 'list', type: long }])
builder.struct('alone', [{ name: 'a', type: int }])
builder.typedef('alone_t', int)
const types = Btf.parse(builder.build(), { name: 'vmlinux' })

describe('types of one name', () => {
  it('are all found; those that are declared alike count once', () => {
    const found = typesIn(types, 'struct irq_info', 'vmlinux')
    expect(found.map(({ id }) => id)).toEqual([String(first), String(second)])
    expect(found.map(describeType)).toEqual(['4 bytes, vmlinux', '8 bytes, vmlinux'])
    expect(typesIn(types, ' irq_info ', 'a.o', '7:').map(({ id }) => id)).toEqual([
      `7:${first}`,
      `7:${second}`,
    ])
  })

  it.each(['struct irq_info *', 'struct irq_info[2]', 'unsigned int', 'union irq_info', 'struct none', ''])(
    'are none for %j, which is no name of a type here',
    (text) => {
      expect(typesIn(types, text, 'vmlinux')).toEqual([])
    },
  )

  it('are asked about, and chosen by id', () => {
    const found = typesIn(types, 'struct irq_info', 'vmlinux')
    expect(() => chooseType('struct irq_info', found, undefined)).toThrow(
      `2 types are called struct irq_info; choose one by its id, as in vm.type(name, id): ${first} (4 bytes, vmlinux), ${second} (8 bytes, vmlinux)`,
    )
    expect(chooseType('struct irq_info', found, String(second))?.type.id).toBe(second)
    expect(() => chooseType('struct irq_info', found, '99')).toThrow(
      `no type called struct irq_info has the id 99; there are ${first}, ${second}`,
    )
    expect(chooseType('alone', typesIn(types, 'alone', 'vmlinux'), undefined)?.type.name).toBe('alone')
    expect(chooseType('none', [], undefined)).toBeUndefined()
  })
})
