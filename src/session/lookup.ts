import { CryoscopeError } from '../errors.js'

/** The one that was asked for, or a sentence with what there is. */
export function one<T extends { readonly id: number; readonly name: string }>(
  found: readonly T[],
  what: string,
  asked: string | number,
  all: readonly T[],
): T {
  const [first, second] = found
  if (first !== undefined && second === undefined) return first
  if (second !== undefined) {
    const ids = found.map(({ id }) => id).join(', ')
    throw new CryoscopeError('usage', `${found.length} ${what}s are called ${asked}; name one by id: ${ids}`)
  }
  const text = String(asked)
  const near = all.filter(({ name }) => name !== '' && (name.includes(text) || text.includes(name)))
  const names = (near.length > 0 ? near : all).slice(0, 8).map(({ name, id }) => name || String(id))
  const hint =
    names.length === 0
      ? `there are no ${what}s at all`
      : `there are ${names.join(', ')}${all.length > 8 ? ' …' : ''}`
  throw new CryoscopeError('not-found', `there is no ${what} ${asked}; ${hint}`)
}

/** The same by a name, or by an id: a number, or text that is one. */
export function named<T extends { readonly id: number; readonly name: string }>(
  all: readonly T[],
  what: string,
  asked: string | number,
): T {
  const isId = typeof asked === 'number' || /^\d+$/.test(asked)
  const found = all.filter(({ id, name }) => (isId ? id === Number(asked) : name === asked))
  return one(found, what, asked, all)
}

/** The address that text or a number is, if it is one. */
export function addressIn(text: string | bigint): bigint | undefined {
  if (typeof text === 'bigint') return BigInt.asUintN(64, text)
  return /^0x[0-9a-f]{1,16}$/i.test(text) ? BigInt(text) : undefined
}
