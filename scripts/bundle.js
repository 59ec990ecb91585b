/** Makes dist/bundle: the library and the command in few files, because each file that a process loads costs it time. */
import { rmSync } from 'node:fs'
import { build } from 'esbuild'

// Names of parts change with their contents.
rmSync('dist/bundle', { recursive: true, force: true })

await build({
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
  packages: 'external',
  // Names stay: people read them in what the prompt prints.
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: true,
  logLevel: 'warning',
})
