import { expect } from 'vitest'
import type { CType } from '../../../src/btf/types.js'
import { jsonLine } from '../../../src/contract/json.js'
import { compileJson } from '../../../src/value/render/compile-json.js'
import { type Json, jsonOf } from '../../../src/value/render/json.js'
import { FakeGuest } from '../fake-guest.js'

export const context = new FakeGuest().context()

/** What both ways of rendering give, which must be the same. */
export function json(type: CType, bytes: readonly number[] | Uint8Array, offset = 0): Json {
  const data = Uint8Array.from(bytes)
  const plain = jsonOf(context, type, data, offset)
  const text = compileJson(context, type)(new DataView(data.buffer), data, offset)
  expect(text).toBe(jsonLine(plain))
  expect(JSON.parse(text)).toEqual(plain)
  return plain
}

export function bytesOf(...words: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 8)
  const view = new DataView(bytes.buffer)
  for (const [index, word] of words.entries()) view.setBigUint64(index * 8, BigInt.asUintN(64, word), true)
  return bytes
}
