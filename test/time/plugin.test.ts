import { expect, it } from 'vitest'
import { repeatHint } from '../../src/time/engine/plugin.js'

it.each([
  ['engine/prebuilt/record-7.so', 2, /QEMU 7\.2 to 10, or --cpus 1$/],
  ['engine/prebuilt/record-7.so', 1, /^$/],
  ['engine/prebuilt/record-2.so', 2, /^$/],
  ['engine/prebuilt/record-1.so', 4, /^$/],
])('what helps where %s with %i vCPUs does not repeat', (plugin, cpus, hint) => {
  expect(repeatHint(plugin, cpus)).toMatch(hint)
})
