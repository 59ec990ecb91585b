import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/integration/**', 'test/fuse/**', 'test/matrix/**', 'test/nodes/**'],
    runner: './mutation/worker.ts',
    pool: 'forks',
    poolOptions: { forks: { singleFork: true, isolate: false } },
    // The limit is the time of the processor (trial.ts): other programs may want most of it.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    retry: 0,
  },
})
