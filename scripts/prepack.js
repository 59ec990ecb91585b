/** Builds what is published: the bundle, and of the declarations those that the library's and the notebooks' lead to. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
const { status } = spawnSync('npm', ['run', '-s', 'build'], { cwd: root, stdio: ['ignore', 2, 2] })
if (status !== 0) process.exit(1)

const reachable = new Set()
const waiting = [join(dist, 'index.d.ts'), join(dist, 'ui/jupyter/cell.d.ts')]
for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
  if (reachable.has(file)) continue
  reachable.add(file)
  for (const [, path] of readFileSync(file, 'utf8').matchAll(
    /(?:from |import\(|import |declare module )'(\.[^']+)\.jsx?'/g,
  )) {
    const next = join(dirname(file), `${path}.d.ts`)
    if (existsSync(next)) waiting.push(next)
  }
}
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name)
  if (entry.isFile() && !path.startsWith(join(dist, 'bundle/')) && !reachable.has(path)) rmSync(path)
}
const man = spawnSync(process.execPath, [join(root, 'scripts/man.js')], { encoding: 'utf8' })
if (man.status !== 0) {
  console.error(man.stderr)
  process.exit(1)
}
writeFileSync(join(dist, 'cryoscope.1'), man.stdout)
console.error(`prepack: ${reachable.size} declarations are reachable`)
