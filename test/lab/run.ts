/**
 * `npm run test:lab [-- DIRECTORY]`: notebooks in JupyterLab and ipywidgets 8 of Debian trixie, in a root of their own, beside a demo
 * guest. Jupyter's test suite for kernels, conversion to HTML and Markdown, and the notebooks in Chromium, light and dark: pictures of them
 * go to the directory (lab-pictures unless told), to be looked at. Exit status: 0 all passed, 1 something failed.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { boot } from '../../src/session/guest.js'
import { demoGuest } from '../../src/ui/demo-guest.js'
import { jupyterHome, pythonTests } from '../integration/support/jupyter.js'
import { openBrowser } from '../integration/support/notebook-page.js'

const root = new URL('../../', import.meta.url).pathname
const pictures = resolve(process.argv[2] ?? 'lab-pictures')
const inLab = join(root, 'scripts/in-lab')
const seen = ['getting-started', 'queue-depth-and-latency']
const startMs = 60_000
const runMs = 300_000
/** So high that every cell is in view: what is not is not drawn. */
const height = 5200

const home = jupyterHome()
const work = mkdtempSync(join(tmpdir(), 'cryoscope-lab-'))
const name = `lab-${process.pid}`
let failed = 0

/** What is seen from the root is below one directory. */
cpSync(home.directory, join(work, 'home'), { recursive: true })
cpSync(join(root, 'notebooks'), join(work, 'notebooks'), { recursive: true })
for (const kernel of ['cryoscope', 'cryoscope-demo']) takeNodeOfLab(kernel)
mkdirSync(pictures, { recursive: true })
const environment = {
  PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
  LANG: 'C.UTF-8',
  HOME: join(work, 'home'),
  JUPYTER_PATH: join(work, 'home/share/jupyter'),
  JUPYTER_RUNTIME_DIR: join(work, 'runtime'),
  JUPYTER_DATA_DIR: join(work, 'data'),
  JUPYTER_CONFIG_DIR: join(work, 'config'),
  XDG_CACHE_HOME: home.environment.XDG_CACHE_HOME,
  XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR,
  CRYOSCOPE_DEMO: `@${name}`,
  PYDEVD_DISABLE_FILE_VALIDATION: '1',
}

try {
  await check("Jupyter's test suite for kernels passes whole", () => {
    const { status, text } = lab(['/usr/bin/python3', '-m', 'unittest', '-v', 'kernel_test'], {
      PYTHONPATH: pythonTests,
    })
    expect(status === 0 && /^OK/m.test(text), text)
    return `${/Ran \d+ tests/.exec(text)?.[0]}${/ \(skipped=\d+\)/.exec(text)?.[0] ?? ''}`
  })
  await check('notebooks as HTML and as Markdown read well', convert)
  // It ends with this process, however that ends.
  const guest = await boot({ ...(await demoGuest({})), name })
  await guest.freeze()
  try {
    await inBrowser()
  } finally {
    await guest.close()
  }
} finally {
  home[Symbol.dispose]()
  rmSync(work, { recursive: true, force: true })
}
console.log(`pictures to be looked at: ${pictures}`)
process.exit(failed === 0 ? 0 : 1)

async function check(title: string, run: () => string | Promise<string>): Promise<void> {
  try {
    console.log(`ok    ${title}: ${await run()}`)
  } catch (error) {
    failed++
    console.log(`FAIL  ${title}: ${(error as Error).message}`)
  }
}

function expect(isTrue: boolean, said: string): void {
  if (!isTrue) throw new Error(said)
}

function lab(
  words: readonly string[],
  more: NodeJS.ProcessEnv = {},
): { status: number | null; text: string } {
  const env = { ...environment, ...more }
  const { status, stdout, stderr } = spawnSync(inLab, [work, ...words], {
    env: env as NodeJS.ProcessEnv,
    encoding: 'utf8',
  })
  return { status, text: `${stdout}${stderr}` }
}

function takeNodeOfLab(kernel: string): void {
  const file = join(work, 'home/share/jupyter/kernels', kernel, 'kernel.json')
  const spec = JSON.parse(readFileSync(file, 'utf8')) as { argv: string[] }
  spec.argv[0] = '/usr/bin/node'
  writeFileSync(file, JSON.stringify(spec))
}

function convert(): string {
  const book = 'notebooks/queue-depth-and-latency.ipynb'
  const converted = lab(['jupyter', 'nbconvert', '--to', 'html', '--output-dir', 'html', book])
  expect(converted.status === 0, converted.text)
  const page = readFileSync(join(work, 'html/queue-depth-and-latency.html'), 'utf8')
  expect(/<table/.test(page) && /<svg|data:image\/svg/.test(page), 'the page has no tables or no charts')
  const text = ['--NbConvertBase.display_data_priority=["image/svg+xml","text/markdown","text/plain"]']
  const marked = lab(['jupyter', 'nbconvert', '--to', 'markdown', ...text, '--output-dir', 'markdown', book])
  expect(marked.status === 0, marked.text)
  const lines = readFileSync(join(work, 'markdown/queue-depth-and-latency.md'), 'utf8')
  expect(!/<style|<script|<div/.test(lines), 'the Markdown has HTML in it')
  expect(
    /!\[svg\]\(\S+\.svg\)/.test(lines) && /^ {4}queue +looks +mean/m.test(lines),
    'the Markdown has no pictures or no tables',
  )
  cpSync(join(work, 'markdown'), join(pictures, 'markdown'), { recursive: true })
  cpSync(join(work, 'html'), join(pictures, 'html'), { recursive: true })
  return `${Math.round(page.length / 1000)} KB of HTML, ${Math.round(lines.length / 1000)} KB of Markdown`
}

