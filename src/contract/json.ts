import { escapeJson } from '../text.js'
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

/** A value as the contract's JSON, indented: integers by the one rule, and no character that hides or turns others. */
export function jsonText(value: unknown): string {
  return escapeJson(JSON.stringify(value, plainIntegers, 2) ?? 'null')
}

/** The same on one line. */
export function jsonLine(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : JSON.stringify(value, plainIntegers)
  return escapeJson(text ?? 'null')
}

function plainIntegers(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? plainInteger(value) : value
}

/** JSON as it is now: values in it that read memory when they are touched are read. */
export function snapshot<T>(json: T): T {
  return JSON.parse(jsonLine(json)) as T
}
