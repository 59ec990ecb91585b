import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeRegisters, includedFeatures, registerLayout } from '../../src/machine/target-description.js'

const target =
  '<target><!-- <xi:include href="no.xml"/> --><xi:include href="core.xml"/><xi:include href="more.xml"/></target>'
const core = `<feature name="org.gnu.gdb.i386.core">
  <reg name="rax" bitsize="64" type="int64" regnum="0"/>
  <!--reg name="cs_base" bitsize="64" type="int64"/>
  <reg name="ss_base" bitsize="64" type="int64"/-->
  <reg name="eflags" bitsize="32" type="flags"/>
  <reg name="st0" bitsize="80" type="i387_ext"/>
</feature>`
const more =
  '<feature><reg name="first" bitsize="8" regnum="10"/><reg name="rip" bitsize="64" regnum="5"/></feature>'

describe('target descriptions', () => {
  it('name the features that they include, comments left out', () => {
    expect(includedFeatures(target)).toEqual(['core.xml', 'more.xml'])
  })

  it('give the layout by register number, comments left out', () => {
    expect(registerLayout([target, core, more])).toEqual([
      { name: 'rax', offset: 0, size: 8 },
      { name: 'eflags', offset: 8, size: 4 },
      { name: 'st0', offset: 12, size: 10 },
      { name: 'rip', offset: 22, size: 8 },
      { name: 'first', offset: 30, size: 1 },
    ])
  })

  it('decode a g reply, and leave out what the stub does not know', () => {
    const layout = registerLayout([core, more])
    const reply = `efcdab8967452301${'xxxxxxxx'}${'00'.repeat(9)}80${'f0ffffffffffffff'}`
    expect(decodeRegisters(layout, reply)).toEqual(
      new Map([
        ['rax', 0x0123456789abcdefn],
        ['st0', 0x80n << 72n],
        ['rip', 0xfffffffffffffff0n],
      ]),
    )
  })

  it('pass over what is no register', () => {
    expect(
      registerLayout(['<reg name="a" bitsize="7"/><reg bitsize="8"/><reg name="b" bitsize="1e9"/>']),
    ).toEqual([])
    fc.assert(
      fc.property(fc.string(), fc.string(), (xml, reply) => {
        expect(decodeRegisters(registerLayout([`<reg ${xml}/>`]), reply).size).toBeLessThanOrEqual(1)
      }),
    )
  })
})
