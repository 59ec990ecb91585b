import Module from 'node:module'
import type * as TypeScript from '@tslab/typescript-for-tslab'

/** Modules that every notebook can import by name, wherever it lies: name to the files that stand for it. */
export type OwnModules = Readonly<Record<string, OwnModule>>

export interface OwnModule {
  /** Its declarations: an absolute path, or their text. */
  readonly types: { readonly path: string } | { readonly text: () => string }
  /** What `require` loads; absent for modules that are only types. */
  readonly file?: string
}

/** Told when the text of a module's declarations is another one. */
export const changed = new Map<string, () => void>()

interface Resolver {
  _resolveFilename(request: string, ...rest: unknown[]): string
}

/**
 * tslab asks its compiler's `sys` for files, and Node's module loader for code. Both look for a package in
 * node_modules of the notebook's directory; there our modules appear.
 */
export function provideModules(ts: typeof TypeScript, modules: OwnModules): void {
  const { sys } = ts
  const real = { ...sys }
  const find = (path: string) => declarationsOf(modules, path)
  sys.fileExists = (path) => find(path) !== undefined || real.fileExists(path)
  sys.readFile = (path, encoding) => {
    const found = find(path)
    if (found === undefined) return lighter(path, real.readFile(path, encoding))
    return 'text' in found.types ? found.types.text() : `export * from ${JSON.stringify(found.types.path)}\n`
  }
  sys.directoryExists = (path) => /\/node_modules$/.test(path) || real.directoryExists(path)
  sys.watchFile = (path, callback, ...rest) => {
    const found = find(path)
    if (found === undefined) return real.watchFile?.(path, callback, ...rest) ?? { close: () => {} }
    changed.set(found.name, () => callback(path, ts.FileWatcherEventKind.Changed))
    return { close: () => changed.delete(found.name) }
  }
  leaveOneTimer(sys)
  const loader = Module as unknown as Resolver
  const resolve = loader._resolveFilename
  loader._resolveFilename = function (request, ...rest) {
    const own = Object.hasOwn(modules, request) ? modules[request]?.file : undefined
    return own ?? resolve.call(this, request, ...rest)
  }
}

/**
 * tslab gives its compiler a place for one timer, that of the next program, and refuses all later cells when the compiler
 * sets another: it does for modules that were not found, when something changes where it looked for them. The next
 * program looks for those anyway (createHasInvalidatedResolutions), so that timer is not set.
 */
function leaveOneTimer(sys: TypeScript.System): void {
  const { setTimeout } = sys
  Object.defineProperty(sys, 'setTimeout', {
    configurable: true,
    get: () => setTimeout,
    // tslab's `sys` has this one for its prototype.
    set(this: object, own: NonNullable<TypeScript.System['setTimeout']>) {
      const value: typeof own = (callback, ...rest) =>
        callback.name === 'invalidateResolutionsOfFailedLookup' ? undefined : own(callback, ...rest)
      Object.defineProperty(this, 'setTimeout', { configurable: true, writable: true, value })
    },
  })
}

/** The module whose declarations a path like DIRECTORY/node_modules/cryoscope.d.ts stands for. */
function declarationsOf(modules: OwnModules, path: string): (OwnModule & { name: string }) | undefined {
  const name = /\/node_modules\/([^/]+(?:\/[^/]+)?)\.d\.ts$/.exec(path)?.[1]
  const found = name !== undefined && Object.hasOwn(modules, name) ? modules[name] : undefined
  return found === undefined || name === undefined ? undefined : { ...found, name }
}

/**
 * Declarations of Node.js without comments, which are most of them and take the compiler a third of its start. Those of
 * the language and of our own are shown by Shift-Tab, and stay.
 */
function lighter(path: string, text: string | undefined): string | undefined {
  return text !== undefined && path.includes('/node_modules/@types/node/') ? withoutComments(text) : text
}

/** Strings and line comments as they are (references to other files are line comments), and no other comments. */
export function withoutComments(declarations: string): string {
  const parts = /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|\/\/[^\n]*)|\/\*[\s\S]*?\*\//g
  return declarations.replace(parts, (_, kept: string | undefined) => kept ?? ' ')
}
