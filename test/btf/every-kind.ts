import { BtfBuilder } from './builder.js'

/** One of each kind, so that a flipped byte can turn any into any other. */
export function everyKind(base?: BtfBuilder): BtfBuilder {
  const b = new BtfBuilder(base)
  const int = b.int('int', 4, { signed: true })
  const long = b.int('long', 8)
  const node = b.struct('node', (self) => [
    { name: 'next', type: b.pointer(self) },
    {
      type: b.union('', [
        { name: 'a', type: int },
        { name: 'b', type: b.array(int, 4) },
      ]),
    },
    { name: 'bits', type: int, bitOffset: 200, bitSize: 5 },
  ])
  b.enum('color', { RED: 0, BLUE: -1 })
  b.enum('wide', { BIG: 1n << 40n })
  const alias = b.typedef('alias', b.const(b.volatile(b.restrict(b.typeTag('user', node)))))
  const proto = b.prototype(
    long,
    [
      { name: 'x', type: alias },
      { name: 'y', type: int },
    ],
    { variadic: true },
  )
  b.declTag('kfunc', b.function('call', proto))
  b.section('.data', [{ type: b.variable('global', node), offset: 0, size: 32 }])
  b.forward('gone')
  b.float('double', 8)
  return b
}
