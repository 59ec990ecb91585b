import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** What a minimal system has of the programs that the script works with. */
const usual = [
  'bash',
  'cat',
  'chmod',
  'cp',
  'cut',
  'dirname',
  'env',
  'find',
  'mkdir',
  'mktemp',
  'mv',
  'node',
  'rm',
  'sed',
]

let scratch: string
let cache: string

/** A program on the PATH of the script. */
function program(name: string): void {
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .map((directory) => join(directory, name))
    .find((path) => spawnSync('test', ['-x', path]).status === 0)
  if (found === undefined) throw new Error(`no ${name} on PATH`)
  symlinkSync(found, join(scratch, 'bin', name))
}

/** Where packages are got from: what the package has, or how it fails. */
function apt(lines: string): void {
  writeFileSync(
    join(scratch, 'scripts/apt-fetch'),
    `#!/usr/bin/env bash\nwhile [ "$1" != -- ]; do shift; done\nset -e\nmkdir -p "$2"\n${lines}\n`,
  )
  chmodSync(join(scratch, 'scripts/apt-fetch'), 0o755)
}

const whole = `
  mkdir -p "$2/boot" "$2/lib/modules/x/kernel/drivers/net"
  cat "$0" >"$2/boot/vmlinuz-6.18.15-test"
  cat "$0" >"$2/lib/modules/x/kernel/drivers/net/dummy.ko.xz"
  printf 'trixie linux-image-6.18.15-test 6.18.15-1\\n'`

function fetchKernel(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(join(scratch, 'scripts/fetch-kernel'), words, {
    encoding: 'utf8',
    env: { PATH: join(scratch, 'bin'), XDG_CACHE_HOME: join(scratch, 'cache'), HOME: scratch },
  })
  return { status, stdout, stderr }
}

/** What the script left in the cache. */
const left = () => readdirSync(cache, { recursive: true }).sort()

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'cs-fetch-'))
  cache = join(scratch, 'cache/cryoscope/kernels')
  for (const directory of ['bin', 'scripts']) mkdirSync(join(scratch, directory))
  mkdirSync(cache, { recursive: true })
  cpSync(join(root, 'scripts/fetch-kernel'), join(scratch, 'scripts/fetch-kernel'))
  cpSync(join(root, 'kernel-configs'), join(scratch, 'kernel-configs'), { recursive: true })
  for (const name of usual) program(name)
})
afterEach(() => rmSync(scratch, { recursive: true }))

describe('fetch-kernel on a minimal system', () => {
  it('needs no xz for what a guest boots', () => {
    apt(whole)
    expect(fetchKernel('6.18')).toEqual({
      status: 0,
      stdout: `${join(cache, '6.18')}\n`,
      stderr: 'fetched kernel 6.18.15-test (trixie)\n',
    })
    expect(left()).toEqual(['6.18', '6.18/release', '6.18/vmlinuz'])
    expect(readFileSync(join(cache, '6.18/release'), 'utf8')).toBe('6.18.15-test\n')
  })

  it('says that xz is missing where the module of the tests needs it, and leaves nothing behind', () => {
    apt(whole)
    expect(fetchKernel('--with-module', '6.18')).toEqual({
      status: 3,
      stdout: '',
      stderr: 'fetch-kernel: xz is not installed (Debian: xz-utils); the module of the tests needs it.\n',
    })
    expect(left()).toEqual([])
  })

  it('leaves nothing of a package that came in part, or has no kernel', () => {
    apt('printf rubbish >"$2/half"; echo "apt-fetch: no route" >&2; exit 1')
    expect(fetchKernel('6.18')).toEqual({ status: 1, stdout: '', stderr: 'apt-fetch: no route\n' })
    expect(left()).toEqual([])
    apt("printf 'trixie linux-image-6.18.15-test 6.18.15-1\\n'")
    expect(fetchKernel('6.18')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('holds no vmlinuz'),
    })
    expect(left()).toEqual([])
  })

  it('keeps the kernel that is there when no newer one can be had', () => {
    apt(whole)
    fetchKernel('6.18')
    apt('exit 1')
    expect(fetchKernel('6.18')).toMatchObject({ status: 0, stderr: '' })
    expect(fetchKernel('--refresh', '6.18').status).toBe(1)
    expect(left()).toEqual(['6.18', '6.18/release', '6.18/vmlinuz'])
  })
})
