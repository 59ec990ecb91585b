import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = new URL('../../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

/** Numbers of the tasks that the guide lists, in its order. */
const listed = [...read('docs/tui.md').matchAll(/^\| (\d+) \| /gm)].map(([, number]) => Number(number))

/** Files whose tests do a task of the guide: `task(7, …)`, or a test whose title ends in "(task 7)". */
const files = [
  ...readdirSync(fileURLToPath(new URL('.', import.meta.url)))
    .filter((name) => name.endsWith('.test.ts') && name !== 'guide.test.ts')
    .map((name) => `test/ui/tui/guide/${name}`),
  'test/ui/tui/components/screen.test.ts',
  'test/integration/tui.test.ts',
  'test/integration/tui/stalled.test.ts',
]

describe('the guide', () => {
  it('lists forty tasks', () => {
    expect(listed).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
  })

  it('lists no task without a test, and no test is of a task that it does not list', () => {
    const tested = files.flatMap((file) =>
      [...read(file).matchAll(/\btask\(\s*(\d+),\s*'|\bit\('[^']*\(task (\d+)\)'/g)].map(([, own, titled]) =>
        Number(own ?? titled),
      ),
    )
    expect(tested.toSorted((a, b) => a - b)).toEqual(listed)
  })
})
