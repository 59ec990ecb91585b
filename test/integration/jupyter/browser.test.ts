import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Locator } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasJupyter, type JupyterHome, jupyterHome } from '../support/jupyter.js'
import { hasBrowser, NotebookPage, openBrowser } from '../support/notebook-page.js'
import { type NotebookServer, startServer } from '../support/notebook-server.js'

const gettingStarted = new URL('../../../notebooks/getting-started.ipynb', import.meta.url)
/** Where screenshots go, when somebody wants to look at them. */
const pictures = process.env.CRYOSCOPE_SCREENSHOTS
const soon = { timeout: 30_000 }

/** What a hostile guest could call a task: 15 bytes are all there is room for. */
const hostileName = '<b id=x>\u001b[7m&"'
const moreCells = [
  `vm.write(vm.task(2), { comm: ${JSON.stringify(hostileName)} })\nvm.tasks`,
  "await browse(vm.map('many'))",
  "await browse(vm.variable('runqueues', 0))",
  'display(tree(vm.task(2)), vm.task(2).comm)\nconsole.log(vm.task(2).comm)',
]

describe.skipIf(!hasJupyter() || !hasBrowser())(
  'the first notebook in Chromium (needs chromium and the Jupyter packages; scripts/setup gets them)',
  () => {
    let home: JupyterHome
    let server: NotebookServer
    let browser: Browser
    let notebook: NotebookPage

    beforeAll(async () => {
      home = jupyterHome()
      const directory = join(home.directory, 'work')
      mkdirSync(directory)
      writeFileSync(join(directory, 'first.ipynb'), withCells(readFileSync(gettingStarted, 'utf8')))
      // The guest is the notebook's own, and what it leaves behind can be seen.
      const environment = { ...home.environment, XDG_RUNTIME_DIR: join(home.directory, 'run') }
      mkdirSync(environment.XDG_RUNTIME_DIR, { mode: 0o700 })
      server = await startServer({ ...home, environment }, directory)
      browser = await openBrowser()
      notebook = new NotebookPage(await browser.newPage({ viewport: { width: 1200, height: 1000 } }))
      notebook.page.setDefaultTimeout(30_000)
      await notebook.open(`${server.url}/notebooks/first.ipynb`)
      await notebook.runAll(240_000)
    }, 420_000)

    afterAll(async () => {
      await browser?.close()
      await server?.end()
      home?.[Symbol.dispose]()
    })

    const picture = async (name: string) => {
      if (pictures === undefined) return
      await notebook.page.screenshot({ path: join(pictures, `${name}.png`) })
    }
    const row = (locator: Locator) => locator.locator('tbody tr').first()

    it('has run without errors and shows tables, trees and charts', async () => {
      expect(await notebook.page.locator('.output_error').count()).toBe(0)
      expect(await (await notebook.output('vm.maps.length')).locator('tbody tr').count()).toBeGreaterThan(20)
      await picture('notebook-table')
      expect(await (await notebook.output('real_parent')).locator('.leaf, summary').count()).toBeGreaterThan(
        20,
      )
      await expect
        .poll(async () => (await notebook.output('series(points')).locator('svg').count(), soon)
        .toBe(1)
      await picture('notebook-chart')
    })

    it('sorts and filters a table in the page', async () => {
      const table = await notebook.output('vm.maps.length')
      await table.locator('th', { hasText: 'NAME' }).click()
      const names = await table.locator('tbody tr td:nth-child(2)').allTextContents()
      expect(names).toEqual(names.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })))
      await table.locator('input[type=search]').fill('pid_stats')
      await expect.poll(() => table.locator('tbody tr:visible').count(), soon).toBe(1)
    })

    it('shows a hostile name as text', async () => {
      for (const code of ['vm.tasks', 'display(tree']) {
        const shown = await notebook.output(code)
        await expect.poll(() => shown.innerText(), soon).toContain('<b id=x>')
      }
      const cell = await notebook.cell('display(tree')
      const all = await cell.locator('.output_subarea').allInnerTexts()
      expect(all.filter((text) => text.includes('<b id=x>'))).toHaveLength(3)
      expect(await notebook.page.locator('#x').count()).toBe(0)
    })

    it('steps as far as the slider says', async () => {
      const bar = await notebook.output('controlBar(vm)')
      const before = await bar.locator('.cs table').innerText()
      const [changes, steps] = [await numberIn(bar, /change (\d+)/), await numberIn(bar, /steps\s+(\d+)/)]
      const handle = bar.locator('.ui-slider-handle, .noUi-handle').first()
      await handle.focus()
      await handle.press('ArrowRight')
      await handle.press('ArrowRight')
      await expect.poll(() => numberIn(bar, /steps\s+(\d+)/), soon).toBe(steps + 2)
      await button(bar, 'step').click()
      await expect.poll(() => numberIn(bar, /change (\d+)/), soon).toBe(changes + 1)
      await expect.poll(() => bar.locator('.cs table').innerText(), soon).not.toBe(before)
      await picture('notebook-control')
    })

    it('drags the slider of milliseconds and lets the guest advance, and table, tree and chart follow', async () => {
      const bar = await notebook.output('controlBar(vm)')
      const changes = await numberIn(bar, /change (\d+)/)
      const stats = await notebook.output("browse(vm.map('pid_stats'))")
      const statsBefore = await stats.locator('tbody').innerText()
      const tree = await notebook.output("'runqueues'")
      const treeBefore = await tree.innerText()
      const watched = await notebook.output('watch(vm')
      const watchedBefore = await row(watched).innerText()
      const handle = (await notebook.output('controlBar(vm)'))
        .locator('.ui-slider-handle, .noUi-handle')
        .nth(1)
      const box = await handle.boundingBox()
      if (box === null) throw new Error('the slider has no handle')
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
      await notebook.page.mouse.move(x, y)
      await notebook.page.mouse.down()
      await notebook.page.mouse.move(x + 90, y, { steps: 6 })
      await notebook.page.mouse.up()
      await expect.poll(() => numberIn(bar, /ms\s+(\d+)/), soon).toBeGreaterThan(50)
      await button(bar, 'advance').click()
      await expect.poll(() => numberIn(bar, /change (\d+)/), soon).toBe(changes + 1)
      await expect.poll(() => stats.locator('tbody').innerText(), soon).not.toBe(statsBefore)
      await expect.poll(() => tree.innerText(), soon).not.toBe(treeBefore)
      await expect.poll(() => row(watched).innerText(), soon).not.toBe(watchedBefore)
      // The chart belongs to its cell: it changes when that runs again.
      const chart = await notebook.output('series(points')
      const drawn = await chart.innerHTML()
      await (await notebook.cell('series(points')).click()
      await notebook.page.keyboard.press('Control+Enter')
      await expect
        .poll(async () => (await notebook.output('series(points')).innerHTML(), soon)
        .not.toBe(drawn)
      await picture('notebook-watch')
    })

    it('tells of a point of a chart, zooms where it is dragged over, and shows all again', async () => {
      const chart = await notebook.output('series(points')
      const ticks = () => chart.locator('g[aria-label="x-axis tick label"]').textContent()
      const box = await chart.locator('svg').boundingBox()
      if (box === null) throw new Error('the chart is not there')
      const { mouse } = notebook.page
      const all = await ticks()
      const dot = await chart.locator('g[fill="transparent"] circle').nth(1).boundingBox()
      if (dot === null) throw new Error('the chart has no points')
      await mouse.move(dot.x, dot.y)
      await mouse.move(dot.x + dot.width / 2, dot.y + dot.height / 2)
      await expect.poll(() => chart.locator('.cs-tip').innerText(), soon).toMatch(/^runs\nstop 2\n\d+$/)
      await mouse.down()
      await mouse.move(dot.x + box.width / 4, dot.y, { steps: 5 })
      await mouse.up()
      await expect.poll(ticks, soon).not.toBe(all)
      await picture('notebook-zoom')
      await mouse.dblclick(dot.x, dot.y)
      await expect.poll(ticks, soon).toBe(all)
    })

    it('thaws and freezes', async () => {
      const bar = await notebook.output('controlBar(vm)')
      await button(bar, 'thaw').click()
      await expect.poll(() => bar.innerText(), soon).toContain('running')
      await button(bar, 'freeze').click()
      await expect.poll(() => bar.innerText(), soon).toContain('frozen')
    })

    it('pages, sorts and filters a map in the kernel', async () => {
      const map = await notebook.output("browse(vm.map('many'))")
      expect(await map.locator('tbody tr').count()).toBe(25)
      await map.locator('.go', { hasText: 'next' }).click()
      await expect.poll(() => map.innerText(), soon).toContain('26–50')
      await map.locator('.go', { hasText: 'last' }).click()
      await expect.poll(() => map.innerText(), soon).toContain('4976–5000 of 5000')
      await map.locator('th', { hasText: 'KEY' }).click()
      await expect.poll(() => map.locator('tbody td').first().innerText(), soon).toBe('65536')
      await picture('notebook-map')
      const filter = map.locator('input[type=text]:visible')
      await filter.fill('65543')
      await filter.press('Enter')
      await expect.poll(() => map.locator('tbody tr').count(), soon).toBe(1)
      expect(await map.locator('tbody').innerText()).toContain(String(0x10007n ** 2n))
    })

    it('follows pointers and comes back', async () => {
      const tree = await notebook.output('browse(task)')
      const parent = tree.locator('.leaf:visible, summary:visible', { hasText: '.real_parent =' })
      await parent.locator('.go').first().click()
      await expect.poll(() => tree.innerText(), soon).toContain('swapper/0')
      await picture('notebook-struct')
      await tree.locator('.m > .go', { hasText: 'task_struct' }).first().click()
      await expect.poll(() => tree.innerText(), soon).not.toContain('swapper/0')
    })

    it('leaves nothing when the browser is killed, and then the server', async () => {
      const [kernel] = children(server.pid)
      if (kernel === undefined) throw new Error('the server has no kernel')
      const guests = children(kernel)
      const left = () => [...guestDirectories(home), ...connectionFiles(home)]
      expect(guests).toHaveLength(1)
      expect(left()).toHaveLength(2)
      const chromium = children(process.pid).filter((pid) => commandOf(pid).includes('chromium'))
      for (const pid of chromium) process.kill(pid, 'SIGKILL')
      await expect.poll(() => browser.isConnected(), soon).toBe(false)
      // The kernel is the server's: whoever opens the notebook again finds it at work.
      expect([kernel, ...guests].filter(isAlive)).toHaveLength(2)
      await server.kill()
      await expect.poll(() => [kernel, ...guests].filter(isAlive), soon).toEqual([])
      await expect.poll(left, soon).toEqual([])
    })
  },
)

