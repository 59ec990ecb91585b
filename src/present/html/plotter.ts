import { createRequire } from 'node:module'
import type * as PlotLibrary from '@observablehq/plot'
import type { PlotOptions } from '@observablehq/plot'
import { Html } from './markup.js'

/** Observable Plot and a document for it to draw in: half a second to load, so only when a chart is made. */
interface Plotter {
  readonly Plot: typeof PlotLibrary
  readonly document: Document
}

/** The little that is asked of what was drawn. */
interface Drawn {
  readonly tagName: string
  readonly outerHTML: string
  querySelector(selector: string): Drawn | null
  setAttribute(name: string, value: string): void
  scale(name: 'x'): Scale | undefined
}

interface Scale {
  readonly type: string
  readonly domain: readonly unknown[]
  readonly range: readonly number[]
}

let loaded: Plotter | undefined

function plotter(): Plotter {
  if (loaded === undefined) {
    const require = createRequire(import.meta.url)
    const { parseHTML } = require('linkedom') as { parseHTML: (text: string) => { document: Document } }
    const { document } = parseHTML('<!doctype html><body></body>')
    loaded = { Plot: require('@observablehq/plot') as typeof PlotLibrary, document }
  }
  return loaded
}

/** A chart as SVG. Colours are the page's own; text in it is escaped by the document that it is drawn in. */
export function chart(make: (plot: typeof PlotLibrary) => PlotOptions): Html {
  const { Plot, document } = plotter()
  const options = make(Plot)
  const drawn = Plot.plot({
    document,
    width: 640,
    height: 240,
    ...options,
    style: { background: 'transparent', color: 'currentColor', fontFamily: 'system-ui, sans-serif' },
  }) as unknown as Drawn
  const svg = drawn.tagName.toLowerCase() === 'svg' ? drawn : (drawn.querySelector('svg') ?? drawn)
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  const x = drawn.scale('x')
  // By which one can zoom.
  const ends = x?.type === 'linear' ? [...x.domain, ...x.range].map(Number) : []
  if (ends.length === 4 && ends.every(Number.isFinite)) svg.setAttribute('data-x', ends.join(' '))
  return new Html(svg.outerHTML.replaceAll('clippath', 'clipPath'))
}
