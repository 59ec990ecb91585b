import type { Disassembler } from '../../../present/machine-code/disassembler.js'
import type { Session } from '../../../session/session.js'
import { themes } from '../style/theme.js'
import type { Input } from '../terminal/input.js'
import { Ledger } from './changes.js'
import { type HiddenColumns, kindOf } from './columns.js'
import type { Desk } from './desk.js'
import { Keymap } from './keymap.js'
import { type Layout, layoutFor, type Panes, share } from './layout.js'
import { startOperation, type Work } from './operation.js'
import { type MenuItem, makePrompt, type Overlay, type PromptOptions, type Reading } from './overlay.js'
import { Page } from './page.js'
import type { Engine, Mark, Message, Parts, Settings, Tab } from './parts.js'
import { Rates } from './rates.js'
import { Recording, sliceMilliseconds } from './recording.js'
import type { Row } from './row.js'
import { Scene } from './scene.js'
import type { StopPoint } from './stops.js'
import { takeInput } from './taking-input.js'
import type { Target } from './target.js'
import type { View } from './view.js'
import { wrap } from './wrap.js'

const liveInterval = 500

/** Milliseconds before it is said that something goes on: most is done sooner. */
const usualSilence = 300
/** All that the terminal UI knows, without the screen: what is open, where cursors are, what is going on. */
export class Cockpit extends Scene implements Desk {
  readonly ledger = new Ledger()
  readonly rates = new Rates()
  readonly tabs: readonly Tab[]
  readonly settings: Settings
  readonly marks = new Map<string, Mark>()
  disassembler: Disassembler | undefined
  engine: Engine | undefined
  /** Columns that are not shown, by the kind of list. */
  hidden: HiddenColumns
  readonly stops: StopPoint[] = []
  readonly history: Record<'goto' | 'code' | 'until' | 'condition', string[]> = {
    goto: [],
    code: [],
    until: [],
    condition: [],
  }
  cpu = 0
  tab = 0
  overlay: Overlay | undefined
  message: Message | undefined
  /** What the tour says at the top of the body. */
  tour: { readonly step: number; readonly text: string } | undefined
  columns = 80
  rows = 24
  version = 0
  readonly recording: Recording
  readonly #parts: Parts
  readonly #listeners = new Set<() => void>()
  #stopped = false
  #timer: NodeJS.Timeout | undefined
  #working = false
  #epoch: number | undefined
  #lastLive = 0

  constructor(vm: Session, parts: Parts, settings: Partial<Settings> = {}) {
    super(vm)
    this.#parts = parts
    this.settings = { theme: themes.dark, keymap: new Keymap([]), ...settings }
    this.hidden = this.settings.hidden ?? {}
    this.tabs = parts.tabs.map((entry, index) => ({
      ...entry,
      pages: [],
      // The first tab tells it.
      trouble: index === 0 && vm.targetProblems.length > 0,
    }))
    this.recording = new Recording(this, parts.recorders)
    this.#epoch = vm.target.control?.epoch
    this.ledger.next()
  }

  // What the screen asks

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  get page(): Page {
    const tab = this.tabs[this.tab] as Tab
    if (tab.pages.length === 0) tab.pages.push(new Page(tab.open(this)))
    return tab.pages.at(-1) as Page
  }

  /** The tour's text in lines of the screen. */
  get tourLines(): readonly string[] {
    return this.tour === undefined ? [] : wrap(this.tour.text, this.columns - 2)
  }

  get layout(): Layout {
    const rows = this.rows - this.tourLines.length - (this.hasTimeLine ? 1 : 0)
    return layoutFor(this.columns, rows, this.vcpuCount)
  }

  /** Columns of a list that has a detail, and of that detail. */
  get listColumns(): number {
    return this.layout.beside ? Math.floor((this.columns - 1) / 2) : this.columns
  }

  get panes(): Panes {
    return this.panesOf(this.page)
  }

