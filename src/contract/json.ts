/** An address as the contract writes it: `0x` and lower-case digits, 64 bits wide. */
export type Address = `0x${string}`

export function hexAddress(address: bigint): Address {
  return `0x${BigInt.asUintN(64, address).toString(16)}`
}

/** An integer as the contract writes it: a number as long as JSON numbers hold it exactly, decimal text beyond 2^53-1. */
export function plainInteger(value: bigint): number | string {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value.toString()
}

/** A value as the contract's JSON, indented. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, plainIntegers, 2)
}

/** The same on one line. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value, plainIntegers)
}

function plainIntegers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? plainInteger(value) : value
}

/** JSON as it is now: values in it that read memory when they are touched are read. */
export function snapshot<T>(json: T): T {
  return JSON.parse(jsonLine(json)) as T
}
