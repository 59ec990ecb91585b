/**
 * `npm run docs [-- --links]` makes the documentation as a site, in site/: pages and API by typedoc, the notebooks as they are kept
 * by Jupyter's nbconvert. --links makes nothing and only looks whether every link of site/ leads somewhere. Without nbconvert the
 * pages link to the notebooks' files.
 *
 * Exit status: 0 done, 1 a part failed or a link leads nowhere, 2 wrong usage.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const site = join(root, 'site')
const words = process.argv.slice(2)
if (words.some((word) => word !== '--links')) {
  console.error('usage: npm run docs [-- --links]')
  process.exit(2)
}

function run(program, words) {
  const { status, error } = spawnSync(program, words, { cwd: root, stdio: ['ignore', 2, 2] })
  if (error === undefined) return status === 0
  if (error.code === 'ENOENT') return undefined
  throw error
}

function pages(directory = site) {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.html'))
    .map((name) => join(directory, name))
}

/** A notebook whose pictures are images in HTML: some nbconverts take all out of an SVG but its text. */
function withImages(text) {
  const notebook = JSON.parse(text)
  for (const { data } of notebook.cells.flatMap(({ outputs = [] }) => outputs)) {
    const picture = data?.['image/svg+xml']
    if (picture === undefined || data['text/html'] !== undefined) continue
    const bytes = Buffer.from([picture].flat().join(''))
    data['text/html'] = `<img alt="chart" src="data:image/svg+xml;base64,${bytes.toString('base64')}">`
  }
  return JSON.stringify(notebook)
}

/** Each notebook as a page, as it is kept; the names of those that were made, undefined where there is no nbconvert. */
function renderNotebooks() {
  const made = []
  const directory = mkdtempSync(join(tmpdir(), 'cryoscope-site-'))
  try {
    for (const name of readdirSync(join(root, 'notebooks')).filter((each) => each.endsWith('.ipynb'))) {
      writeFileSync(join(directory, name), withImages(readFileSync(join(root, 'notebooks', name), 'utf8')))
      // Not by `jupyter`, which may be there without it.
      const done = run('jupyter-nbconvert', [
        ...['--to', 'html', '--output-dir', join(site, 'notebooks')],
        join(directory, name),
      ])
      if (done === undefined) return undefined
      if (done) made.push(basename(name, '.ipynb'))
    }
    return made
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** typedoc takes what pages link to and is no page itself as files: links to notebooks lead to their pages instead. */
function linkNotebooks(made) {
  for (const page of pages()) {
    const text = readFileSync(page, 'utf8')
    const linked = text.replace(/href="[^"]*media\/([^"/]+)\.ipynb"/g, (link, name) =>
      made.includes(name)
        ? `href="${relative(dirname(page), join(site, 'notebooks', `${name}.html`))}"`
        : link,
    )
    if (linked !== text) writeFileSync(page, linked)
  }
}

const ids = new Map()

function hasAnchor(page, anchor) {
  let found = ids.get(page)
  if (found === undefined) {
    const text = readFileSync(page, 'utf8')
    found = new Set([...text.matchAll(/\s(?:id|name)="([^"]+)"/g)].map(([, id]) => id))
    ids.set(page, found)
  }
  return found.has(anchor)
}

/** Links of a page that lead nowhere in the site. Those to other sites are not looked at. */
function* brokenLinks(page) {
  // Code of a page's own scripts, and of its examples, is no link.
  const text = readFileSync(page, 'utf8').replace(/<(script|style|pre)\b[^>]*>[\s\S]*?<\/\1>/g, '')
  for (const [, quoted] of text.matchAll(/\s(?:href|src)="([^"]*)"/g)) {
    const link = quoted.replaceAll('&amp;', '&')
    if (link === '' || /^([a-z][a-z0-9+.-]*:|\/\/)/i.test(link)) continue
    const [path, anchor] = link.split('#')
    const target = path === '' ? page : resolve(dirname(page), decodeURIComponent(path.split('?')[0]))
    if (!existsSync(target)) yield link
    else if (anchor && target.endsWith('.html') && statSync(target).isFile()) {
      if (!hasAnchor(target, decodeURIComponent(anchor))) yield link
    }
  }
}

let failed = false
if (!words.includes('--links')) {
  if (!run(process.execPath, ['node_modules/typedoc/bin/typedoc'])) process.exit(1)
  const made = renderNotebooks()
  if (made === undefined) console.error('site: notebooks are not rendered: apt install jupyter-nbconvert')
  else {
    failed = made.length === 0
    linkNotebooks(made)
    console.error(`site: ${made.length} notebooks are rendered`)
  }
}
let links = 0
for (const page of pages()) {
  for (const link of brokenLinks(page)) {
    console.error(`site: ${relative(site, page)} links to ${link}, which is not there`)
    links++
  }
}
console.error(`site: ${pages().length} pages, ${links} links that lead nowhere`)
process.exitCode = failed || links > 0 ? 1 : 0
