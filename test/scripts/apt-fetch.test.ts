import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { offeredKernel } from '../../src/machine/kernels.js'

const script = fileURLToPath(new URL('../../scripts/apt-fetch', import.meta.url))
const hasFlock = spawnSync('flock', ['--version']).status === 0

let scratch: string

function program(name: string, lines: string): void {
  const path = join(scratch, 'bin', name)
  writeFileSync(path, `#!/usr/bin/env bash\n${lines}\n`)
  chmodSync(path, 0o755)
}

/** What apt says when it reads the lists of a suite, and its status. `$suite` is what was asked for. */
function apt(update: string): void {
  program(
    'apt-get',
    `[ "\${!#}" = update ] || exit 1
suite=$(cut -d ' ' -f 4 "$(dirname "$2")/etc/sources.list")
printf '%s\\n' "$suite" >>"${scratch}/asked"
${update}`,
  )
}

/** Which suites' lists were asked for since the last call. */
function asked(): string[] {
  const path = join(scratch, 'asked')
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
  rmSync(path, { force: true })
  return lines
}

const environment = () => ({
  PATH: [join(scratch, 'bin'), process.env.PATH].join(delimiter),
  XDG_CACHE_HOME: join(scratch, 'cache'),
  CRYOSCOPE_DEBIAN_MIRROR: 'http://mirror.example/debian',
})

function list(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(script, ['--arch', 'amd64', '--list', ...words], {
    encoding: 'utf8',
    env: { ...process.env, ...environment() },
  })
  return { status, stdout, stderr }
}

const package18 = 'linux-image-6.18.15-cloud-amd64'
const missing = `[ "$suite" = sid ] || { echo "E: The repository 'http://mirror.example $suite Release' does not have a Release file."; exit 100; }`

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'cs-apt-'))
  mkdirSync(join(scratch, 'bin'))
  for (const name of ['dpkg', 'dpkg-deb', 'apt-config']) program(name, '')
  program(
    'apt-cache',
    `case $* in
*pkgnames) printf '%s\\n' other ${package18} ;;
*) printf 'Package: ${package18}\\nVersion: 6.18.15-1\\n' ;;
esac`,
  )
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(scratch, { recursive: true })
})

describe.skipIf(!hasFlock)('apt-fetch', () => {
  it('tells lists that cannot be read from lists that lack a package', () => {
    apt('exit 0')
    expect(list('sid', 'nothing')).toEqual({
      status: 3,
      stdout: '',
      stderr: "apt-fetch: no package matches 'nothing' for amd64 in suite sid.\n",
    })
    apt(missing)
    expect(list('forky,sid', 'nothing').stderr).toBe(
      "apt-fetch: no package matches 'nothing' for amd64 in suite forky or sid (the mirror has no suite forky).\n",
    )
    apt('echo "E: Failed to fetch http://mirror.example/InRelease  Temporary failure"; exit 100')
    expect(list('trixie,sid', 'nothing')).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'apt-fetch: cannot read the package lists of suite trixie: Failed to fetch http://mirror.example/InRelease Temporary failure\n',
    })
  })

  it.each(['W', 'Warning'])('keeps no lists of which apt says no more than %s', (word) => {
    apt(`echo "${word}: Failed to fetch http://mirror.example/InRelease  no route"`)
    for (const _ of [1, 2]) {
      expect(list('sid', package18)).toMatchObject({ status: 1, stderr: expect.stringContaining('no route') })
      expect(asked()).toEqual(['sid'])
    }
  })

  it('takes a package of a later suite, and says which lists it could not read', () => {
    apt('[ "$suite" = sid ] || { echo "E: Failed to fetch http://mirror.example/InRelease"; exit 100; }')
    expect(list('trixie,sid', package18)).toEqual({
      status: 0,
      stdout: `sid ${package18} 6.18.15-1\n`,
      stderr: expect.stringContaining('cannot read the package lists of suite trixie'),
    })
  })

  it('asks the mirror anew only when told', () => {
    apt('exit 0')
    expect([list('sid', package18).status, asked()]).toEqual([0, ['sid']])
    expect([list('sid', package18).status, asked()]).toEqual([0, []])
    apt('echo "E: Failed to fetch http://mirror.example/InRelease"; exit 100')
    expect([list('sid', package18).status, asked()]).toEqual([0, []])
    expect([list('--refresh', 'sid,trixie', package18).status, asked()]).toEqual([1, ['sid']])
  })
})

describe.skipIf(!hasFlock)('the kernel that boots unless another is named', () => {
  beforeEach(() => {
    for (const [name, value] of Object.entries(environment())) vi.stubEnv(name, value)
  })

  it('is looked for where the first boot fetches it', async () => {
    apt(missing)
    expect(await offeredKernel()).toEqual({ name: package18, suite: 'sid' })
    expect(asked()).toContain('trixie-backports')
  })

  it('is not said to be there by lists that were read before', async () => {
    apt('exit 0')
    await offeredKernel()
    apt('echo "E: Failed to fetch http://mirror.example/InRelease  no route"; exit 100')
    await expect(offeredKernel()).rejects.toThrow(
      /^cannot fetch kernel 6\.18: cannot read the package lists of suite .*: Failed to fetch .* no route$/,
    )
  })
})