/** The number that stands there; 0 when there is none. */
async function numberIn(shown: Locator, pattern: RegExp): Promise<number> {
  return Number(pattern.exec(await shown.innerText())?.[1] ?? 0)
}

function button(bar: Locator, name: string): Locator {
  return bar.locator('button', { hasText: name }).first()
}

/** The notebook with more cells at its end. */
function withCells(text: string): string {
  const document = JSON.parse(text)
  const [like] = document.cells.filter((cell: { cell_type: string }) => cell.cell_type === 'code')
  for (const [at, source] of moreCells.entries()) document.cells.push({ ...like, id: `more-${at}`, source })
  return JSON.stringify(document)
}

function guestDirectories(home: JupyterHome): string[] {
  const directory = join(home.directory, 'run/cryoscope')
  const names = existsSync(directory) ? readdirSync(directory) : []
  // What begins with a dot is remembered from guest to guest.
  return names.filter((name) => !name.startsWith('.'))
}

function connectionFiles(home: JupyterHome): string[] {
  return readdirSync(join(home.directory, 'runtime')).filter((name) => name.startsWith('kernel-'))
}

/** Processes that a process has started, of all its threads. */
function children(pid: number): number[] {
  const read = (task: string) => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
  return readdirSync(`/proc/${pid}/task`).flatMap((task) => (read(task).match(/\d+/g) ?? []).map(Number))
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
  } catch {
    return ''
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}
