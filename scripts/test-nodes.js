/**
 * `node scripts/test-nodes.js [--prompt] [VERSION...|newest]` runs what depends on Node's own parts under other releases of it: the
 * prompt, the terminal UI, the notebooks' kernel and the mount. With --prompt only the prompt, the terminal UI and `-e`.
 *
 * The programs come from the npm package `node` and stay in ${XDG_CACHE_HOME:-~/.cache}/cryoscope/nodes. The build (npm run
 * build) must be there.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Supported besides the one that package.json's engines begin with. */
const known = ['22', '24', '26']
/** What works with Node's own parts: its prompt, threads, terminals, native modules. */
const parts = [
  ...['test/ui/repl', 'test/ui/tui', 'test/ui/typescript', 'test/ui/fuse', 'test/ui/jupyter'],
  // A real mount, and a real Jupyter.
  ...['test/fuse/life.test.ts', 'test/integration/jupyter/kernel.test.ts'],
]

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'cryoscope/nodes')

/** The program of a release, fetched when the cache lacks it or has one that does not run. */
function nodeOf(version) {
  const directory = join(cache, version)
  const program = join(directory, 'node_modules/node/bin/node')
  if (runs(program)) return program
  rmSync(directory, { recursive: true, force: true })
  const fresh = join(cache, `.new-${process.pid}`)
  mkdirSync(fresh, { recursive: true })
  try {
    writeFileSync(join(fresh, 'package.json'), '{ "private": true }\n')
    const words = ['install', '--no-audit', '--no-fund', '--ignore-scripts=false', `node@${version}`]
    const npm = spawnSync('npm', words, { cwd: fresh, stdio: ['ignore', 'ignore', 'inherit'] })
    if (npm.status !== 0) throw new Error(`npm cannot fetch node@${version}`)
    renameSync(fresh, directory)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
  if (!runs(program)) linkPlatformBuild(directory)
  if (runs(program)) return program
  throw new Error(`the package node@${version} brought no program that runs here`)
}

const runs = (program) => existsSync(program) && spawnSync(program, ['--version']).status === 0

/** Where npm runs no scripts of packages, the program stays in the package for this platform. */
function linkPlatformBuild(directory) {
  const script = join(directory, 'node_modules/node/installArchSpecificPackage.js')
  if (existsSync(script)) spawnSync(process.execPath, [script], { cwd: dirname(script), stdio: 'inherit' })
}

function test(version, words) {
  const program = nodeOf(version)
  const release = String(spawnSync(program, ['--version']).stdout).trim()
  console.log(`\n== Node ${release}`)
  const { status } = spawnSync(program, ['node_modules/vitest/vitest.mjs', 'run', ...words], {
    cwd: root,
    stdio: 'inherit',
    // What tests start by name is this one, too.
    env: { ...process.env, PATH: `${dirname(program)}${delimiter}${process.env.PATH}` },
  })
  return { release, passed: status === 0 }
}

const words = process.argv.slice(2)
const promptOnly = words.includes('--prompt')
const versions = words
  .filter((word) => word !== '--prompt')
  .map((word) => (word === 'newest' ? known.at(-1) : word))
if (versions.some((version) => !/^\d+(\.\d+){0,2}$/.test(version))) {
  console.error(
    'usage: node scripts/test-nodes.js [--prompt] [VERSION...|newest]; versions are as 22 or 24.1.0',
  )
  process.exit(2)
}
const results = (versions.length === 0 ? known : versions).map((version) =>
  test(
    version,
    promptOnly
      ? ['--project', 'nodes', 'test/nodes/prompt.test.ts']
      : [
          ...['nodes', 'unit', 'integration', 'own-guests'].flatMap((name) => ['--project', name]),
          'test/nodes',
          ...parts,
        ],
  ),
)
console.log(
  `\n${results.map(({ release, passed }) => `${release} ${passed ? 'passed' : 'FAILED'}`).join(', ')}`,
)
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1
