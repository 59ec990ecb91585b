import { Btf } from '../../btf/btf.js'
import { CryoscopeError } from '../../errors.js'
import { describeProblem, type VirtualMemory } from '../../memory/types.js'
import type { Problems } from '../../problems.js'

const pageSize = 4096

/**
 * The types that lie at an address. What is broken in them is a problem. Pages that are missing cost what is in
 * them and no more; that they do is a problem as well. Throws
 * 'unreadable' where not even the header is there.
 */
export function readBtf(
  space: VirtualMemory,
  address: bigint,
  size: number,
  options: { readonly name: string; readonly base?: Btf | undefined },
  problems: Problems,
): Btf {
  const whole = space.read(address, size)
  if (whole.ok) {
    const types = Btf.parse(whole.bytes, options)
    problems.addAll(types.problems.list)
    return types
  }
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
  problems.addAll(types.problems.list)
  return types
}
