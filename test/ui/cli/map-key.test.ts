import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../../src/errors.js'
import { parseKey } from '../../../src/ui/cli/map-key.js'
import { fakeMap } from '../support/fake-map.js'

const map = (keySize: number) => fakeMap({ keySize })

describe('--key', () => {
  it.each([
    ['42', 42],
    ['-1', -1],
    ['0x2a', 42],
    ['-0x1', -1],
    ['18446744073709551615', 18446744073709551615n],
    ['"name"', 'name'],
    ['{"cpu":1}', { cpu: 1 }],
    ['[1,2]', [1, 2]],
    ['true', true],
    ['STATE_RUNNING', 'STATE_RUNNING'],
    ['name-3', 'name-3'],
  ])('reads %s as JSON, a C number or a word', (text, expected) => {
    expect(parseKey(map(4), text)).toEqual(expected)
  })

  it('reads bytes behind hex:, whatever they look like', () => {
    expect(parseKey(map(2), 'hex:8080')).toEqual(new Uint8Array([0x80, 0x80]))
    expect(parseKey(map(4), 'hex:2a 00 00 00')).toEqual(new Uint8Array([0x2a, 0, 0, 0]))
  })

  it('reads bare bytes when they are as many as the key has and are no number', () => {
    expect(parseKey(map(4), '2a00000f')).toEqual(new Uint8Array([0x2a, 0, 0, 0x0f]))
    expect(parseKey(map(4), '00000000')).toEqual(new Uint8Array(4))
    expect(parseKey(map(8), '2a00000f')).toBe('2a00000f')
    expect(parseKey(map(2), '8080')).toBe(8080)
  })

  it.each(['hex:xyz', 'hex:123', 'hex:', '{"cpu":', '[1', '"open'])('refuses %s with a sentence', (text) => {
    expect(() => parseKey(map(4), text)).toThrow(CryoscopeError)
  })
})
