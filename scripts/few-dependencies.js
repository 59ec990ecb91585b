/**
 * `node scripts/few-dependencies.js DIRECTORY` writes package.json and package-lock.json there for what the bundle is made of: the
 * dependencies, esbuild, and of the others what src/ imports. `npm ci` of them is a sixth of all, in the same versions.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** A package in `from 'NAME'` or `import('NAME')`; what is imported for its types alone is not bundled. */
const importPattern =
  /(?:^(?:import|export)\s(?!type\s)[^'"();=]*?\bfrom\s+|(?<!typeof )\bimport\(\s*)['"]((?:@[\w.-]+\/)?[\w.-]+)(?:\/[^'"]*)?['"]/gm

/** The two files' contents. `sources` are the texts of the modules that are bundled. */
export function fewDependencies(manifest, lock, sources) {
  const { name, version, dependencies, devDependencies, overrides = {} } = manifest
  const imported = new Set(
    sources.flatMap((text) => [...text.matchAll(importPattern)].map(([, found]) => found)),
  )
  // What an override refers to must be there.
  const referred = Object.values(overrides).flatMap((value) => (value.startsWith('$') ? value.slice(1) : []))
  const builders = Object.keys(devDependencies).filter(
    (each) => each === 'esbuild' || imported.has(each) || referred.includes(each),
  )
  const wanted = {
    ...dependencies,
    ...Object.fromEntries(builders.map((each) => [each, devDependencies[each]])),
  }
  const packages = closure(lock.packages, Object.keys(wanted))
  return {
    manifest: { name, version, private: true, dependencies: wanted, overrides },
    lock: { ...lock, packages: { '': { name, version, dependencies: wanted }, ...packages } },
  }
}

/** Entries of a lock file (its "packages") that the named ones need, and they themselves. */
function closure(entries, names) {
  const found = {}
  const need = (name, from, isOptional) => {
    const place = resolve(entries, name, from)
    if (place === undefined) {
      if (isOptional) return
      throw new Error(`package-lock.json has no ${name}, which ${from || 'this package'} needs`)
    }
    if (Object.hasOwn(found, place)) return
    const { dev: _, ...entry } = entries[place]
    found[place] = entry
    const {
      dependencies = {},
      optionalDependencies = {},
      peerDependencies = {},
      peerDependenciesMeta = {},
    } = entry
    for (const each of Object.keys(dependencies)) need(each, place, Object.hasOwn(optionalDependencies, each))
    for (const each of Object.keys(optionalDependencies)) need(each, place, true)
    for (const each of Object.keys(peerDependencies)) {
      if (peerDependenciesMeta[each]?.optional !== true) need(each, place, false)
    }
  }
  for (const name of names) need(name, '', false)
  return found
}

/** Where a package that lies at `from` finds another: in its own node_modules, or in one above. */
function resolve(entries, name, from) {
  for (let place = from; ; place = place.slice(0, Math.max(0, place.lastIndexOf('/node_modules/')))) {
    const candidate = `${place}${place === '' ? '' : '/'}node_modules/${name}`
    if (Object.hasOwn(entries, candidate)) return candidate
    if (place === '') return undefined
  }
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  const json = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'))
  const sources = readdirSync(join(root, 'src'), { recursive: true })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => readFileSync(join(root, 'src', file), 'utf8'))
  const made = fewDependencies(json('package.json'), json('package-lock.json'), sources)
  const [, , directory] = argv
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'package.json'), JSON.stringify(made.manifest, null, 2))
  writeFileSync(join(directory, 'package-lock.json'), JSON.stringify(made.lock, null, 2))
}
