/** Where a Debian system gets its packages from, as its apt is told (sources.list(5)), whether apt itself is there or not. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** An archive that apt is told of. */
export interface AptSource {
  /** As it stands there: http, https, or `mirror+file:` with a list of mirrors. */
  readonly uri: string
  readonly suites: readonly string[]
  /** The file of the keys that sign it, where it is named. */
  readonly keyring?: string | undefined
}

/** The first source of Debian's own packages that can be fetched from; undefined on other distributions. `root` is for tests. */
export function debianSource(root = '/'): { uri: string; keyring: string | undefined } | undefined {
  const release = fields(text(join(root, 'etc/os-release')).replace(/^(\w+)=/gm, '$1: '))
  if (unquoted(release.id) !== 'debian') return undefined
  const ours = new Set([
    'stable',
    'oldstable',
    'testing',
    'unstable',
    'sid',
    unquoted(release.version_codename),
  ])
  for (const { uri, suites, keyring } of sources(join(root, 'etc/apt'))) {
    if (!suites.some((suite) => ours.has(suite))) continue
    const found = fetchable(uri, root)
    if (found !== undefined) return { uri: found.replace(/\/+$/, ''), keyring }
  }
  return undefined
}

function* sources(directory: string): Generator<AptSource> {
  const parts = names(join(directory, 'sources.list.d')).map((name) =>
    join(directory, 'sources.list.d', name),
  )
  for (const path of [join(directory, 'sources.list'), ...parts]) {
    if (path.endsWith('.sources')) yield* paragraphs(text(path))
    else if (path.endsWith('.list')) yield* lines(text(path))
  }
}

/** `deb [signed-by=FILE] URI SUITE COMPONENT...` */
function* lines(list: string): Generator<AptSource> {
  for (const line of list.split('\n')) {
    const [, options = '', uri, suite, components = ''] =
      /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line) ?? []
    if (uri === undefined || suite === undefined || !words(components).includes('main')) continue
    yield { uri, suites: [suite], keyring: /(?:^|\s)signed-by=(\/[^\s,]+)/.exec(options)?.[1] }
  }
}

/** The same as paragraphs of fields (deb822(5)). */
function* paragraphs(list: string): Generator<AptSource> {
  for (const paragraph of list.replace(/^#.*\n?/gm, '').split(/\n\s*\n/)) {
    const found = fields(paragraph)
    const isOff = ['no', 'false', '0'].includes(found.enabled ?? 'yes')
    if (isOff || !words(found.types).includes('deb') || !words(found.components).includes('main')) continue
    const keyring = words(found['signed-by']).find((word) => word.startsWith('/'))
    for (const uri of words(found.uris)) yield { uri, suites: words(found.suites), keyring }
  }
}

/** What a source leads to over HTTP: itself, or the first mirror of the list that it names (apt-transport-mirror(1)). */
function fetchable(uri: string, root: string): string | undefined {
  if (/^https?:\/\//.test(uri)) return uri
  const [, list] = /^mirror\+file:(\/.*)$/.exec(uri) ?? []
  if (list === undefined) return undefined
  return text(join(root, list))
    .split('\n')
    .map((line) => line.trim().split(/\s+/)[0] ?? '')
    .find((mirror) => /^https?:\/\//.test(mirror))
}

/** Fields by their names in small letters; a value goes on in lines that begin with a blank. */
function fields(paragraph: string): Record<string, string | undefined> {
  const found: Record<string, string | undefined> = Object.create(null)
  for (const [, name = '', value] of paragraph.matchAll(/^([\w-]+):[ \t]*(.*(?:\n[ \t]+.*)*)$/gm)) {
    found[name.toLowerCase()] = value?.trim()
  }
  return found
}

function words(value = ''): string[] {
  return value.split(/\s+/).filter((word) => word !== '')
}

function unquoted(value = ''): string {
  return value.replace(/^(["'])(.*)\1$/, '$2')
}

function text(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function names(directory: string): string[] {
  try {
    return readdirSync(directory).sort()
  } catch {
    return []
  }
}
