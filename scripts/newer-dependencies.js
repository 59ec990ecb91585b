/** What newer majors of our dependencies need: `node scripts/newer-dependencies.js` lists each with its Node.js. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** What counts as a major: below 1.0 each minor may break its users, too (semver 2.0.0, 4). */
function line(version) {
  const [major = 0, minor = 0] = (/\d+(\.\d+)?/.exec(version)?.[0] ?? '').split('.').map(Number)
  return major === 0 ? minor / 1e6 : major
}

/**
 * Dependencies of a manifest, of any kind, that have a newer major: `view` gives of a package's name what the registry has,
 * as `npm view NAME version engines --json` prints it.
 */
export function newerDependencies(manifest, view) {
  const { dependencies, optionalDependencies, peerDependencies, devDependencies } = manifest
  const ranges = { ...devDependencies, ...peerDependencies, ...optionalDependencies, ...dependencies }
  return Object.entries(ranges).flatMap(([name, range]) => {
    const found = view(name)
    // One field alone comes without its name.
    const { version, engines } = typeof found === 'string' ? { version: found } : found
    return line(version) > line(range) ? [{ name, range, version, node: engines?.node }] : []
  })
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const newer = newerDependencies(manifest, (name) =>
    JSON.parse(execFileSync('npm', ['view', name, 'version', 'engines', '--json'], { encoding: 'utf8' })),
  )
  for (const { name, range, version, node = 'of any version' } of newer) {
    console.log(`${name.padEnd(28)} ${range.padEnd(10)} → ${version.padEnd(10)} needs Node.js ${node}`)
  }
  console.log(`${newer.length} newer majors; this package supports Node.js ${manifest.engines.node}`)
}