async function inBrowser(): Promise<void> {
  const port = 18_000 + (process.pid % 2000)
  const args = [
    '--no-browser',
    '--allow-root',
    '--ip=127.0.0.1',
    `--port=${port}`,
    '--ServerApp.port_retries=0',
  ]
  const plain = ['--IdentityProvider.token=', '--ServerApp.password=', '--ServerApp.disable_check_xsrf=True']
  const server = spawn(
    inLab,
    [work, 'jupyter-lab', ...args, ...plain, '--LabApp.expose_app_in_browser=True', '--LabApp.news_url=None'],
    {
      env: environment as NodeJS.ProcessEnv,
      stdio: 'ignore',
    },
  )
  let browser: Browser | undefined
  try {
    await answers(`http://127.0.0.1:${port}/api`, server)
    browser = await openBrowser()
    for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
      for (const book of seen) {
        await check(`${book} in ${theme}`, () => look(browser as Browser, port, theme, book))
      }
    }
  } finally {
    await browser?.close()
    server.kill('SIGTERM')
    await Promise.race([new Promise((ended) => server.once('exit', ended)), delay(20_000)])
  }
}

/** Runs a notebook, holds that it did so without errors, and takes a picture. */
async function look(browser: Browser, port: number, theme: string, book: string): Promise<string> {
  const scheme = theme.endsWith('Dark') ? 'dark' : 'light'
  const page = await browser.newPage({ viewport: { width: 1200, height }, colorScheme: scheme })
  try {
    await page.goto(
      `http://127.0.0.1:${port}/lab/workspaces/${book}-${scheme}/tree/notebooks/${book}.ipynb?reset`,
    )
    await command(page, 'apputils:change-theme', { theme })
    await command(page, 'application:toggle-left-area')
    await page.locator('.jp-Notebook .jp-Cell').first().waitFor({ timeout: startMs })
    // What is run before there is a kernel asks for one.
    await page.waitForFunction(isIdle, undefined, { timeout: startMs })
    await command(page, 'notebook:clear-all-cell-outputs')
    const outputs = page.locator('.jp-OutputArea-output')
    await waitFor(async () => (await outputs.count()) === 0, startMs)
    await command(page, 'notebook:run-all-cells')
    const cells = page.locator('.jp-CodeCell')
    const prompts = page.locator('.jp-CodeCell .jp-InputPrompt')
    const errors = page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]')
    const isDone = (texts: readonly string[]) => texts.every((text) => /\[\d+\]/.test(text))
    await waitFor(async () => (await errors.count()) > 0 || isDone(await prompts.allInnerTexts()), runMs)
    await delay(3000)
    // Whether one wants to hear of JupyterLab's news.
    await page
      .locator('.jp-toast-button, .jp-Notification-Toast button')
      .filter({ hasText: /^No$/ })
      .click({ timeout: 1000 })
      .catch(() => {})
    await page.screenshot({ path: join(pictures, `${book}-${scheme}.png`) })
    const said = await errors.allInnerTexts()
    expect(said.length === 0, said.join('\n'))
    const tables = await page.locator('.jp-OutputArea .cs table').count()
    expect(tables > 2, `only ${tables} tables are shown`)
    return `${await cells.count()} cells, ${tables} tables`
  } finally {
    await page.close()
  }
}

async function command(page: Page, id: string, words: object = {}): Promise<void> {
  const has = (wanted: string) =>
    (globalThis as unknown as Lab).jupyterapp?.commands.hasCommand(wanted) === true
  await page.waitForFunction(has, id, { timeout: startMs })
  const run = ([wanted, given]: readonly [string, object]) =>
    void (globalThis as unknown as Lab).jupyterapp?.commands.execute(wanted, given)
  await page.evaluate(run, [id, words] as const)
}

/** In the page: whether the notebook's kernel waits for cells. */
function isIdle(): boolean {
  const shown = (globalThis as unknown as Lab).jupyterapp?.shell.currentWidget
  return shown?.sessionContext?.session?.kernel?.status === 'idle'
}

/** What JupyterLab offers to scripts. */
interface Lab {
  readonly jupyterapp?: {
    readonly shell: {
      readonly currentWidget?: {
        readonly sessionContext?: { readonly session?: { readonly kernel?: { readonly status: string } } }
      }
    }
    readonly commands: { hasCommand(id: string): boolean; execute(id: string, words: object): unknown }
  }
}

async function answers(url: string, server: ChildProcess): Promise<void> {
  await waitFor(async () => {
    if (server.exitCode !== null) throw new Error('JupyterLab has ended')
    return await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    )
  }, startMs)
}

async function waitFor(isSo: () => Promise<boolean>, mostMs: number): Promise<void> {
  const end = performance.now() + mostMs
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`it did not come within ${mostMs / 1000} s`)
    await delay(500)
  }
}
