/** What newer majors of our dependencies need: `node scripts/newer-dependencies.js` lists each with its Node.js. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { dependencies, devDependencies, engines } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
)
const major = (version) => Number(/\d+/.exec(version)?.[0])

let held = 0
for (const [name, range] of Object.entries({
  ...dependencies,
  ...optionalDependencies,
  ...devDependencies,
})) {
  const words = ['view', name, 'version', 'engines', '--json']
  const found = JSON.parse(execFileSync('npm', words, { encoding: 'utf8' }))
  // One field alone comes without its name.
  const { version, engines: needs } = typeof found === 'string' ? { version: found } : found
  if (major(version) <= major(range)) continue
  held++
  console.log(
    `${name.padEnd(28)} ${range.padEnd(10)} → ${version.padEnd(10)} needs Node.js ${needs?.node ?? 'of any version'}`,
  )
}
console.log(`${held} newer majors; this package supports Node.js ${engines.node}`)
