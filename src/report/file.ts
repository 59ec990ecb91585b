import { readFileSync } from 'node:fs'
import type { ContainerJson } from '../contract/containers.js'
import { CryoscopeError } from '../errors.js'
import { escapeJson } from '../text.js'
import type { ReportContents, ReportHead } from './document.js'
import type { ReportAllocator } from './parts/arenas.js'
import type { ReportMap } from './parts/maps.js'
import { schema, sectionNames } from './schema.js'

/** Sections that came after version 2.0: a report without them says nothing of their things. */
const later: ReadonlySet<string> = new Set(['containers'])

/** Node's own limit of a text. */
const longest = 512 * 2 ** 20

/** Reads a report from the JSON file that it was written to. Throws CryoscopeError for what is none. */
export function readReportFile(path: string): ReportContents {
  let text: Buffer
  try {
    text = readFileSync(path)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') throw new CryoscopeError('not-found', `there is no file ${path}`, { cause })
    throw new CryoscopeError('unreadable', `cannot read ${path}: ${message}`, { cause })
  }
  if (text.length > longest)
    throw new CryoscopeError('unreadable', `${path} has more than 512 MiB; name the guest or dump itself`)
  let parsed: unknown
  try {
    parsed = JSON.parse(text.toString())
  } catch (cause) {
    throw new CryoscopeError(
      'unreadable',
      `${path} is no report: it is not JSON (${(cause as Error).message})`,
      {
        cause,
      },
    )
  }
  return parseReport(parsed, path)
}

/** What JSON.parse made of a report. */
export function parseReport(parsed: unknown, path: string): ReportContents {
  if (!isObject(parsed) || !isObject(parsed.schema) || parsed.schema.name !== schema.name)
    throw new CryoscopeError(
      'unreadable',
      `${path} is JSON, but no report (cryoscope report TARGET --json writes one)`,
    )
  const { major } = parsed.schema
  if (major !== schema.major)
    throw new CryoscopeError(
      'unreadable',
      `${path} is a report of version ${String(major)}, this program reads ${schema.major}; write it anew`,
    )
  const missing = sectionNames.filter((name) => parsed[name] === undefined && !later.has(name))
  const broken = [
    'maps',
    'allocators',
    ...(parsed.containers === undefined ? [] : ['containers']),
    'tasks',
    'problems',
    'programs',
    'links',
    'log',
  ].filter((name) => !Array.isArray(parsed[name]))
  if (missing.length + broken.length > 0)
    throw new CryoscopeError(
      'unreadable',
      `${path} is a report without ${[...missing, ...broken].join(', ')}`,
    )
  const maps = parsed.maps as (ReportMap & { entries?: readonly unknown[] | null })[]
  const allocators = parsed.allocators as (ReportAllocator & { elements?: readonly unknown[] | null })[]
  const containers = (parsed.containers ?? []) as (ContainerJson & {
    entries?: readonly unknown[] | null
  })[]
  const head = {
    ...parsed,
    maps: maps.map(({ entries: _, ...map }) => map),
    allocators: allocators.map(({ elements: _, ...allocator }) => allocator),
    containers: containers.map(({ entries: _, ...container }) => container),
  } as unknown as ReportHead
  return {
    head,
    entryLines: (map) => linesOf(maps[map]?.entries),
    elementLines: (allocator) => linesOf(allocators[allocator]?.elements),
    containerLines: (container) => linesOf(containers[container]?.entries),
  }
}

function* linesOf(items: readonly unknown[] | null | undefined): Generator<string> {
  for (const item of items ?? []) yield escapeJson(JSON.stringify(item))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
