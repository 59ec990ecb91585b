/** A register of gdb's `g` packet. */
export interface RegisterPlace {
  readonly name: string
  /** Position in the packet and size, in bytes. */
  readonly offset: number
  readonly size: number
}

const mostRegisters = 4096

/** The features that a target.xml includes. */
export function includedFeatures(xml: string): string[] {
  return [...withoutComments(xml).matchAll(/<xi:include\s+href="([^"]+)"/g)].flatMap(([, name]) => name ?? [])
}

/**
 * The layout of the `g` packet from target descriptions in their order (gdb's manual, "Target Descriptions").
 * Registers lie in the order of their numbers. QEMU comments some out, so comments must not be read.
 */
export function registerLayout(descriptions: readonly string[]): RegisterPlace[] {
  const registers: { name: string; number: number; size: number }[] = []
  let next = 0
  for (const xml of descriptions) {
    for (const [, text] of withoutComments(xml).matchAll(/<reg\s([^>]*?)\/?>/g)) {
      const attributes = new Map(
        [...(text ?? '').matchAll(/([\w-]+)\s*=\s*"([^"]*)"/g)].map(([, k, v]) => [k, v]),
      )
      const name = attributes.get('name')
      const bits = Number(attributes.get('bitsize'))
      const number = attributes.has('regnum') ? Number(attributes.get('regnum')) : next
      if (name === undefined || !(bits > 0 && bits <= 65536 && bits % 8 === 0) || !Number.isInteger(number))
        continue
      next = number + 1
      registers.push({ name, number, size: bits / 8 })
      if (registers.length >= mostRegisters) break
    }
  }
  let offset = 0
  return registers
    .sort((a, b) => a.number - b.number)
    .map(({ name, size }) => {
      const place = { name, offset, size }
      offset += size
      return place
    })
}

/** Values by name from a `g` reply. A register that the stub marks as unavailable (x) or leaves out is not there. */
export function decodeRegisters(layout: readonly RegisterPlace[], reply: string): Map<string, bigint> {
  const values = new Map<string, bigint>()
  for (const { name, offset, size } of layout) {
    const text = reply.slice(offset * 2, (offset + size) * 2)
    if (text.length !== size * 2 || !/^[0-9a-f]+$/i.test(text)) continue
    values.set(name, BigInt(`0x${Buffer.from(text, 'hex').reverse().toString('hex')}`))
  }
  return values
}

function withoutComments(xml: string): string {
  return xml.replace(/<!--[\s\S]*?-->/g, '')
}
