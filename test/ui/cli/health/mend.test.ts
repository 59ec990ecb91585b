import { describe, expect, it } from 'vitest'
import { CryoscopeError } from '../../../../src/errors.js'
import type { Check } from '../../../../src/ui/cli/health/check.js'
import { mend } from '../../../../src/ui/cli/health/mend.js'
import { machine } from './support.js'

const missing = (name: string, rest: Partial<Check> = {}): Check => ({
  name,
  state: 'missing',
  needed: false,
  found: '',
  ...rest,
})
const packaged = (name: string, rest: Partial<Check> = {}): Check =>
  missing(name, { fix: `apt install ${name}`, remedy: { kind: 'package', name }, ...rest })

const checks: readonly Check[] = [
  { ...packaged('xz'), state: 'ok' },
  packaged('qemu', { needed: true }),
  packaged('zstd'),
  packaged('clang', { isExtra: true }),
  missing('fuse', {
    fix: 'sudo modprobe fuse',
    remedy: { kind: 'root', program: 'modprobe', words: ['fuse'] },
  }),
  missing('kernels', { remedy: { kind: 'fetch', what: 'kernel' } }),
  missing('tslab', { fix: 'npm install tslab' }),
  missing('kvm'),
]

/** What was done, a line each; `fails` are those that do not work. */
async function mended(
  around: Parameters<typeof machine>[0],
  { names = [] as string[], fails = [] as string[] } = {},
) {
  const done: string[] = []
  const left = await mend(checks, names, machine(around), {
    async run(program, words) {
      const line = [program, ...words.filter((word) => !word.startsWith('-') && !word.includes('::'))].join(
        ' ',
      )
      done.push(line)
      return fails.includes(line) ? 100 : 0
    },
    async fetch(what) {
      done.push(`fetch ${what}`)
      if (fails.includes(`fetch ${what}`)) throw new CryoscopeError('environment', 'no mirror answers')
    },
    say: () => {},
  })
  return { done, left }
}

const root = { isRoot: true, programs: ['apt-get'] }

describe('doctor --fix', () => {
  it('does all that root can: packages first, for fetching needs them', async () => {
    expect(await mended(root)).toEqual({
      done: [
        '/usr/bin/apt-get update',
        '/usr/bin/apt-get install qemu zstd',
        'modprobe fuse',
        'fetch kernel',
      ],
      left: ['tslab: npm install tslab'],
    })
  })

  it('leaves to root what is root’s', async () => {
    expect(await mended({ programs: ['apt-get'] })).toEqual({
      done: ['fetch kernel'],
      left: [
        'tslab: npm install tslab',
        'packages: sudo apt-get install --no-install-recommends qemu zstd',
        'fuse: sudo modprobe fuse',
      ],
    })
    const { left } = await mended({ isRoot: true, isDebian: false })
    expect(left).toContain('packages: install what Debian calls qemu zstd')
  })

  it('brings what is large, and nothing else, when it is named', async () => {
    expect(await mended(root, { names: ['clang', 'xz'] })).toEqual({
      done: ['/usr/bin/apt-get update', '/usr/bin/apt-get install clang'],
      left: [],
    })
    await expect(mended(root, { names: ['clan\x1bg'] })).rejects.toThrow(
      /nothing called clan\\x1bg; it looks at xz, qemu/,
    )
  })

  it('says what did not work, and does the rest', async () => {
    const fails = [
      '/usr/bin/apt-get update',
      '/usr/bin/apt-get install qemu zstd',
      '/usr/bin/apt-get install qemu',
      'modprobe fuse',
      'fetch kernel',
    ]
    const { done, left } = await mended(root, { fails })
    expect(done).toContain('/usr/bin/apt-get install zstd')
    expect(left).toEqual([
      'tslab: npm install tslab',
      'qemu: apt-get cannot install it',
      'fuse: modprobe fuse ended with status 100',
      'kernels: no mirror answers',
    ])
  })
})
