import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { Btf } from '../../../src/btf/btf.js'
import { hashOf, kernelDeclarations } from '../../../src/ui/typescript/kernel-declarations.js'
import { BtfBuilder } from '../../btf/builder.js'

const directory = mkdtempSync(join(tmpdir(), 'cs-declarations-'))
afterAll(() => rmSync(directory, { recursive: true }))

const builder = new BtfBuilder()
const int = builder.int('int', 4, { signed: true })
builder.struct('rq', [{ name: 'nr_running', type: int }])
const btf = Btf.parse(builder.build())
const hash = hashOf(btf)

let written = 0
const declare = () =>
  kernelDeclarations(
    hash,
    () => {
      written++
      return btf
    },
    directory,
  )

it('is written once, and again where what was kept is damaged, whatever the damage', () => {
  const text = declare()
  expect(text).toContain('nr_running')
  expect([declare(), written]).toEqual([text, 1])
  const [name = ''] = readdirSync(directory)
  const path = join(directory, name)
  const whole = readFileSync(path)
  const damages = [
    Buffer.alloc(0),
    Buffer.from('garbage'),
    whole.subarray(0, whole.length - 1),
    Buffer.concat([whole, Buffer.from('x')]),
    Buffer.from(whole.toString().replace('nr_running', 'nr_stopped')),
  ]
  for (const [index, damage] of damages.entries()) {
    writeFileSync(path, damage)
    expect(declare()).toBe(text)
    expect(written).toBe(2 + index)
    expect(readFileSync(path)).toEqual(whole)
  }
})
