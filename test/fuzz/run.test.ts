import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { slowNote } from '../../fuzz/campaign.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

function fuzz(...args: string[]): { status: number | null; text: string } {
  const all = [
    'node_modules/vite-node/vite-node.mjs',
    'fuzz/run.ts',
    '--',
    ...args,
    '--seed',
    '1',
    '--jobs',
    '1',
  ]
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { cwd: root, encoding: 'utf8' })
  return { status, text: stdout + stderr }
}

it('finds a fault, and names the one byte that it needs', () => {
  const { status, text } = fuzz('--kind', 'planted-error', '--count', '3000')
  expect(status).toBe(1)
  expect(text).toContain('--kind planted-error --input 0,28=ff')
  expect(text).toMatch(/planted-error +3000 inputs .* 1 findings/)
}, 60_000)

it.each([
  ['planted-hang', 'is not done after 0.5 seconds'],
  ['planted-heap', 'fills 60 MiB of heap'],
])(
  'ends %s',
  (kind, says) => {
    const { status, text } = fuzz('--kind', kind, '--input', '0,28=ff', '--limit', '0.5', '--heap', '60')
    expect(status).toBe(1)
    expect(text).toContain(says)
    expect(fuzz('--kind', kind, '--input', '0,28=fe')).toMatchObject({ status: 0 })
  },
  60_000,
)

it('names the slowest input of a kind where it took many times the mean, and as long as a person sees', () => {
  const slowest = { index: 7, milliseconds: 100 }
  expect(slowNote(slowest, 5)).toBe('   slowest took 100 ms, 20 times the mean: --index 7')
  expect(slowNote(slowest, 5.1)).toBe('')
  expect(slowNote({ index: 7, milliseconds: 49 }, 0.1)).toBe('')
  expect(slowNote(undefined, 5)).toBe('')
})
