import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { hasConfig, readConfig } from '../../src/kernel/config.js'
import { KernelGuest } from '../support/kernel-guest.js'

const text = Buffer.from('CONFIG_SMP=y\nCONFIG_HZ=1000\n')

/** What lies between the two marks; undefined for a kernel without them. */
function kernelWith(bytes: Uint8Array | undefined, end?: (start: bigint) => bigint) {
  const guest = new KernelGuest()
  if (bytes !== undefined) {
    const start = guest.symbol('kernel_config_data', guest.image(bytes.length + 16))
    guest.write(start, bytes)
    guest.symbol('kernel_config_data_end', end?.(start) ?? start + BigInt(bytes.length))
  }
  return guest.kernel()
}

describe('the configuration of a kernel', () => {
  it('is what it packed into itself', () => {
    const kernel = kernelWith(gzipSync(text))
    expect(hasConfig(kernel)).toBe(true)
    expect(Buffer.compare(readConfig(kernel), text)).toBe(0)
  })

  it('is not there without its marks, or with nothing between them', () => {
    for (const kernel of [
      kernelWith(undefined),
      kernelWith(gzipSync(text), (start) => start),
      kernelWith(gzipSync(text), (start) => start - 1n),
    ]) {
      expect(hasConfig(kernel)).toBe(false)
      expect(() => readConfig(kernel)).toThrow('was built without CONFIG_IKCONFIG')
    }
  })

  it('may be broken, and is never made larger than any configuration', () => {
    expect(() => readConfig(kernelWith(gzipSync(text).subarray(0, -9)))).toThrow(
      /^the configuration is broken: /,
    )
    expect(() => readConfig(kernelWith(Buffer.alloc(64, 7)))).toThrow(/^the configuration is broken: /)
    expect(readConfig(kernelWith(gzipSync(Buffer.alloc(2 ** 24))))).toHaveLength(2 ** 24)
    expect(() => readConfig(kernelWith(gzipSync(Buffer.alloc(2 ** 24 + 1))))).toThrow(
      /^the configuration is broken: /,
    )
  })

  it('is read no further than a mebibyte', () => {
    // The end mark is damaged: what is packed is there all the same.
    const kernel = kernelWith(gzipSync(text), (start) => start + 2n ** 30n)
    expect(Buffer.compare(readConfig(kernel), text)).toBe(0)
  })
})
