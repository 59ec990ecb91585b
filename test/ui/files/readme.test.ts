import { expect, it } from 'vitest'
import { readme } from '../../../src/ui/files/readme.js'

it('keeps what the guest may have put into names out of terminals', () => {
  const text = readme({
    title: 'map \u001b[2J',
    about: 'of \u0007',
    commands: ['sched'],
    entries: [['state.json', 'bypass of CPU 0 of below\u0001']],
  })
  expect(text).toContain('# map \\x1b[2J\n\nof \\x07\n\n- `state.json`: bypass of CPU 0 of below\\x01\n')
  expect(text).toContain('- `cryoscope sched')
})
