import { pictureOf } from '../../../present/html/chart-hand.js'
import { escapeHtml, Html } from '../../../present/html/markup.js'
import { plainLines } from '../../../present/html/plain.js'
import { framed } from '../../../present/html/style.js'
import { displayMethod } from '../display/mime.js'
import { cutLines } from '../display/twin.js'
import { errorOfThrown } from '../tslab/cell-error.js'
import { HTML, Text, VBox } from '../widgets/models.js'
import type { Widget } from '../widgets/widget.js'

/** What a live view draws, and what it does when something in it is clicked. */
export interface LiveSource {
  readonly draw: (go: Go) => Html | Promise<Html>
  readonly act: (action: string) => unknown
  /** The same as plain text, where what is drawn does not read as such. */
  readonly text?: () => string
}

/** The attribute that makes an element clickable: `html\`<a${go('next')}>\``. */
export type Go = (action: string) => Html

/** What can be clicked only while there is a kernel. */
const clickable = /(?: style="cursor:pointer")? data-go="[^"]*" onclick="[^"]*"/g

function hiding(id: string): Html {
  return new Html(`<style>.cs-still-${id}{display:none}</style>`)
}

/**
 * HTML whose parts can be clicked, in every front end: a click writes its action into a hidden text widget, which is
 * how it comes to the kernel. Texts in it are escaped as everywhere.
 */
export class LiveView {
  readonly widget: VBox
  readonly #source: LiveSource
  readonly #body = new HTML({ value: '' })
  readonly #channel = new Text({ value: '' })
  readonly #go: Go
  #drawing: Promise<void> = Promise.resolve()

  constructor(source: LiveSource, controls: readonly Widget[] = []) {
    this.#source = source
    this.#channel.layout.set({ display: 'none' })
    this.#channel.classes = [`cs-go-${this.#channel.id}`]
    this.#channel.observe('value', (value) => this.#take(value))
    this.#go = (action) =>
      new Html(` data-go="${escapeHtml(action)}" onclick="${escapeHtml(this.#script())}"`)
    this.#body.layout.set({ width: '100%' })
    this.widget = new VBox({ children: [...controls, this.#body, this.#channel] })
    this.widget.layout.set({ width: '100%' })
  }

  /** Draws again. Drawings follow one another, and the last one is what stays. */
  async refresh(): Promise<void> {
    this.#drawing = this.#drawing.then(async () => {
      try {
        const content = await this.#source.draw(this.#go)
        this.#show(content)
      } catch (error) {
        const said = errorOfThrown(error).traceback.join('\n')
        this.#show(new Html(`<pre class="bad">${said.split('\n').map(escapeHtml).join('\n')}</pre>`))
      }
    })
    await this.#drawing
  }

  /** Draws what needs no waiting at once: it is shown as soon as it is made. */
  drawNow(draw: (go: Go) => Html): void {
    this.#show(draw(this.#go))
  }

  close(): void {
    this.widget.close()
  }

  /**
   * The widget, and beside it what it shows now, as a picture and as text, for viewers without a kernel. While the widget lives, its style hides the
   * picture: front ends of ipywidgets 6 show both.
   */
  [displayMethod](): Record<string, unknown> {
    const shown = this.#body.value.replace(hiding(this.widget.id).text, '').replace(clickable, '')
    const snapshot = `<div class="cs-still-${this.widget.id}">${shown}</div>`
    const text = this.#source.text?.() ?? cutLines(plainLines(new Html(shown)))
    const picture = pictureOf(new Html(shown))
    return {
      ...this.widget[displayMethod](),
      'text/plain': text,
      'text/html': snapshot,
      ...(picture === undefined ? {} : { 'image/svg+xml': picture }),
    }
  }

  #show(content: Html): void {
    this.#body.value = `${hiding(this.widget.id).text}${framed(content).text}`
  }

  async #take(value: string): Promise<void> {
    const action = value.replace(/^\d+ /, '')
    if (action === '') return
    await this.#source.act(action)
    await this.refresh()
  }

  /** The number in front makes two equal clicks two changes. Generations of front ends listen to different events. */
  #script(): string {
    return `var i=document.querySelector('.cs-go-${this.#channel.id} input');if(i){i.value=Date.now()+' '+this.dataset.go;['input','keyup','change'].forEach(function(n){i.dispatchEvent(new Event(n,{bubbles:true}))})}event.stopPropagation()`
  }
}
