import { defineConfig } from 'vitest/config'

/** About half of the time: they boot guests of their own. Most others share frozen ones. */
const withOwnGuests = [
  'test/integration/{capture,cli,kernel-schedulers,machine,schedulers,stall,time*}.test.ts',
  'test/integration/jupyter/**/*.test.ts',
]

const guestTests = {
  // A project runs one guest at a time, and files share the frozen ones: one process, one module cache.
  fileParallelism: false,
  isolate: false,
  pool: 'forks' as const,
  poolOptions: { forks: { singleFork: true } },
  testTimeout: 120_000,
  hookTimeout: 600_000,
}

/** On shared machines a test that misses a moment gets a second one; here it fails at once. */
const retry = process.env.CI ? 1 : 0

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/integration/**', 'test/fuse/**', 'test/matrix/**', 'test/nodes/**'],
          // Property tests on a machine that has other work.
          testTimeout: 60_000,
          retry,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'test/fuse/**/*.test.ts'],
          exclude: withOwnGuests,
          ...guestTests,
          retry,
        },
      },
      { test: { name: 'own-guests', include: withOwnGuests, ...guestTests, retry } },
      { test: { name: 'nodes', include: ['test/nodes/**/*.test.ts'], testTimeout: 60_000, retry } },
      {
        test: { name: 'matrix', include: ['test/matrix/**/*.test.ts'], ...guestTests, testTimeout: 600_000 },
      },
    ],
  },
})
