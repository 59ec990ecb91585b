/** Makes dist/bundle: the library and the command in few files, because each file that a process loads costs it time. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { build } from 'esbuild'

// Names of parts change with their contents.
rmSync('dist/bundle', { recursive: true, force: true })

// What is installed beside us stays outside. The rest, Ink and React, goes in: with what they bring they are a third of
// an installation. React's development build is several times slower, and keeps a record of every frame.
const { dependencies, peerDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
const external = [...Object.keys({ ...dependencies, ...peerDependencies }), 'react-devtools-core']

// A bundle is cut wherever sets of entries part, which for what is loaded later made ninety files of the library. So each
// of those parts says that it needs the library, which is true of all that open something: it stays one file.
const library = resolve('src/index.ts')
const opensNothing =
  /\/(?:ui\/cli\/(?:run|front|commands\/(?:completion|ps|unmount))|ui\/fuse\/(?:records|mount-table)|machine\/(?:registry|monitors))\.ts$/
const oneLibrary = {
  name: 'one-library',
  setup({ onResolve, onLoad, resolve: find }) {
    onResolve({ filter: /^\.{1,2}\// }, async ({ kind, path, resolveDir }) => {
      if (kind !== 'dynamic-import' || !resolveDir.startsWith(dirname(library))) return undefined
      const found = await find(path, { kind: 'import-statement', resolveDir })
      return found.errors.length > 0 || opensNothing.test(found.path)
        ? found
        : { path: found.path, namespace: 'later' }
    })
    onLoad({ filter: /./, namespace: 'later' }, ({ path }) => ({
      contents: `import ${JSON.stringify(library)}\nexport * from ${JSON.stringify(path)}`,
      resolveDir: dirname(path),
    }))
  },
}

// Loading Node's crypto takes a tenth of the time that it takes to load all of us: it waits until something is hashed.
const cryptoLater = {
  name: 'crypto-later',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:crypto$/ }, () => ({ path: 'node:crypto', namespace: 'crypto-later' }))
    onLoad({ filter: /./, namespace: 'crypto-later' }, () => ({
      contents: ['createHash', 'createHmac', 'randomBytes', 'randomUUID', 'timingSafeEqual']
        .map(
          (name) =>
            `export const ${name} = (...args) => process.getBuiltinModule('node:crypto').${name}(...args)`,
        )
        .join('\n'),
    }))
  },
}

const { metafile } = await build({
  plugins: [oneLibrary, cryptoLater],
  entryPoints: {
    index: 'src/index.ts',
    main: 'src/ui/cli/main.ts',
    kernel: 'src/ui/jupyter/main.ts',
    cell: 'src/ui/jupyter/cell.ts',
    'types-worker': 'src/ui/typescript/types-worker.ts',
    'control-worker': 'src/ui/jupyter/wire/control-worker.ts',
  },
  outdir: 'dist/bundle',
  entryNames: '[name]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external,
  define: { 'process.env.NODE_ENV': '"production"', __COMMIT__: JSON.stringify(commit()) },
  // CommonJS parts ask for Node's modules with require().
  banner: {
    js: "import { createRequire as __cryoscopeRequire } from 'node:module'; const require = __cryoscopeRequire(import.meta.url);",
  },
  legalComments: 'none',
  metafile: true,
  // Names stay: people read them in what the prompt prints.
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: true,
  logLevel: 'warning',
})

const loaded = filesOf('dist/bundle/index.js')
if (loaded.size > 20) {
  throw new Error(
    `the library would be loaded from ${loaded.size} files: which part of it is asked for later, beside opensNothing?`,
  )
}

// What frames are reckoned with is loaded by the first verb, at once: a file of its own that `require` takes.
const { metafile: frames } = await build({
  entryPoints: { 'frame-tools': 'src/frame/tools.ts' },
  outdir: 'dist/bundle',
  outExtension: { '.js': '.cjs' },
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  legalComments: 'none',
  metafile: true,
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
})

// What goes in comes with its licence.
const packages = new Set(
  [...Object.keys(metafile.inputs), ...Object.keys(frames.inputs)].flatMap(
    (path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [],
  ),
)
const notices = [...packages].sort().map((directory) => {
  const { name, version, license } = JSON.parse(readFileSync(`${directory}/package.json`, 'utf8'))
  const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry))
  const text =
    file === undefined ? `Licence: ${license}` : readFileSync(`${directory}/${file}`, 'utf8').trim()
  return `${name} ${version}\n\n${text}\n`
})
writeFileSync('dist/bundle/THIRD-PARTY.txt', notices.join(`\n${'-'.repeat(72)}\n\n`))

/** What is loaded with a file of the bundle, before anything is asked for. */
function filesOf(file, files = new Set()) {
  if (files.has(file)) return files
  files.add(file)
  for (const { kind, path, external } of metafile.outputs[file].imports)
    if (kind === 'import-statement' && !external) filesOf(path, files)
  return files
}

/** What is built; nothing outside a checkout. */
function commit() {
  try {
    const git = (...words) =>
      execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    return (
      git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', 'src') === '' ? '' : ', changed')
    )
  } catch {
    return ''
  }
}
