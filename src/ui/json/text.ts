/** A value as the contract's JSON, indented. Bigints beyond 2^53-1 become decimal text. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, plain, 2)
}

/** The same on one line. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value, plain)
}

export function hexAddress(address: bigint): string {
  return `0x${BigInt.asUintN(64, address).toString(16)}`
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value.toString()
}
