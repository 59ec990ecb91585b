import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Makes one file of the worker: processes start and run faster from it than from many. Gives its path. */
export async function bundleWorker(): Promise<string> {
  // Within node_modules, so that packages are found from there, and nothing is left in the tree.
  const directory = join(root, 'node_modules/.cache/cryoscope-fuzz')
  mkdirSync(directory, { recursive: true })
  const outfile = join(directory, `worker-${process.pid}.mjs`)
  await build({
    entryPoints: [join(root, 'fuzz/worker.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'linked',
    sourcesContent: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'places',
        setup(made) {
          // Modules that look for files beside themselves look where their source is.
          made.onLoad({ filter: /\.ts$/, namespace: 'file' }, async ({ path }) => {
            const { readFile } = await import('node:fs/promises')
            const text = await readFile(path, 'utf8')
            if (!text.includes('import.meta.url')) return undefined
            return {
              contents: text.replaceAll('import.meta.url', JSON.stringify(`file://${path}`)),
              loader: 'ts',
            }
          })
        },
      },
    ],
  })
  return outfile
}
