import { expect, test } from 'vitest'
import {
  describeOrigin,
  elementOrigin,
  memberOrigin,
  type Origin,
  rootOrigin,
} from '../../src/value/origin.js'

const chain = (steps: number): Origin => {
  let at = rootOrigin('head')
  for (let n = 0; n < steps; n++) at = memberOrigin(at, `m${n}`)
  return at
}

test('a path names what it began with, members and elements', () => {
  const end = elementOrigin(memberOrigin(elementOrigin(rootOrigin('tasks'), 3), 'mm'), -1)
  expect(describeOrigin(end)).toBe('tasks[3].mm[-1]')
})

test('a long path keeps its end, so that walking a list does not keep all of it', () => {
  const members = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, n) => `.m${from + n}`).join('')
  expect(describeOrigin(chain(32))).toBe(`head${members(0, 32)}`)
  expect(describeOrigin(chain(33))).toBe('….m32')
  expect(describeOrigin(chain(65))).toBe(`…${members(32, 65)}`)
  expect(describeOrigin(chain(66))).toBe('….m65')
})
