import { gunzipSync } from 'node:zlib'
import { CryoscopeError } from '../errors.js'
import type { Kernel } from './kernel.js'

/** The packed configuration; larger is a broken read. */
const packedLimit = 2 ** 20
const limit = 2 ** 24

/** Whether a kernel keeps its configuration (CONFIG_IKCONFIG). */
export function hasConfig(kernel: Kernel): boolean {
  return placeOf(kernel) !== undefined
}

/**
 * How a kernel was configured, as /proc/config.gz has it: gzip data between two marks (kernel/configs.c). Throws 'not-found' and
 * 'unreadable'.
 */
export function readConfig(kernel: Kernel): Uint8Array {
  const place = placeOf(kernel)
  if (place === undefined)
    throw new CryoscopeError(
      'not-found',
      'this kernel was built without CONFIG_IKCONFIG and does not hold its configuration',
    )
  const packed = kernel.space.bytes(place.start, Math.min(place.length, packedLimit))
  try {
    return gunzipSync(packed, { maxOutputLength: limit })
  } catch (cause) {
    const why = (cause as Error).message
    throw new CryoscopeError('unreadable', `the configuration is broken: ${why}`, { cause })
  }
}

function placeOf(kernel: Kernel): { readonly start: bigint; readonly length: number } | undefined {
  const start = kernel.findSymbol('kernel_config_data')
  const end = kernel.findSymbol('kernel_config_data_end')
  if (start === undefined || end === undefined || end <= start) return undefined
  return { start, length: Number(end - start) }
}
