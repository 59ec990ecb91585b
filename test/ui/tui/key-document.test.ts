import { describe, expect, it } from 'vitest'
import { keyDocument, keySchema } from '../../../src/ui/tui/model/key-document.js'

// "vitest run --update" writes both files anew.
describe('what is made from the table of keys', () => {
  it('is docs/keys.md as it stands', async () => {
    await expect(keyDocument()).toMatchFileSnapshot('../../../docs/keys.md')
  })

  it('is docs/keys.schema.json as it stands', async () => {
    await expect(keySchema()).toMatchFileSnapshot('../../../docs/keys.schema.json')
  })
})
