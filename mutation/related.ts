import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Files below a directory whose names end so, by their paths from `root`. */
export function filesBelow(root: string, directory: string, ends: RegExp): string[] {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ends.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted()
}

/** Which tests import which files, directly or not. */
export class Related {
  readonly #root: string
  readonly #imports = new Map<string, readonly string[]>()
  readonly #reached = new Map<string, ReadonlySet<string>>()
  readonly #tests: readonly string[]

  constructor(root: string) {
    this.#root = root
    this.#tests = filesBelow(root, 'test', /\.test\.tsx?$/).filter(
      (file) => !/^test\/(integration|fuse|matrix|fuzz|mutation)\//.test(file),
    )
  }

  /** Unit tests of the same room that reach the file, those that mirror it and reach the least first. */
  testsOf(file: string): string[] {
    const room = file.split('/')[1] ?? ''
    const own = file.replace(/^src\//, 'test/').replace(/\.tsx?$/, '.test.ts')
    return this.#tests
      .filter((test) => test.startsWith(`test/${room}/`) && this.#reach(test).has(file))
      .toSorted((a, b) => Number(b === own) - Number(a === own) || this.#reach(a).size - this.#reach(b).size)
  }

  #reach(file: string): ReadonlySet<string> {
    const known = this.#reached.get(file)
    if (known !== undefined) return known
    const seen = new Set<string>()
    const waiting = [file]
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (seen.has(at)) continue
      seen.add(at)
      waiting.push(...this.#importsOf(at))
    }
    this.#reached.set(file, seen)
    return seen
  }

  #importsOf(file: string): readonly string[] {
    let found = this.#imports.get(file)
    if (found === undefined) {
      const text = readFileSync(join(this.#root, file), 'utf8')
      const paths = [
        ...text.matchAll(/^(?:import|export)\s(?!type\s)[^'"]*?from '(\.[^']+)'|import\('(\.[^']+)'\)/gm),
      ]
      found = paths.flatMap(([, one, other]) => this.#resolve(join(dirname(file), one ?? other ?? '')))
      this.#imports.set(file, found)
    }
    return found
  }

  #resolve(path: string): string[] {
    const bare = path.replace(/\.js$/, '')
    return [`${bare}.ts`, `${bare}.tsx`].filter(
      (each) => statSync(join(this.#root, each), { throwIfNoEntry: false }) !== undefined,
    )
  }
}
