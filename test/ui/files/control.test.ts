import { describe, expect, it } from 'vitest'
import { parseControl } from '../../../src/ui/files/control.js'

describe('control', () => {
  it.each([
    ['freeze', { verb: 'freeze' }],
    [' thaw \t', { verb: 'thaw' }],
    ['advance 5ms', { verb: 'advance', microseconds: 5000 }],
    ['advance 200us', { verb: 'advance', microseconds: 200 }],
    ['advance 2s', { verb: 'advance', microseconds: 2_000_000 }],
    ['step 1 100', { verb: 'step', cpu: 1, count: 100 }],
    ['step 0', { verb: 'step', cpu: 0, count: 1 }],
    ['keep', { verb: 'keep' }],
    ['drop 3', { verb: 'drop', stop: 3 }],
  ])('understands %j', (line, command) => {
    expect(parseControl(line)).toEqual(command)
  })

  it.each([
    '',
    'stop',
    'freeze now',
    'advance',
    'advance 5',
    'advance -5ms',
    'advance 0ms',
    'step',
    'step x',
    'step 1 2 3',
    'drop',
    '\x1b[31m',
  ])('says of %j what can be written', (line) => {
    expect(() => parseControl(line)).toThrow(/is no command; write freeze, thaw, advance 5ms/)
  })
})
