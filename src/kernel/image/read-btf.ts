import { Btf } from '../../btf/btf.js'
import { CryoscopeError } from '../../errors.js'
import type { AddressSpace } from '../../memory/address-space.js'
import { describeProblem } from '../../memory/types.js'
import type { Problems } from '../../problems.js'

const pageSize = 4096

/**
 * The types that lie at an address. Pages that are missing cost what is in them and no more; that they do is a problem. Throws
 * 'unreadable' where not even the header is there.
 */
export function readBtf(
  space: AddressSpace,
  address: bigint,
  size: number,
  options: { readonly name: string; readonly base?: Btf | undefined },
  problems: Problems,
): Btf {
  const whole = space.read(address, size)
  if (whole.ok) return Btf.parse(whole.bytes, options)
  const what = `BTF of ${options.name}`
  const refused = (): CryoscopeError =>
    new CryoscopeError('unreadable', `${what} cannot be read: ${describeProblem(whole.problem)}`)
  if (whole.problem.kind === 'too-long') throw refused()
  const bytes = new Uint8Array(size)
  const holes: { start: number; end: number }[] = []
  for (let at = 0; at < size; ) {
    const count = Math.min(size - at, pageSize - Number((address + BigInt(at)) & 0xfffn))
    const piece = space.read(address + BigInt(at), count)
    if (piece.ok) bytes.set(piece.bytes, at)
    else {
      const last = holes.at(-1)
      if (last?.end === at) last.end = at + count
      else holes.push({ start: at, end: at + count })
    }
    at += count
  }
  if (holes[0]?.start === 0) throw refused()
  const types = Btf.parse(bytes, { ...options, holes })
  const missing = holes.reduce((sum, { start, end }) => sum + end - start, 0)
  problems.add(what, `${missing} of its ${size} bytes cannot be read: ${describeProblem(whole.problem)}`)
  for (const why of types.problems) problems.add(what, why)
  return types
}
