/**
 * `node scripts/run-tests.js PROJECT...` runs projects of vitest.config.ts side by side; what the second prints follows when the
 * first has ended, and what failed is said once more at the end.
 *
 * Where CI is set, files that failed run once more, alone: guests under emulation miss moments on a machine that is busy. The
 * summary names the tests that passed only then, with what they said at first.
 */
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const scratch = mkdtempSync(join(tmpdir(), 'cryoscope-tests-'))
const running = new Set()

process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    for (const child of running) child.kill(signal)
    process.exitCode = 1
  })
}

function vitest(args, stdout) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...args], {
      cwd: root,
      stdio: ['ignore', stdout, stdout],
    })
    running.add(child)
    child.on('close', (code) => {
      running.delete(child)
      resolve(code === 0)
    })
  })
}

/** Runs a project, or some of its files: whether all is well, and what the reporter says of each file. */
async function run(project, files = [], stdout = 'inherit') {
  const report = join(scratch, `${project}-${files.length}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const passed = await vitest(['run', '--project', project, ...reporters, ...files], stdout)
  let results = []
  try {
    results = JSON.parse(readFileSync(report, 'utf8')).testResults
  } catch {
    // Ended before it could say anything: each file counts as one that did not pass.
  }
  return { project, passed, results }
}

async function filesOf(project) {
  const list = join(scratch, `${project}-files.json`)
  await vitest(['list', '--filesOnly', `--json=${list}`, '--project', project], 'ignore')
  return JSON.parse(readFileSync(list, 'utf8')).map(({ file }) => file)
}

/** The files of a run that failed or never ran; all of them when the run failed and no file says why. */
async function suspects({ project, results }) {
  const files = await filesOf(project)
  const good = new Set(results.filter(({ status }) => status === 'passed').map(({ name }) => name))
  const rest = files.filter((file) => !good.has(file))
  return rest.length > 0 ? rest : files
}

function complaints({ project, passed, results }) {
  const lines = []
  for (const { name, message, assertionResults } of results) {
    const file = relative(root, name)
    if (message) lines.push(`${file}: ${firstLines(message)}`)
    for (const test of assertionResults) {
      if (test.status === 'failed')
        lines.push(`${file}: ${test.fullName}\n    ${firstLines(test.failureMessages.join('\n'))}`)
    }
  }
  if (!passed && lines.length === 0)
    lines.push(`${project}: ended with an error outside its tests; see above`)
  return lines
}

function firstLines(text) {
  const lines = text.split('\n').filter((line) => !/^\s+at .*(node_modules|node:internal)/.test(line))
  return lines.slice(0, 12).join('\n    ')
}

function count(runs) {
  const tests = runs.flatMap(({ results }) => results.flatMap(({ assertionResults }) => assertionResults))
  const of = (wanted) => tests.filter(({ status }) => status === wanted).length
  return { passed: of('passed'), failed: of('failed'), skipped: of('pending') + of('skipped') + of('todo') }
}

async function sideBySide(projects) {
  const [first, ...others] = projects
  const waiting = others.map((project) => {
    const output = join(scratch, `${project}.txt`)
    const file = openSync(output, 'w')
    return run(project, [], file).then((result) => {
      closeSync(file)
      return { result, output }
    })
  })
  const runs = [await run(first)]
  for (const { result, output } of await Promise.all(waiting)) {
    process.stdout.write(readFileSync(output))
    runs.push(result)
  }
  return runs
}

const projects = process.argv.slice(2)
if (projects.length === 0 || projects.some((name) => name.startsWith('-'))) {
  console.error('usage: node scripts/run-tests.js PROJECT...; the projects are in vitest.config.ts')
  process.exit(2)
}

// A run that was killed may have left guests and mounts; the first command sweeps them and says so, which no test expects.
if (existsSync(join(root, 'dist/bundle/main.js'))) {
  spawnSync(process.execPath, ['bin/cryoscope.js', 'ps'], { cwd: root, stdio: 'ignore' })
}
const runs = await sideBySide(projects)
const complained = runs.flatMap(complaints)
if (runs.some(({ passed }) => !passed) && process.env.CI && process.exitCode === undefined) {
  for (const failure of runs.filter(({ passed }) => !passed)) {
    const files = await suspects(failure)
    console.log(`\nonce more, alone: ${files.map((file) => relative(root, file)).join(' ')}\n`)
    const again = await run(failure.project, files)
    failure.passed = again.passed
    failure.results = [...failure.results.filter(({ name }) => !files.includes(name)), ...again.results]
  }
  console.log(`\nFailed at first:\n${complained.join('\n')}`)
}
const left = runs.flatMap(complaints)
if (left.length > 0) console.log(`\nFailed:\n${left.join('\n')}`)
const total = count(runs)
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode ??= runs.every(({ passed }) => passed) ? 0 : 1
