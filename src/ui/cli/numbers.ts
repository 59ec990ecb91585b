import { CryoscopeError } from '../../errors.js'
import { escapeText } from '../../text.js'

const units: Readonly<Record<string, number>> = {
  '': 2 ** 20,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
}

/** Bytes of "512M", "2G", "1.5GiB"; a bare number is MiB, as in QEMU's -m. Throws 'usage'. */
export function parseSize(text: string, option: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text) ?? []
  const bytes = Number(digits) * (units[unit.toUpperCase()] ?? Number.NaN)
  if (digits === undefined || !Number.isSafeInteger(bytes) || bytes <= 0) {
    throw new CryoscopeError('usage', `${option} takes a size such as 512M or 2G, not "${escapeText(text)}"`)
  }
  return bytes
}

/** A whole number, decimal, not below `least`. Throws 'usage'. */
export function parseWhole(text: string, option: string, least = 0): number {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number) || number < least) {
    const what = least > 0 ? `a whole number from ${least} on` : 'a whole number'
    throw new CryoscopeError('usage', `${option} takes ${what}, not "${escapeText(text)}"`)
  }
  return number
}

/** A positive number, which may have a fraction. Throws 'usage'. */
export function parsePositive(text: string, option: string): number {
  const number = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : Number.NaN
  if (!(number > 0 && Number.isFinite(number))) {
    throw new CryoscopeError('usage', `${option} takes a positive number, not "${escapeText(text)}"`)
  }
  return number
}
