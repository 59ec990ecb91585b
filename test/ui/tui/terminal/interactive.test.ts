import { afterEach, beforeEach, expect, it, vi } from 'vitest'

const before = { ...process.env }
beforeEach(() => vi.resetModules())
afterEach(() => {
  process.env = { ...before }
})

it("has Ink draw every frame, and takes React's faster build unless another is asked for", async () => {
  process.env.CI = 'true'
  delete process.env.NODE_ENV
  await import('../../../../src/ui/tui/terminal/interactive.js')
  expect(process.env.CI).toBeUndefined()
  expect(process.env.NODE_ENV).toBe('production')
  process.env.NODE_ENV = 'development'
  vi.resetModules()
  await import('../../../../src/ui/tui/terminal/interactive.js')
  expect(process.env.NODE_ENV).toBe('development')
})
