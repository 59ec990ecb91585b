import type { BpfMap } from '../../bpf/map.js'
import { CryoscopeError } from '../../errors.js'
import { escapeText } from '../../text.js'

const hexPattern = /^(?:[0-9a-f]{2})+$/i

/**
 * The key that --key means: JSON (42, "name", {"cpu": 1}); a C number (0x2a); bytes as the JSON output shows them,
 * behind `hex:` or bare when they are as many as the key has; or text for a key that is text.
 */
export function parseKey(map: Pick<BpfMap, 'info'>, text: string): unknown {
  const { keySize, name } = map.info
  const prefixed = /^hex:(.*)$/is.exec(text)?.[1]?.replace(/[\s:]/g, '')
  if (prefixed !== undefined) {
    if (hexPattern.test(prefixed)) return bytesOf(prefixed)
    throw new CryoscopeError('usage', `--key hex: takes pairs of hex digits, not "${escapeText(prefixed)}"`)
  }
  const number = integer(text)
  if (number !== undefined) return number
  try {
    return JSON.parse(text) as unknown
  } catch {
    if (hexPattern.test(text) && text.length === keySize * 2) return bytesOf(text)
    if (/^[{["]/.test(text)) {
      throw new CryoscopeError(
        'usage',
        `--key is no JSON: ${escapeText(text)}; map ${escapeText(name)} has keys of ${keySize} bytes`,
      )
    }
    return text
  }
}

/** JSON's numbers end at 2^53; keys of 64 bits do not. */
function integer(text: string): number | bigint | undefined {
  if (!/^-?(?:0x[0-9a-f]+|0|[1-9][0-9]*)$/i.test(text)) return undefined
  const value = text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text)
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}
