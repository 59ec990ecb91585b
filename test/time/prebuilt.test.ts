import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const engine = new URL('../../engine/', import.meta.url).pathname

it('ships the plugin as its sources are (make -C engine prebuilt)', () => {
  const lines = readFileSync(`${engine}prebuilt/SOURCES.sha256`, 'utf8').trim().split('\n')
  expect(lines).toHaveLength(3)
  for (const line of lines) {
    const [hash, name = ''] = line.split(/ +/)
    expect(
      createHash('sha256')
        .update(readFileSync(engine + name))
        .digest('hex'),
      name,
    ).toBe(hash)
  }
})
