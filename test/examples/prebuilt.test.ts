import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

describe.each([
  ['scx_demo', 15],
  ['scx_lost', 5],
])('%s as it comes with the package', (example, atLeast) => {
  const directory = new URL(`../../examples/${example}/`, import.meta.url)

  it(`is built from the sources that are here; otherwise run make -C examples/${example} prebuilt`, () => {
    const lines = readFileSync(new URL('prebuilt/SOURCES.sha256', directory), 'utf8').trim().split('\n')
    expect(lines.length).toBeGreaterThan(atLeast)
    for (const line of lines) {
      const [sum, name = ''] = line.split(/\s+/)
      const bytes = readFileSync(new URL(name, directory))
      expect([name, createHash('sha256').update(bytes).digest('hex')]).toEqual([name, sum])
    }
  })
})
