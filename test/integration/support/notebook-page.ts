import { existsSync } from 'node:fs'
import { type Browser, chromium, type Locator, type Page } from 'playwright-core'

const browserFile = '/usr/bin/chromium'

export function hasBrowser(): boolean {
  return existsSync(browserFile)
}

export async function openBrowser(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking']
  return await chromium.launch({ executablePath: browserFile, headless: true, args })
}

/** What the classic Notebook offers to scripts. */
interface Classic {
  readonly Jupyter?: {
    readonly notebook?: {
      readonly kernel?: { is_connected(): boolean }
      execute_all_cells(): void
      get_cells(): readonly {
        readonly cell_type: string
        readonly input_prompt_number: unknown
        get_text(): string
      }[]
    }
  }
}

/** A notebook in the classic front end, as a person sees it. */
export class NotebookPage {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  /** Opens a notebook and waits until its kernel has answered the front end's widgets. */
  async open(url: string): Promise<void> {
    const { page } = this
    const isAnswer = /versions are (?:not )?compatible|cross validate/
    const answered = page.waitForEvent('console', {
      predicate: (message) => isAnswer.test(message.text()),
      timeout: 60_000,
    })
    await Promise.all([answered, page.goto(url, { timeout: 60_000 })])
    const connected = () => (globalThis as Classic).Jupyter?.notebook?.kernel?.is_connected() === true
    await page.waitForFunction(connected, null, { timeout: 60_000 })
  }

  /** Runs all cells and waits until each has its number. */
  async runAll(timeout: number): Promise<void> {
    await this.page.evaluate(() => (globalThis as Classic).Jupyter?.notebook?.execute_all_cells())
    const done = () =>
      (globalThis as Classic).Jupyter?.notebook
        ?.get_cells()
        .every((cell) => cell.cell_type !== 'code' || typeof cell.input_prompt_number === 'number')
    await this.page.waitForFunction(done, null, { timeout })
  }

  /** The cell whose code holds the text, scrolled to. The editor draws only code that is in view. */
  async cell(code: string): Promise<Locator> {
    const find = (wanted: string) =>
      (globalThis as Classic).Jupyter?.notebook
        ?.get_cells()
        .findIndex((cell) => cell.cell_type === 'code' && cell.get_text().includes(wanted))
    const at = await this.page.evaluate(find, code)
    if (at === undefined || at < 0) throw new Error(`no cell has ${code}`)
    const cell = this.page.locator('.cell').nth(at)
    await cell.scrollIntoViewIfNeeded()
    return cell
  }

  /** What such a cell shows: its output or its widgets. */
  async output(code: string): Promise<Locator> {
    return (await this.cell(code))
      .locator(`.output_subarea:visible:not(:has([class^="cs-still-"])), .widget-subarea:visible`)
      .last()
  }
}