  panesOf(page: Page): Panes {
    return share(this.layout, {
      hasDetail: page.lastDetail !== undefined,
      zoomed: page.zoomed,
      listLength: page.list.length,
      titles: page.list.content.untitled ? 0 : 1,
    })
  }

  /** Lines of the list that has the keys. */
  get height(): number {
    const { page, panes } = this
    return page.focus === 'detail' ? this.detailHeight : panes.listRows
  }

  get detailHeight(): number {
    const { page, panes } = this
    return panes.detailRows - (page.lastDetail?.list.content.untitled === true ? 0 : 1)
  }

  /** The row under the cursor of the pane that has the keys. */
  get selected(): Row | undefined {
    return this.page.active.selected
  }

  // What changes it

  /** Begins: reads the first page, and looks after what moves by itself. */
  start(): void {
    this.#onState()
    const source = this.vm.machine ?? this.vm.target.record
    const stop = source?.onStateChange(() => this.#onState())
    this.#unsubscribe = stop
    this.refresh()
    if (!this.isLive) this.recording.begin()
    this.#timer = setInterval(() => this.#tick(), 250)
    void this.vm.machine?.ended.then((error) => {
      if (!this.#stopped) this.say(error.message, 'problem')
    })
    this.changed()
  }

  #unsubscribe: (() => void) | undefined

  stop(): void {
    this.#stopped = true
    this.recording.stop()
    clearInterval(this.#timer)
    this.#unsubscribe?.()
    this.operation?.abort.abort()
  }

  changed(): void {
    this.version++
    for (const listener of this.#listeners) listener()
  }

  resize(columns: number, rows: number): void {
    if (columns === this.columns && rows === this.rows) return
    this.columns = columns
    this.rows = rows
    for (const { pages } of this.tabs) {
      for (const page of pages) {
        page.list.widths.length = 0
        page.readAt = ''
      }
    }
    if (this.#timer !== undefined) this.refresh()
    this.#settle()
    this.changed()
  }

  input(input: Input): void {
    takeInput(this, input)
    this.#soon()
  }

  /** Keys that came together are all done before anything is read for the row that they lead to. */
  #soon(): void {
    if (this.#isUnsettled) return
    this.#isUnsettled = true
    queueMicrotask(() => {
      this.#isUnsettled = false
      if (this.#stopped) return
      this.#settle()
      this.changed()
    })
  }

  #isUnsettled = false

  say(text: string, tone: Message['tone'] = 'plain'): void {
    this.message = { text, tone }
    this.changed()
  }

  quit(): void {
    this.settings.quit?.()
  }

  selectTab(index: number): void {
    if (index < 0 || index >= this.tabs.length) return
    this.tab = index
    this.refresh()
  }

  /** Opens what a target is; the page before is a Backspace away. */
  open(target: Target): void {
    if (target.kind === 'tab') {
      this.selectTab(this.tabs.findIndex(({ name }) => name === target.tab))
      return
    }
    this.push(this.#parts.open(this, target))
  }

  push(view: View): void {
    const tab = this.tabs[this.tab] as Tab
    tab.pages.push(new Page(view))
    this.refresh()
  }

  /** Back to the page before, where there is one. */
  back(): void {
    this.backTo((this.tabs[this.tab]?.pages.length ?? 0) - 2)
  }

  /** Back to an earlier page of the tab, by its number. */
  backTo(number: number): void {
    const { pages } = this.tabs[this.tab] as Tab
    if (number < 0 || number >= pages.length - 1) return
    pages.length = number + 1
    this.refresh()
  }

  /** Reads the page again when the guest has run since. */
  refresh(force = false): void {
    if (this.isTravelling) return
    const { page } = this
    if (force || page.readAt !== this.state || this.isLive) page.load(this.state, this.#listHeight(page))
    this.#settle()
  }

  prompt(label: string, submit: (text: string) => void, options: PromptOptions = {}): void {
    this.overlay = makePrompt(label, submit, options)
  }

  menu(title: string, items: readonly MenuItem[], cursor = 0): void {
    this.overlay = { kind: 'menu', title, items, cursor }
  }

  read(title: string, lines: Reading['lines'], more: Pick<Reading, 'hasHeads'> = {}): void {
    this.overlay = { kind: 'reading', title, lines, top: 0, ...more }
  }

  /** Does something that takes its time, one at a time; Esc aborts it. What it says is shown at its end. */
  operate(title: string, work: Work, { silent = usualSilence }: { silent?: number } = {}): void {
    if (this.operation !== undefined) {
      this.say(`${this.operation.title}; Esc ends that`, 'warning')
      return
    }
    this.recording.finish()
    this.message = undefined
    const { operation, ended } = startOperation(title, work, silent)
    this.operation = operation
    void ended.then((message) => this.#operated(message))
  }

  #operated(message: Message | undefined): void {
    this.operation = undefined
    this.#onState()
    this.refresh()
    this.message = message
    this.changed()
  }

  /** The list height of a page, before it is known whether it has a detail. */
  #listHeight(page: Page): number {
    return Math.max(1, this.panesOf(page).listRows)
  }

  /** After any change: the detail fits the cursor, and cursors are in sight. */
  #settle(): void {
    if (this.isTravelling) return
    const { page } = this
    page.loadDetail()
    page.list.hidden = new Set(this.hidden[kindOf(page.list.content)])
    page.list.show(Math.max(1, this.panes.listRows))
    page.detail?.list.show(Math.max(1, this.detailHeight))
    if (page.list.pass !== undefined || page.detail?.list.pass !== undefined) this.#work()
  }

  /** Does what a key is for, or says why it does nothing. */
  key(key: string): void {
    const action = this.settings.keymap.action(key)
    if (action === undefined) return
    const why = action.unavailable?.(this)
    if (why !== undefined) this.message = { text: why, tone: 'warning' }
    else action.run(this)
  }

  /** First line of the body, below the tour. */
  get bodyTop(): number {
    return this.layout.bodyTop + this.tourLines.length + (this.hasTimeLine ? 1 : 0)
  }

  /** Works on passes over lists, a slice at a time, so that keys are never kept waiting. */
  #work(): void {
    if (this.#working) return
    this.#working = true
    const slice = () => {
      if (this.isTravelling) this.#working = false
      if (this.#stopped || !this.#working) return
      const { page } = this
      const more = [page.list, page.lastDetail?.list].filter((list) => list?.advance(sliceMilliseconds))
      this.#settle()
      this.changed()
      this.#working = more.length > 0
      if (this.#working) setImmediate(slice)
    }
    setImmediate(slice)
  }

  /** The guest stopped or runs, whoever caused it. */
  #onState(): void {
    const { control } = this.vm.target
    if (this.#stopped || control === undefined || this.#epoch === undefined) return
    if (control.state !== 'frozen' || control.epoch === this.#epoch) {
      if (control.state === 'running') this.changed()
      return
    }
    this.recording.finish()
    this.#epoch = control.epoch
    this.frozenSince = Date.now()
    this.sawStop = true
    this.pagesBefore += this.pagesRead
    this.ledger.next()
    if (!this.isLive) this.recording.begin()
    // A control operation reads at its own end.
    if (this.operation === undefined) this.refresh()
    this.changed()
  }

  #tick(): void {
    if (this.operation !== undefined) {
      this.changed()
      return
    }
    const now = performance.now()
    const { page } = this
    if (this.isLive) {
      // Reading may take no more than a fifth of the time, or keys would wait for it.
      if (now - this.#lastLive < Math.max(liveInterval, page.cost * 5)) return
      if (this.#lastLive > 0) this.rates.clock += now - this.#lastLive
      this.#lastLive = now
      if (this.overlay === undefined) this.refresh(true)
      this.changed()
    } else {
      this.#lastLive = 0
      if (page.view.restless) this.refresh(true)
      if (Math.floor((Date.now() - this.frozenSince) / 1000) !== this.#shownSecond) {
        this.#shownSecond = Math.floor((Date.now() - this.frozenSince) / 1000)
        this.changed()
      }
    }
  }

  #shownSecond = 0
}
