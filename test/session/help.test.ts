import { expect, it } from 'vitest'
import { helpText } from '../../src/session/help.js'

it('help is a line for each thing, with an example, or for those of a topic', () => {
  const all = helpText().split('\n')
  expect(all.length).toBeGreaterThan(20)
  expect(helpText('')).toBe(helpText())
  // What is said begins in one column.
  const longest = Math.max(...all.map((line) => line.search(/(?<=\S) {2}/)))
  for (const line of all) {
    expect(line).toMatch(/^ {2}\S/)
    expect(line.slice(longest)).toMatch(/^ {2}\S/)
  }
  expect(helpText('undo')).toBe('  vm.undo()  take the newest write back; vm.written lists them')
  const lines = helpText('d').split('\n')
  expect(lines.length).toBeGreaterThan(2)
  expect(lines.length).toBeLessThan(all.length)
})

it('help on what there is not says so, and what there is', () => {
  expect(helpText('nowhere')).toBe(`nothing is called nowhere; there is:\n${helpText()}`)
})
