import { chartScript } from './chart-script.js'
import { escapeMarkup, Html, html } from './markup.js'

/** A chart that a hand can look into: whoever shows it puts it into a page with `framed`. */
export function handled(chart: Html): Html {
  const zooms = chart.text.includes('data-x="')
  const help = zooms
    ? html`<div class="d" style="font-size:11px">drag to zoom, double click to see all</div>`
    : undefined
  return html`<div class="chart" onpointerenter="${new Html(escapeMarkup(chartScript))}">${chart}<div class="cs-tip"></div></div>${help}`
}

/**
 * A chart as a file of its own: for viewers that show pictures only, in grey that can be read on light and on dark ground.
 * Undefined of HTML that has none, or several.
 */
export function pictureOf({ text }: Html, title?: string): string | undefined {
  const [svg, second] = text.match(/<svg\b.*?<\/svg>/gs) ?? []
  if (svg === undefined || second !== undefined) return undefined
  const still = svg.replace(/ (?:data-\w+|onclick)="[^"]*"/g, '').replaceAll('&nbsp;', '&#160;')
  const size = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(still)
  const grey = still.replace(/color:currentColor/, `color:${readable}`)
  if (title === undefined || size === null) return grey
  const [, width, height] = size
  const taller = Number(height) + headHeight
  return grey
    .replace(size[0], `viewBox="0 ${-headHeight} ${width} ${taller}"`)
    .replace(/ height="[\d.]+"/, ` height="${taller}"`)
    .replace(
      /<\/svg>$/,
      html`<text y="-8" text-anchor="start" font-size="13" font-weight="600">${title}</text></svg>`.text,
    )
}

const readable = '#7d8590'
const headHeight = 24
