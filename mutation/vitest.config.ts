import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/integration/**', 'test/fuse/**', 'test/matrix/**', 'test/nodes/**'],
    runner: './mutation/worker.ts',
    pool: 'forks',
    poolOptions: { forks: { singleFork: true, isolate: false } },
    testTimeout: 60_000,
    retry: 0,
  },
})
