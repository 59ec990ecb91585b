import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const demo = new URL('../../examples/scx_demo/', import.meta.url)
const lines = readFileSync(new URL('prebuilt/SOURCES.sha256', demo), 'utf8').trim().split('\n')

describe('the demo as it comes with the package', () => {
  it('is built from the sources that are here; otherwise run make -C examples/scx_demo prebuilt', () => {
    expect(lines.length).toBeGreaterThan(15)
    for (const line of lines) {
      const [sum, name = ''] = line.split(/\s+/)
      expect([
        name,
        createHash('sha256')
          .update(readFileSync(new URL(name, demo)))
          .digest('hex'),
      ]).toEqual([name, sum])
    }
  })
})
