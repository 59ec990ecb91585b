import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

describe('models.ts', () => {
  it('is what scripts/widget-models.js makes of the specification', async () => {
    const file = new URL('../../../../scripts/widget-models.js', import.meta.url).pathname
    const { widgetModels } = (await import(file)) as { widgetModels: () => string }
    const written = readFileSync(
      new URL('../../../../src/ui/jupyter/widgets/models.ts', import.meta.url),
      'utf8',
    )
    expect(written).toBe(widgetModels())
  })
})
