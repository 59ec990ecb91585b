import { Html, html, type Part } from './markup.js'

/**
 * How our HTML looks wherever it is shown. Text and lines take the colour of the page around them, so that they can be
 * read on any background; the few accents follow JupyterLab's theme where there is one, else the system's. Classes are
 * repeated where nbconvert's pages have rules for every table. Each part is of what has that tag or class; the first of all.
 */
const parts: readonly (readonly [of: string, rules: string])[] = [
  [
    '',
    `.cs{--cs-line:color-mix(in srgb,currentColor 16%,transparent);--cs-faint:color-mix(in srgb,currentColor 6%,transparent);--cs-dim:color-mix(in srgb,currentColor 62%,transparent);--cs-accent:#1f6feb;--cs-good:#1a7f37;--cs-warn:#9a6700;--cs-bad:#cf222e;font:13px/1.45 system-ui,sans-serif;color:inherit;max-width:100%}
[data-jp-theme-light=false] .cs{--cs-accent:#6cb6ff;--cs-good:#57ab5a;--cs-warn:#d4a72c;--cs-bad:#f47067}
@media (prefers-color-scheme:dark){.cs-page .cs{--cs-accent:#6cb6ff;--cs-good:#57ab5a;--cs-warn:#d4a72c;--cs-bad:#f47067}}
.cs code,.cs pre,.cs .m{font:12px/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,monospace;background:none;color:inherit;padding:0;border:0}
.cs pre{white-space:pre;overflow:auto;margin:0;max-height:36em}
.cs .h{font-weight:600;margin:.2em 0 .4em}
.cs .d{color:var(--cs-dim)}
.cs .a{color:var(--cs-accent)}
.widget-html-content:has(>.cs){min-width:0;flex:1 1 0}`,
  ],
  ['good', `.cs .good{color:var(--cs-good)}`],
  ['warn', `.cs .warn{color:var(--cs-warn)}`],
  ['bad', `.cs .bad{color:var(--cs-bad)}`],
  ['scroll', `.cs .scroll{overflow:auto;max-height:32em;max-width:100%}`],
  [
    '<table',
    `.cs table{border-collapse:collapse;margin:0;border:0;font:12px/1.45 ui-monospace,"DejaVu Sans Mono",Menlo,monospace;color:inherit}
.cs.cs thead th{position:sticky;top:0;text-align:left;font-weight:600;border:0;border-bottom:1px solid var(--cs-line);padding:3px 12px 3px 6px;background:var(--jp-layout-color0,var(--cs-ground,transparent));white-space:nowrap}
.cs thead th.s{cursor:pointer}
.cs thead th.s:hover{color:var(--cs-accent)}
.cs.cs td{text-align:left;border:0;border-bottom:1px solid var(--cs-faint);padding:2px 12px 2px 6px;white-space:pre;max-width:60ch;overflow:hidden;text-overflow:ellipsis}
.cs.cs.cs tbody tr,.cs.cs.cs tbody tr:nth-child(odd){background:transparent}
.cs.cs.cs tbody tr:hover{background:var(--cs-faint)}
.cs.cs .r{text-align:right}
.cs.cs td[title]{cursor:zoom-in}.cs.cs td[title]:focus{white-space:pre-wrap;overflow:visible;max-width:none;overflow-wrap:anywhere;outline:1px solid var(--cs-line)}`,
  ],
  [
    '<details',
    `.cs details{margin:0}
.cs summary{cursor:pointer;list-style:none;display:block}
.cs summary::-webkit-details-marker{display:none}
.cs summary::before{content:"▸";display:inline-block;width:1.1em;color:var(--cs-dim)}
.cs details[open]>summary::before{content:"▾"}`,
  ],
  ['leaf', `.cs .leaf{padding-left:1.1em}`],
  ['kids', `.cs .kids{margin-left:.5em;padding-left:.8em;border-left:1px solid var(--cs-line)}`],
  ['zero', `.cs .zero{color:var(--cs-dim)}`],
  ['go', `.cs .go{color:var(--cs-accent);cursor:pointer;text-decoration:none;border-bottom:1px dotted}`],
  [
    '<input',
    `.cs input[type=search]{font:inherit;color:inherit;background:transparent;border:1px solid var(--cs-line);border-radius:4px;padding:1px 6px;margin:0 0 4px}`,
  ],
  [
    'bar',
    `.cs .bar{display:inline-block;height:.7em;border-radius:2px;background:var(--cs-accent);vertical-align:baseline}`,
  ],
  [
    'chip',
    `.cs .chip{display:inline-block;border:1px solid var(--cs-line);border-radius:4px;padding:0 .5em;margin:1px 3px 1px 0;white-space:nowrap}
.cs .chip.on{border-color:var(--cs-accent)}`,
  ],
  ['grid', `.cs .grid{display:grid;gap:2px}`],
  ['cell', `.cs .cell{width:10px;height:10px;border-radius:2px;background:var(--cs-faint)}`],
  [
    'lane',
    `.cs .lane{display:flex;align-items:baseline;gap:.6em;margin:2px 0}
.cs .lane>.n{flex:0 0 auto;min-width:11em;text-align:right}`,
  ],
  [
    'chart',
    `.cs .chart{position:relative;display:inline-block;max-width:100%;user-select:none;cursor:crosshair;touch-action:none}
.cs .cs-tip{display:none;position:absolute;z-index:2;pointer-events:none;white-space:pre;font:12px/1.4 system-ui,sans-serif;padding:3px 8px;border:1px solid var(--cs-line);border-radius:4px;background:var(--jp-layout-color1,var(--cs-ground,Canvas));color:inherit}`,
  ],
  ['<svg', `.cs svg{max-width:100%;height:auto;color:inherit}`],
]

/** The rules that some HTML needs: every output has its own, for a cell may be moved, cleared or shown alone. */
function styleFor(content: string): Html {
  const needed = parts.filter(
    ([of]) => content.includes(of) && (of === '' || of.startsWith('<') || ofClass(of).test(content)),
  )
  return new Html(`<style>${needed.map(([, rules]) => rules).join('\n')}</style>`)
}

function ofClass(name: string): RegExp {
  return new RegExp(`class="(?:[^"]* )?${name}(?: [^"]*)?"`)
}

/** A whole output: what `content` is, with the style that it needs. */
export function framed(...content: readonly Part[]): Html {
  const inner = html`${content}`
  return html`${styleFor(inner.text)}<div class="cs">${inner}</div>`
}
