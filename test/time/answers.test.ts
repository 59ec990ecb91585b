import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Answers } from '../../src/time/answers.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cryoscope-answers-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

it('gives an answer to the same question only, also after it was opened again', () => {
  const answers = new Answers(join(directory, 'kept'))
  expect(answers.get({ from: 1 })).toBeUndefined()
  answers.put({ from: 1, at: 0xffff888000000000n }, Buffer.from('one'))
  expect(answers.get({ from: 1, at: 0xffff888000000000n })?.toString()).toBe('one')
  expect(answers.get({ from: 1, at: 0xffff888000000001n })).toBeUndefined()
  expect(new Answers(join(directory, 'kept')).get({ from: 1, at: 0xffff888000000000n })?.toString()).toBe(
    'one',
  )
})

it('keeps none that is too long', () => {
  const answers = new Answers(directory)
  answers.put({ from: 2 }, Buffer.alloc(2 ** 26 + 1))
  expect(readdirSync(directory)).toEqual([])
})
