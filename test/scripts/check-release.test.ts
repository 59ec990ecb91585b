import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const script = fileURLToPath(new URL('../../scripts/check-release', import.meta.url))

let checkout: string
const write = (name: string, text: string) => writeFileSync(join(checkout, name), text)
const git = (...words: string[]) =>
  execFileSync('git', ['-C', checkout, '-c', 'user.name=x', '-c', 'user.email=x@localhost', ...words], {
    stdio: 'pipe',
    // Not those of a repository whose hook this runs in.
    env: { ...process.env, GIT_DIR: undefined, GIT_INDEX_FILE: undefined, GIT_WORK_TREE: undefined },
  })
const commit = () => {
  git('add', '-A')
  git('commit', '-qm', 'State')
}
function check(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(join(checkout, 'scripts/check-release'), words, {
    encoding: 'utf8',
  })
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => line.replace(/^check-release: /, ''))
  return { status, stdout, wrong: stderr === '' ? [] : lines }
}

const changelog = '# Changes\n\n## 1.2.0 (2026-05-01)\n\n- New.\n\n## 1.1.0\n\n- Old.\n'

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'cs-release-'))
  mkdirSync(join(checkout, 'scripts'))
  mkdirSync(join(checkout, 'examples/one/prebuilt'), { recursive: true })
  copyFileSync(script, join(checkout, 'scripts/check-release'))
  write('package.json', '{ "version": "1.2.0" }')
  write('package-lock.json', '{ "version": "1.2.0" }')
  write('CHANGELOG.md', changelog)
  write('examples/one/source.c', 'int x;\n')
  const sum = createHash('sha256').update('int x;\n').digest('hex')
  write('examples/one/prebuilt/SOURCES.sha256', `${sum}  source.c\n`)
  git('init', '-q')
  commit()
})
afterEach(() => rmSync(checkout, { recursive: true }))

describe('check-release', () => {
  it('prints the notes of the version where everything agrees', () => {
    expect(check('v1.2.0')).toEqual({
      status: 0,
      stdout: 'release notes of 1.2.0:\n\n- New.\n',
      wrong: [],
    })
    git('tag', 'v1.2.0')
    expect(check('v1.2.0').status).toBe(0)
  })

  it('refuses a tag that is not the version of package, lock file and changelog', () => {
    expect(check('v1.3.0')).toMatchObject({
      status: 1,
      stdout: '',
      wrong: [
        'package.json has version 1.2.0, the tag 1.3.0',
        'package-lock.json has version 1.2.0, the tag 1.3.0',
        "the newest version of CHANGELOG.md is 1.2.0, the tag's is 1.3.0",
      ],
    })
  })

  it('refuses changes that have no version yet', () => {
    write('CHANGELOG.md', changelog.replace('## 1.2.0', '## Unreleased\n\n- Newer.\n\n## 1.2.0'))
    commit()
    expect(check('v1.2.0')).toMatchObject({
      status: 1,
      wrong: ['CHANGELOG.md still has changes under "Unreleased": move them below the version'],
    })
    write('CHANGELOG.md', '# Changes\n')
    commit()
    expect(check('v1.2.0').wrong).toEqual(["the newest version of CHANGELOG.md is none, the tag's is 1.2.0"])
  })

  it('refuses what is not committed, and a tag that is elsewhere', () => {
    git('tag', 'v1.2.0')
    write('new', '')
    expect(check('v1.2.0').wrong).toEqual(['something is not committed'])
    commit()
    expect(check('v1.2.0').wrong).toEqual(['tag v1.2.0 is on another commit'])
  })

  it('refuses programs that are not built from these sources', () => {
    write('examples/one/source.c', 'int y;\n')
    commit()
    expect(check('v1.2.0').wrong).toEqual([
      'examples/one/prebuilt is not built from these sources: make -C examples/one prebuilt',
    ])
  })

  it.each(['1.2.0', 'v1.2', 'v1.2.0-rc1', ''])('takes no tag %j', (tag) => {
    expect(check(tag)).toMatchObject({ status: 2, wrong: ['usage: scripts/check-release vX.Y.Z'] })
  })
})
